"""The step that each machine needs next."""

from __future__ import annotations

import asyncio

import pytest

from realvpc.instance.machines import Down, Up
from realvpc.net.machine import MachineSpec, Wanted
from realvpc.node.decide import Action, decide, report
from realvpc.node.messages import MachineDown, MachineRemoved, MachineReport, MachineUp
from tests.instance.specs import machine

BOOT1, BOOT2 = machine(boot=1), machine(boot=2)
STOPPED, TERMINATED = machine(wanted=Wanted.STOPPED), machine(wanted=Wanted.TERMINATED)
UP = Up(1, 42, 9, asyncio.Event())
DOWN = Down(1)
ID = BOOT1.id


@pytest.mark.parametrize(
    ("spec", "state", "linked", "disk", "expected"),
    [
        (BOOT1, None, False, False, Action.START),
        (BOOT1, None, True, True, Action.START),
        (BOOT1, UP, True, True, Action.REST),
        (BOOT1, DOWN, True, True, Action.REST),  # it was shut down from inside
        (BOOT2, DOWN, True, True, Action.STOP),  # before it starts
        (BOOT2, UP, True, True, Action.STOP),  # as the first half of a reboot
        (STOPPED, UP, True, True, Action.STOP),
        (STOPPED, DOWN, True, True, Action.STOP),
        (STOPPED, None, True, True, Action.STOP),  # its links are left
        (STOPPED, None, False, True, Action.REST),
        (TERMINATED, UP, True, True, Action.REMOVE),
        (TERMINATED, None, False, True, Action.REMOVE),
        (TERMINATED, None, False, False, Action.REST),
        (None, UP, True, True, Action.KEEP),  # nobody has asked for its end
        (None, None, True, False, Action.KEEP),
        (None, None, False, True, Action.KEEP),
        (None, None, False, False, Action.REST),
    ],
)
def test_step(spec: MachineSpec | None, state: Up | Down | None, linked: bool, disk: bool, expected: Action) -> None:
    assert decide(spec, state, linked=linked, disk=disk) is expected


@pytest.mark.parametrize(
    ("state", "disk", "expected"),
    [(None, False, Action.BRING_BACK), (None, True, Action.REST), (DOWN, False, Action.STOP)],
)
def test_one_that_is_stopped_gets_its_disk_back(state: Down | None, expected: Action, *, disk: bool) -> None:
    assert decide(STOPPED, state, linked=False, disk=disk, kept=True) is expected


@pytest.mark.parametrize("state", [UP, DOWN, None])
def test_one_that_has_ended_leaves_nothing(state: Up | Down | None) -> None:
    assert decide(None, state, linked=True, disk=True, ended=True) is Action.REMOVE
    assert decide(None, None, linked=False, disk=False, ended=True) is Action.REST


@pytest.mark.parametrize(
    ("spec", "ended", "expected"),
    [(None, False, Action.REST), (None, True, Action.REMOVE), (TERMINATED, False, Action.REMOVE)],
)
def test_a_disk_that_was_kept_aside_is_for_its_end_alone(
    spec: MachineSpec | None, expected: Action, *, ended: bool
) -> None:
    assert decide(spec, None, linked=False, disk=False, kept=True, ended=ended) is expected


@pytest.mark.parametrize(
    ("spec", "state", "action", "expected"),
    [
        (BOOT1, UP, Action.REST, MachineUp(ID, 1, 42)),
        (BOOT1, DOWN, Action.REST, MachineDown(ID, 1)),
        (STOPPED, None, Action.REST, MachineDown(ID, 1)),
        (TERMINATED, None, Action.REST, MachineRemoved(ID)),
        (STOPPED, UP, Action.STOP, None),
        (BOOT2, DOWN, Action.START, None),
    ],
)
def test_report(
    spec: MachineSpec, state: Up | Down | None, action: Action, expected: MachineReport | MachineRemoved | None
) -> None:
    assert report(spec, state, action) == expected
