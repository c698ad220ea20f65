"""Commits, as the feed tells them."""

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


class Reverted(Struct, frozen=True):
    """The state is again as it was at ``revision``: what was built upon it could not be written."""

    revision: int
