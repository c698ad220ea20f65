"""Whatever is taken away from a fabric behind its back is found, made anew, and packets pass again."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from realvpc.fabric import kernel, namespace
from realvpc.fabric.audit import Finding, Part
from realvpc.fabric.bpf.layout import LINK_KEY
from realvpc.fabric.fabric import Fabric
from realvpc.fabric.link import fabric_name
from realvpc.fabric.loader import Object

from .hosts import bring_up, inside, link_spec, number, ping
from .test_fabric import A_ADDRESS, B_ADDRESS, A, B, either_way, walkthrough

pytestmark = pytest.mark.root

LINK = fabric_name(number("eni", 2))  # of B, in the fabric's namespace
ROUNDS = 4
Sabotage = Callable[[Fabric], object]


def run(fabric: Fabric, name: str, command: str) -> None:
    subprocess.run(inside(fabric, name, *command.split()), check=True)


def ip(name: str, command: str) -> Sabotage:
    return lambda fabric: run(fabric, name, f"ip {command}")


def look(fabric: Fabric, processes: Mapping[str, int] | None = None) -> list[Finding]:
    return [*fabric.look(fabric.expected(), processes or {}, served=False), *fabric.look_at_tables()]


def audited(fabric: Fabric, processes: Mapping[str, int] | None = None) -> set[tuple[Part, str]]:
    """Mend until nothing is found any more; returns what was found, as part and subject."""
    found: list[Finding] = []
    for _ in range(ROUNDS):
        findings = look(fabric, processes)
        if not findings:
            return {(each.part, each.subject) for each in found}
        found += findings
        for finding in findings:
            fabric.mend(finding, (processes or {}).get(finding.subject))
    raise AssertionError(findings)


def unmount(name: str) -> Sabotage:
    return lambda fabric: kernel.unmount(fabric.namespace(name))


def replace_namespace(name: str) -> Sabotage:
    def sabotage(fabric: Fabric) -> None:
        path = fabric.namespace(name)
        kernel.unmount(path)
        path.unlink()
        namespace.create(path)

    return sabotage


def write_setting(fabric: Fabric) -> None:
    namespace.run_in(fabric.namespace("internet"), lambda: Path("/proc/sys/net/ipv4/ip_forward").write_text("1"))


def forget_link(fabric: Fabric) -> None:
    """Take an entry out of a map, as `bpftool map delete` does."""
    ifindex = next(link.ifindex for link in fabric.expected().links if link.name == LINK)
    with Object(maps_of(fabric)) as other:
        other.maps["links"].delete([LINK_KEY.pack(ifindex)])


def maps_of(fabric: Fabric) -> Path:
    (maps,) = bpffs_of(fabric).glob("maps-*")
    return maps


def bpffs_of(fabric: Fabric) -> Path:
    return fabric.namespace("x").parent.parent / "bpf"


SABOTAGES: dict[str, tuple[Sabotage, tuple[Part, str]]] = {
    "a pair is deleted outside": (ip("fabric", f"link delete {LINK}"), (Part.LINK, B)),
    "a pair is deleted inside": (ip(B, "link delete eth0"), (Part.LINK, B)),
    "an end is moved elsewhere": (ip(B, "link set eth0 netns 1 name realvpc-lost"), (Part.LINK, B)),
    "down outside": (ip("fabric", f"link set {LINK} down"), (Part.DEVICE, B)),
    "down inside": (ip(B, "link set eth0 down"), (Part.DEVICE, B)),
    "another MAC address": (ip(B, "link set eth0 address 02:00:00:00:00:99"), (Part.DEVICE, B)),
    "another MTU outside": (ip("fabric", f"link set {LINK} mtu 700"), (Part.DEVICE, B)),
    "another MTU inside": (ip(B, "link set eth0 mtu 700"), (Part.DEVICE, B)),
    "a link without its name": (lambda fabric: _forget_alias(fabric), (Part.DEVICE, B)),
    "the fabric's namespace is unmounted": (unmount("fabric"), (Part.NAMESPACE, "fabric")),
    "the fabric's namespace is another": (replace_namespace("fabric"), (Part.NAMESPACE, "fabric")),
    "a guest's namespace is unmounted": (unmount(B), (Part.NAMESPACE, B)),
    "an edge's namespace is unmounted": (unmount("internet"), (Part.NAMESPACE, "internet")),
    "an edge's namespace is another": (replace_namespace("services"), (Part.NAMESPACE, "services")),
    "an edge without its link": (ip("internet", "link delete eth0"), (Part.EDGE, "internet")),
    "an edge is down": (ip("services", "link set eth0 down"), (Part.EDGE, "services")),
    "an edge is down outside": (ip("fabric", "link set internet down"), (Part.EDGE, "internet")),
    "an edge without addresses": (ip("internet", "address flush dev lo"), (Part.EDGE, "internet")),
    "an edge without its route": (ip("internet", "route flush table main"), (Part.EDGE, "internet")),
    "an edge with another MTU": (ip("internet", "link set eth0 mtu 900"), (Part.EDGE, "internet")),
    "an edge that forwards": (write_setting, (Part.EDGE, "internet")),
    "an entry is taken out of a map": (forget_link, (Part.TABLE, "tables")),
    "the pin of a map": (lambda fabric: (maps_of(fabric) / "routes").unlink(), (Part.MAP, "pins")),
    "the pins of all maps": (lambda fabric: shutil.rmtree(maps_of(fabric)), (Part.MAP, "pins")),
}


def _forget_alias(fabric: Fabric) -> None:
    subprocess.run([*inside(fabric, "fabric", "ip"), "link", "set", LINK, "alias", ""], check=True)


@pytest.mark.parametrize("what", SABOTAGES)
def test_what_is_taken_away_is_made_anew(fabric: Fabric, what: str) -> None:
    sabotage, finding = SABOTAGES[what]
    bring_up(fabric, walkthrough())
    assert not look(fabric), "nothing is found where nothing is wrong"
    sabotage(fabric)
    try:
        assert finding in audited(fabric)
    finally:
        subprocess.run(["ip", "link", "delete", "realvpc-lost"], check=False, capture_output=True)
    assert_packets_pass(fabric)


def test_what_was_made_anew_is_looked_after_as_before(fabric: Fabric) -> None:
    bring_up(fabric, walkthrough())
    for _ in range(2):
        run(fabric, "fabric", f"ip link delete {LINK}")
        assert audited(fabric) == {(Part.LINK, B)}
        run(fabric, B, "ip link set eth0 down")
        assert audited(fabric) == {(Part.DEVICE, B)}
    assert_packets_pass(fabric)


def test_what_cannot_be_made_anew_is_missed_until_it_can(fabric: Fabric, monkeypatch: pytest.MonkeyPatch) -> None:
    bring_up(fabric, walkthrough())
    run(fabric, "fabric", f"ip link delete {LINK}")
    with monkeypatch.context() as patch:
        patch.setattr("realvpc.fabric.fabric.make_link", refuse)
        (finding,) = look(fabric)
        with pytest.raises(OSError, match="made to fail"):
            fabric.mend(finding)
        assert Part.LINK in [each.part for each in look(fabric)]
    assert (Part.LINK, B) in audited(fabric)
    assert_packets_pass(fabric)


def refuse(*arguments: object) -> None:
    raise OSError("made to fail")


def assert_packets_pass(fabric: Fabric) -> None:
    assert ping(fabric, A, B_ADDRESS).received == 3
    assert ping(fabric, B, A_ADDRESS).received == 3
    assert ping(fabric, A, "198.19.0.1").received == 3


def drop_pin(fabric: Fabric) -> None:
    (bpffs_of(fabric) / "links" / LINK).unlink()


def detach(fabric: Fabric) -> None:
    """As `bpftool link detach` or `tc qdisc del` do."""
    run(fabric, "fabric", f"tc qdisc del dev {LINK} clsact")


@either_way
def test_a_device_without_its_program_gets_it_back(fabric: Fabric, request: pytest.FixtureRequest) -> None:
    bring_up(fabric, walkthrough())
    assert not look(fabric)
    (drop_pin if (bpffs_of(fabric) / "links" / LINK).exists() else detach)(fabric)
    assert ping(fabric, B, A_ADDRESS).received == 0
    run(fabric, B, "ip neighbour flush dev eth0")
    assert audited(fabric) == {(Part.PROGRAM, B)}
    assert_packets_pass(fabric)


@either_way
def test_a_fabric_whose_bpffs_is_unmounted_pins_everything_anew(fabric: Fabric) -> None:
    bring_up(fabric, walkthrough())
    kernel.unmount(bpffs_of(fabric))
    assert (Part.PINS, "pins") in audited(fabric)
    assert_packets_pass(fabric)
    fabric.close()
    adopting = Fabric(bpffs_of(fabric).parent)
    adopting.open()
    bring_up(adopting, walkthrough())
    assert not look(adopting)
    assert_packets_pass(adopting)
    adopting.close()


@pytest.mark.parametrize("sabotage", [unmount(B), replace_namespace(B)], ids=["unmounted", "replaced"])
def test_the_namespace_of_a_machine_that_runs_is_held_again(fabric: Fabric, sabotage: Sabotage) -> None:
    """By the process: what the machine is in stays what it is in, connections and all."""
    bring_up(fabric, walkthrough())
    with subprocess.Popen(inside(fabric, B, "sleep", "1000")) as process:
        try:
            path = fabric.namespace(B)
            before = namespace.inode(path)
            while Path(f"/proc/{process.pid}/ns/net").stat().st_ino != before:
                pass
            sabotage(fabric)
            assert audited(fabric, {B: process.pid}) == {(Part.NAMESPACE, B)}
            assert namespace.inode(path) == before
            assert_packets_pass(fabric)
        finally:
            process.kill()


def test_a_new_process_finds_the_namespace_of_a_machine_by_its_process(fabric: Fabric) -> None:
    network = walkthrough()
    bring_up(fabric, network)
    with subprocess.Popen(inside(fabric, B, "sleep", "1000")) as process:
        try:
            before = namespace.inode(fabric.namespace(B))
            while Path(f"/proc/{process.pid}/ns/net").stat().st_ino != before:
                pass
            fabric.close()
            kernel.unmount(fabric.namespace(B))
            fabric.open()
            fabric.ensure_machine(B, (link_spec(network, network.interfaces[number("eni", 2)]),), process.pid)
            bring_up(fabric, network)
            assert namespace.inode(fabric.namespace(B)) == before
            assert_packets_pass(fabric)
        finally:
            process.kill()


@pytest.mark.parametrize("name", ["fabric", "internet", "services"])
def test_a_new_process_makes_a_namespace_anew_that_nobody_can_find_any_more(fabric: Fabric, name: str) -> None:
    bring_up(fabric, walkthrough())
    with subprocess.Popen(
        inside(fabric, name, "sleep", "1000")
    ) as process:  # as the API's sockets do, it keeps it alive
        try:
            while Path(f"/proc/{process.pid}/ns/net").stat().st_ino != namespace.inode(fabric.namespace(name)):
                pass
            fabric.close()
            kernel.unmount(fabric.namespace(name))
            fabric.open()
            bring_up(fabric, walkthrough())
            audited(fabric)
            assert_packets_pass(fabric)
        finally:
            process.kill()


def test_nobody_but_root_can_put_anything_where_maps_are_pinned(fabric: Fabric) -> None:
    bpffs = bpffs_of(fabric)
    assert bpffs.stat().st_mode & 0o777 == 0o700
    assert fabric.namespace("x").parent.stat().st_mode & 0o777 == 0o700


def test_what_somebody_planted_among_the_maps_leads_nowhere(fabric: Fabric, tmp_path: Path) -> None:
    """In a bpffs that an earlier version mounted, for everybody to write."""
    victim = tmp_path / "victim"
    victim.mkdir()
    bpffs = bpffs_of(fabric)
    bpffs.chmod(0o1777)
    (bpffs / "maps-evil").symlink_to(victim)
    stranger = bpffs / "maps-stranger"
    stranger.mkdir()
    os.chown(stranger, 65534, 65534)
    bring_up(fabric, walkthrough())
    assert_packets_pass(fabric)
    assert not (bpffs / "maps-evil").is_symlink()
    assert victim.is_dir()
    fabric.close()
    links = bpffs / "links"
    shutil.rmtree(links)
    links.symlink_to(victim)
    fabric.open()
    assert bpffs.stat().st_mode & 0o777 == 0o700
    assert not list(victim.iterdir())
    bring_up(fabric, walkthrough())
    assert_packets_pass(fabric)
