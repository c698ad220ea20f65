"""What to do about one machine: pure, from what is wanted and what is."""

from __future__ import annotations

from enum import Enum, auto

from ..instance.machines import Down, Up
from ..net.machine import Wanted, Workload
from .messages import MachineDown, MachineRemoved, MachineReport, MachineUp


class Action(Enum):
    """The next step towards what is wanted."""

    REST = auto()
    START = auto()
    STOP = auto()
    KEEP = auto()  # stop, and put the disk aside
    BRING_BACK = auto()  # the disk that was put aside
    REMOVE = auto()


def decide(
    spec: Workload | None,
    state: Up | Down | None,
    *,
    linked: bool,
    disk: bool,
    kept: bool = False,
    ended: bool = False,
) -> Action:
    """The step for a machine whose links (`linked`) and `disk` exist or not, or of which a disk was `kept` aside.

    No `spec`: it is not to be, and only when it is said to have `ended` has somebody wanted its disk deleted.
    """
    if spec is None or spec.wanted is Wanted.TERMINATED:
        is_there = state or linked or disk
        if ended or spec is not None:
            return Action.REMOVE if is_there or kept else Action.REST
        return Action.KEEP if is_there else Action.REST
    if spec.wanted is Wanted.STOPPED:
        if state or linked:
            return Action.STOP
        return Action.BRING_BACK if kept and not disk else Action.REST
    if state:  # a start begins with a network that nobody has configured
        return Action.REST if state.boot >= spec.boot else Action.STOP
    return Action.START


def report(spec: Workload, state: Up | Down | None, action: Action) -> MachineReport | MachineRemoved | None:
    """What there is to say of a machine when `action` is what `decide` gave; None while it is on its way."""
    if action is not Action.REST:
        return None
    if spec.wanted is Wanted.TERMINATED:
        return MachineRemoved(spec.id)
    return state_report(spec.id, state or Down(spec.boot))


def state_report(name: str, state: Up | Down) -> MachineReport:
    """What there is to say of a machine that nothing is wanted of."""
    if isinstance(state, Up):
        return MachineUp(name, state.boot, state.pid)
    return MachineDown(name, state.boot)
