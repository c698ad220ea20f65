"""What a change makes the node hear does not grow with the network around it."""

from __future__ import annotations

from realvpc.bench import commit


def test_messages_are_as_large_among_many_as_among_few() -> None:
    costs = commit.run((20, 200), 3, lambda line: None)
    few, many = ({row.action: row.message_bytes for row in costs if row.interfaces == size} for size in (20, 200))
    assert few == many
    assert few.pop("CreateTags") == 0
    assert len(few) == 4
    assert all(few.values())
