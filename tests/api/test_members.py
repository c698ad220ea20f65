"""Nothing that a request may carry is ignored without anybody knowing: a newer botocore shows here what it brings."""

from __future__ import annotations

import json

import pytest

from .members import FILE, members_of, performed

LISTED = json.loads(FILE.read_text())


def test_every_action_is_listed() -> None:
    """Else run what ``members.py`` says."""
    assert sorted(LISTED) == performed()


@pytest.mark.parametrize("action", sorted(LISTED))
def test_the_members_of_a_request_are_seen_or_known_to_be_ignored(action: str) -> None:
    """A member that botocore did not have before is neither: read it, refuse it, or let it be ignored, and list it."""
    row = LISTED[action]
    possible = members_of(action, row["seen"])
    listed = {*row["seen"], *row.get("ignored", ())}
    assert sorted(possible - listed) == [], "new in botocore"
    assert sorted(listed - possible) == [], "gone from botocore"
