"""Root's files are root's inside, whatever number root has on the host; and what happens where that cannot be."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from realvpc.fabric import id_range
from realvpc.instance import mounts, volume
from realvpc.instance.feature import ProbeError
from realvpc.net.machine import Wanted
from realvpc.node.isolation import Isolation, probe
from realvpc.node.messages import MachineFailed
from tests import surroundings
from tests.instance.small_disk import tmpfs
from tests.instance.specs import machine
from tests.node.conftest import NodeProcess

pytestmark = pytest.mark.root


def first_id(node: NodeProcess) -> int:
    return int(Path(f"/proc/{node.pid(machine())}/uid_map").read_text().split()[1])


def test_files_keep_their_owners_when_the_machine_has_other_ids(node: NodeProcess, tmp_path: Path) -> None:
    spec = machine()
    node.want(spec)
    node.sh(spec, "touch /etc/roots && chown root:42 /etc/roots && mkdir /srv/theirs && chown 1001:1001 /srv/theirs")
    node.sh(spec, "echo kept > /srv/theirs/file && rm /etc/shells")
    node.sh(spec, "chmod 666 /srv/theirs/file")
    before = first_id(node)
    node.want(machine(wanted=Wanted.STOPPED))
    taken = id_range.REGISTRY / str((before - id_range.RANGES[0].first) // id_range.RANGES[0].count)
    taken.symlink_to("/")  # somebody else has come in between
    try:
        node.want(machine(boot=2))
        assert first_id(node) != before
        assert node.sh(spec, "stat -c '%u %g' /etc/roots /srv/theirs").splitlines() == ["0 42", "1001 1001"]
        assert node.run(spec, "test", "-e", "/etc/shells")[0] == 1
        assert node.sh(spec, "cat /srv/theirs/file; echo more >> /srv/theirs/file", user="ssm-user") == "kept"
        node.want(machine(boot=2, wanted=Wanted.STOPPED))
        with ThreadPoolExecutor(1, "volume", mounts.private_mount_namespace) as thread:
            disk = node.state_dir / "disks" / spec.id / "volume"
            assert thread.submit(_owners, disk, tmp_path, "etc/roots", "srv/theirs/file").result() == [0, 0]
    finally:
        taken.unlink()


def _owners(disk: Path, target: Path, *files: str) -> list[int]:
    """As they are on the volume."""
    with volume.mounted(disk, target):
        return [(target / "upper" / name).stat().st_uid for name in files]


def test_programs_that_become_root_do(node: NodeProcess) -> None:
    spec = machine()
    node.want(spec)
    assert node.sh(spec, "stat -c '%u %g %a' /usr/bin/passwd") == "0 0 4755"
    assert node.sh(spec, "passwd -S", user="ssm-user").startswith("ssm-user L"), "it read /etc/shadow"
    node.sh(spec, "cp /usr/bin/id /usr/local/bin/ && chmod 4755 /usr/local/bin/id")
    assert node.sh(spec, "/usr/local/bin/id -u", user="ssm-user") == "0"


def test_ping_needs_no_right_but_to_be_in_a_group(node: NodeProcess) -> None:
    spec = machine()
    node.want(spec)
    script = "import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM, socket.IPPROTO_ICMP)"
    for user in ("root", "ssm-user"):
        assert node.run(spec, "/usr/bin/python3", "-c", script, user=user) == (0, "")


def test_its_ids_are_free_again_when_it_is_gone(node: NodeProcess) -> None:
    node.want(machine())
    path = node.run_dir / "ns" / machine().id
    assert [entry.readlink() for entry in surroundings.ids(node.run_dir)] == [path]
    node.want(machine(wanted=Wanted.TERMINATED))
    assert not list(surroundings.ids(node.run_dir))


def test_without_user_namespaces_it_runs_with_the_same_few_rights(node: NodeProcess) -> None:
    spec = machine()
    without_user_namespaces(node)
    node.want(spec)
    assert first_id(node) == 0
    assert node.sh(spec, "id -u; echo kept > /etc/new; stat -c %u /etc/new /usr/bin/env").split() == ["0"] * 3
    assert node.run(spec, "mount", "-t", "tmpfs", "x", "/mnt")[0] != 0
    for change in ("link set eth0 down", "link delete eth0", "link add x type bridge", "address flush dev eth0"):
        assert node.run(spec, "ip", *change.split())[0] != 0, "rtnetlink names the fabric's namespace by a number"
    node.want(machine(wanted=Wanted.STOPPED))
    (node.run_dir / "faults" / "user_namespaces").unlink()
    node.want(machine(boot=2))
    assert first_id(node) != 0
    assert node.sh(spec, "cat /etc/new; stat -c %u /etc/new").split() == ["kept", "0"], "the disk is the same"


def test_one_that_ran_in_a_user_namespace_is_never_started_without(node: NodeProcess) -> None:
    node.want(machine())
    node.want(machine(wanted=Wanted.STOPPED))
    without_user_namespaces(node)
    events = node.want(machine(boot=2), until=lambda events: any(isinstance(each, MachineFailed) for each in events))
    (failed,) = (each for each in events if isinstance(each, MachineFailed))
    assert "it ran in a user namespace before" in failed.reason
    node.want(machine(boot=2, wanted=Wanted.STOPPED))
    (node.run_dir / "faults" / "user_namespaces").unlink()
    node.want(machine(boot=3))
    assert first_id(node) != 0


def without_user_namespaces(node: NodeProcess) -> None:
    (node.run_dir / "faults").mkdir(exist_ok=True)
    (node.run_dir / "faults" / "user_namespaces").touch()


def test_a_host_without_room_is_not_taken_for_one_without_user_namespaces(tmp_path: Path) -> None:
    with tmpfs(tmp_path, "nr_inodes=3"), pytest.raises(ProbeError, match="No space left on device"):
        probe(tmp_path)


def test_the_host_is_asked_by_trying(tmp_path: Path) -> None:
    assert probe(tmp_path) == Isolation()
    assert list(tmp_path.iterdir()) == []


def test_a_file_system_that_cannot_map_ids_is_named(tmp_path: Path) -> None:
    with overlay(tmp_path) as mounted:
        found = probe(mounted)
        assert not found.has_user_namespaces
        assert str(mounted) in str(found)
        assert list(mounted.iterdir()) == []
    assert list((tmp_path / "upper").iterdir()) == []


@contextmanager
def overlay(base: Path) -> Iterator[Path]:
    """As the file system of a container is."""
    for name in ("lower", "upper", "work", "mounted"):
        (base / name).mkdir()
    options = f"lowerdir={base}/lower,upperdir={base}/upper,workdir={base}/work"
    subprocess.run(["mount", "-t", "overlay", "overlay", "-o", options, str(base / "mounted")], check=True)
    try:
        yield base / "mounted"
    finally:
        subprocess.run(["umount", str(base / "mounted")], check=True)
