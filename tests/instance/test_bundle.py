"""The OCI configuration of a machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from realvpc.instance.bundle import oci_config
from realvpc.instance.storage import Overlay
from tests.instance.specs import machine

ROOT = Path("/run/realvpc/x/machines/i/rootfs")
LOCAL = Overlay(Path("/state/image/usr/local"), Path("/state/disk/local"), Path("/state/disk/work"))


def config(cgroup: str | None = "realvpc/x/i", **changes: Any) -> dict[str, Any]:
    return oci_config(machine(**changes), root=ROOT, local=LOCAL, network_namespace=Path("/proc/1/fd/9"), cgroup=cgroup)


def test_a_machine_has_its_own_name_and_namespaces() -> None:
    made = config()
    assert made["hostname"] == "ip-10-20-0-207"
    namespaces = {entry["type"]: entry.get("path") for entry in made["linux"]["namespaces"]}
    assert namespaces == {"pid": None, "ipc": None, "uts": None, "mount": None, "network": "/proc/1/fd/9"}


def test_every_boot_is_told_the_dhcp_options() -> None:
    told = config(name_servers=("10.0.0.53", "10.0.1.53"), search=("corp.example",))["process"]["env"]
    assert "RESOLV_CONF=search corp.example\nnameserver 10.0.0.53\nnameserver 10.0.1.53\n" in told
    assert "RESOLV_CONF=" in config(name_servers=(), search=())["process"]["env"]


def test_its_packets_start_with_the_ttl_of_amazon_linux() -> None:
    assert config()["linux"]["sysctl"]["net.ipv4.ip_default_ttl"] == "127"


def test_the_only_thing_of_the_host_in_it_is_usr_and_that_is_read_only() -> None:
    mounts = config()["mounts"]
    from_host = [mount for mount in mounts if mount["type"] == "bind"]
    assert [(mount["destination"], "ro" in mount["options"]) for mount in from_host] == [("/usr", True)]


def test_no_mount_starts_from_where_the_machine_can_write() -> None:
    """A link that the machine made there would lead the mount to the host's files."""
    for mount in config()["mounts"]:
        assert not mount["source"].startswith(str(ROOT))
        assert not any(str(ROOT) in option for option in mount["options"])


@pytest.mark.parametrize(
    "capability",
    ["SYS_ADMIN", "SYS_MODULE", "SYS_RAWIO", "SYS_PTRACE", "DAC_READ_SEARCH", "MKNOD", "BPF", "SYS_BOOT", "NET_ADMIN"],
)
def test_it_cannot_reach_the_host(capability: str) -> None:
    for granted in config()["process"]["capabilities"].values():
        assert f"CAP_{capability}" not in granted


def test_ping_and_tcpdump_work_for_root() -> None:
    assert "CAP_NET_RAW" in config()["process"]["capabilities"]["effective"]


def test_limits_follow_the_instance_type() -> None:
    resources = config(vcpus=0.5, memory_bytes=1 << 30, pids=100)["linux"]["resources"]
    assert resources["memory"] == {"limit": 1 << 30}
    assert resources["cpu"]["quota"] * 2 == resources["cpu"]["period"]
    assert resources["pids"] == {"limit": 100}


def test_without_control_groups_none_are_asked_for() -> None:
    linux = config(cgroup=None)["linux"]
    assert "resources" not in linux
    assert "cgroupsPath" not in linux
