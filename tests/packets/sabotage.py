"""What somebody may do to a fabric behind its back, and the audit that mends it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

from realvpc.fabric import kernel, namespace
from realvpc.fabric.fabric import Fabric
from realvpc.fabric.finding import Finding, Part
from realvpc.fabric.link import fabric_name

from .hosts import inside, number, ping
from .test_fabric import A_ADDRESS, B_ADDRESS, A, B

LINK = fabric_name(number("eni", 2))  # of B, in the fabric's namespace
AT_B = Part.DEVICE, B
ROUNDS = 4
Sabotage = Callable[[Fabric], object]


def run(fabric: Fabric, name: str, command: str) -> None:
    subprocess.run(inside(fabric, name, *command.split()), check=True)


def ip(name: str, command: str) -> Sabotage:
    return lambda fabric: run(fabric, name, f"ip {command}")


def in_turn(name: str, *commands: str) -> Sabotage:
    def sabotage(fabric: Fabric) -> None:
        for command in commands:
            run(fabric, name, f"ip {command}")

    return sabotage


def look(fabric: Fabric, processes: Mapping[str, int] | None = None) -> list[Finding]:
    expected = fabric.expected()
    tables = [finding for name in expected.tables for finding in fabric.look_at_table(name)]
    return [*fabric.look(expected, processes or {}, served=False), *tables]


def audited(fabric: Fabric, processes: Mapping[str, int] | None = None) -> set[tuple[Part, str]]:
    """Mend until nothing is found any more; returns what was found, as part and subject."""
    found: list[Finding] = []
    fabric.next_turn()
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


def maps_of(fabric: Fabric) -> Path:
    (maps,) = bpffs_of(fabric).glob("maps-*")
    return maps


def bpffs_of(fabric: Fabric) -> Path:
    return fabric.namespace("x").parent.parent / "bpf"


def assert_packets_pass(fabric: Fabric) -> None:
    assert ping(fabric, A, B_ADDRESS).received == 3
    assert ping(fabric, B, A_ADDRESS).received == 3
    assert ping(fabric, A, "198.19.0.1").received == 3
