"""The OCI configuration of a machine."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from realvpc.instance.bundle import oci_config
from realvpc.instance.mount_tree import MountTree
from tests.instance.specs import machine

BUNDLE = Path("/run/realvpc/x/machines/i")
TREE = MountTree(root=BUNDLE / "rootfs", usr=BUNDLE / "usr", local=BUNDLE / "local")


def config(
    cgroup: str | None = "realvpc/x/i",
    user_namespace: Path | None = Path("/proc/1/fd/8"),
    covers_swap: bool = False,
    **changes: Any,
) -> dict[str, Any]:
    network_namespace = Path("/proc/1/fd/9")
    return oci_config(
        machine(**changes),
        tree=TREE,
        network_namespace=network_namespace,
        user_namespace=user_namespace,
        cgroup=cgroup,
        covers_swap=covers_swap,
    )


def namespaces_of(made: dict[str, Any]) -> dict[str, str | None]:
    return {entry["type"]: entry.get("path") for entry in made["linux"]["namespaces"]}


def test_a_machine_has_its_own_name_and_namespaces() -> None:
    made = config()
    assert made["hostname"] == "ip-10-20-0-207"
    own = {"pid": None, "ipc": None, "uts": None, "mount": None, "cgroup": None}
    assert namespaces_of(made) == {**own, "network": "/proc/1/fd/9", "user": "/proc/1/fd/8"}


def test_where_the_host_has_none_it_goes_without_a_user_namespace_but_not_with_more_rights() -> None:
    with_it, without = config(), config(user_namespace=None)
    assert "user" not in namespaces_of(without)
    own, host_s = (set(made["process"].pop("capabilities")["effective"]) for made in (with_it, without))
    assert own - host_s == {"CAP_NET_ADMIN"}, "over what the user namespace owns"
    assert without["process"] == with_it["process"]
    assert "/proc/sys" in without["linux"]["readonlyPaths"]
    assert without["mounts"] == with_it["mounts"]


def test_every_boot_is_told_the_dhcp_options() -> None:
    told = config(name_servers=("10.0.0.53", "10.0.1.53"), search=("corp.example",))["process"]["env"]
    assert "RESOLV_CONF=search corp.example\nnameserver 10.0.0.53\nnameserver 10.0.1.53\n" in told
    assert "RESOLV_CONF=" in config(name_servers=(), search=())["process"]["env"]


def test_its_packets_start_with_the_ttl_of_amazon_linux() -> None:
    assert config()["linux"]["sysctl"]["net.ipv4.ip_default_ttl"] == "127"


def test_the_only_thing_of_the_host_in_it_is_usr_and_that_is_read_only() -> None:
    binds = [mount for mount in config()["mounts"] if mount["type"] == "bind"]
    assert [(mount["destination"], mount["source"], "ro" in mount["options"]) for mount in binds] == [
        ("/usr", str(TREE.usr), True),
        ("/usr/local", str(TREE.local), False),
    ]


def test_no_mount_starts_from_where_the_machine_can_write() -> None:
    """A link that the machine made there would lead the mount to the host's files."""
    for mount in config()["mounts"]:
        assert not mount["source"].startswith(str(TREE.root))
        assert not any(str(TREE.root) in option for option in mount["options"])


def test_what_it_writes_to_memory_cannot_be_all_of_it() -> None:
    sizes = {mount["destination"]: mount["options"] for mount in config(memory_bytes=1 << 30)["mounts"]}
    assert f"size={1 << 29}" in sizes["/dev/shm"]
    assert f"size={(1 << 30) // 5}" in sizes["/run"]


@pytest.mark.parametrize(
    "capability",
    ["SYS_ADMIN", "SYS_MODULE", "SYS_RAWIO", "SYS_PTRACE", "DAC_READ_SEARCH", "MKNOD", "BPF", "SYS_BOOT"],
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


def test_an_instance_has_no_swap() -> None:
    assert config(memory_bytes=1 << 30, covers_swap=True)["linux"]["resources"]["memory"] == {
        "limit": 1 << 30,
        "swap": 1 << 30,  # of both together
    }


def test_without_control_groups_none_are_asked_for() -> None:
    linux = config(cgroup=None)["linux"]
    assert "resources" not in linux
    assert "cgroupsPath" not in linux
