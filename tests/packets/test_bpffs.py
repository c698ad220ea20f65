"""Programs and maps stay where they are pinned, or are pinned anew; nothing of others' is taken for them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from realvpc.fabric import kernel
from realvpc.fabric.fabric import Fabric
from realvpc.fabric.finding import Part
from realvpc.fabric.plan import Plan

from .hosts import bring_up, ping_in_vain
from .sabotage import LINK, assert_packets_pass, audited, bpffs_of, look, run
from .test_fabric import A_ADDRESS, B_ADDRESS, A, B, either_way, walkthrough

pytestmark = pytest.mark.root


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
    assert ping_in_vain(fabric, B, A_ADDRESS).received == 0
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


@pytest.fixture
def copier(fabric: Fabric) -> Iterator[None]:
    """A process that has mounts of its own, copied from ours, as containers and ``unshare --mount`` have: what is
    unmounted here goes on being mounted there."""
    with subprocess.Popen(
        ["unshare", "--mount", "sh", "-c", "echo; exec sleep 1000"], stdout=subprocess.PIPE
    ) as process:
        assert process.stdout
        process.stdout.readline()
        yield
        process.kill()


@either_way
@pytest.mark.usefixtures("copier")
def test_a_copy_of_the_mount_stands_in_nobodys_way(fabric: Fabric) -> None:
    bring_up(fabric, walkthrough())
    kernel.unmount(bpffs_of(fabric))
    assert (Part.PINS, "pins") in audited(fabric)
    assert_packets_pass(fabric)


@either_way
@pytest.mark.usefixtures("copier")
def test_programs_that_a_copy_of_the_mount_holds_decide_nothing_any_more(fabric: Fabric) -> None:
    """They know only the tables of then."""
    bring_up(fabric, walkthrough())
    fabric.close()
    kernel.unmount(bpffs_of(fabric))
    fabric.open()
    bring_up(fabric, walkthrough())
    assert_packets_pass(fabric)
    fabric.apply(Plan())
    assert ping_in_vain(fabric, A, B_ADDRESS).received == 0


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
