"""A commit, as the feed tells it."""

from __future__ import annotations

from msgspec import Struct

from realvpc.net.table import Change

from .state import State


class Commit(Struct, frozen=True):
    """The change that led from one state to the next, and the revision that it made."""

    revision: int
    before: State
    after: State
    change: Change
