"""Several writes in one transaction come to what they come to one by one."""

from __future__ import annotations

from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from random import Random

import pytest

from realvpc.iam.account import Account
from realvpc.net.table import Change
from realvpc.store.database import Database, Write
from realvpc.store.state import State

NOW = datetime(2026, 11, 28, tzinfo=UTC)


def account(number: int, name: str = "main") -> Account:
    return Account(id=f"{number:012}", account=f"{number:012}", name=name)


def changes(random: Random, count: int) -> list[Change]:
    """Rows made, changed and deleted again; now and then the same one twice in a change."""
    return [
        Change(
            puts=tuple({n: account(n, f"name-{random.random()}") for n in random.choices(range(9), k=3)}.values()),
            deletes=tuple(account(n) for n in random.choices(range(9), k=random.randrange(4))),
        )
        for _ in range(count)
    ]


def written(path: Path, batches: list[list[Write]]) -> State:
    with closing(Database(path)) as database:
        for batch in batches:
            database.commit(batch)
    with closing(Database(path)) as database:
        return database.load()


@pytest.mark.parametrize("seed", range(20))
def test_a_batch_comes_to_what_its_writes_come_to_one_by_one(tmp_path: Path, seed: int) -> None:
    writes = [Write(number, change, NOW, "test") for number, change in enumerate(changes(Random(seed), 12), 1)]
    together = written(tmp_path / "together.db", [writes[:5], writes[5:]])
    one_by_one = written(tmp_path / "one-by-one.db", [[write] for write in writes])
    assert dict(together.directory.accounts) == dict(one_by_one.directory.accounts)
    state = State.empty()
    for write in writes:
        state = state.apply(write.change)
    assert dict(together.directory.accounts) == dict(state.directory.accounts)


def test_more_rows_than_a_statement_takes_are_written_and_deleted(tmp_path: Path) -> None:
    many = tuple(account(number) for number in range(2500))
    batches = [
        [Write(1, Change(puts=many), NOW, "test")],
        [Write(2, Change(deletes=many[:2400]), NOW, "test")],
    ]
    assert set(written(tmp_path / "state.db", batches).directory.accounts) == {row.id for row in many[2400:]}


def test_old_revisions_are_forgotten_and_the_number_goes_on(tmp_path: Path) -> None:
    with closing(Database(tmp_path / "state.db")) as database:
        for start in range(1, 12_001, 250):
            database.commit([Write(start + n, Change(puts=(account(1),)), NOW, "test") for n in range(250)])
        assert database.revision == 12_000
        kept = database._connection.execute("SELECT count(*) FROM revision").fetchone()[0]
        assert 10_000 <= kept <= 10_256


def test_what_a_write_costs_does_not_follow_from_how_much_there_is(tmp_path: Path) -> None:
    statements: list[str] = []
    with closing(Database(tmp_path / "state.db")) as database:
        database.commit([Write(1, Change(puts=tuple(account(number) for number in range(100))), NOW, "test")])
        connection = database._connection
        connection.set_trace_callback(statements.append)
        rows = tuple(account(number) for number in range(20))
        database.commit([Write(2, Change(puts=rows[:10], deletes=rows[10:]), NOW, "test")])
        connection.set_trace_callback(None)
        plans = [
            step
            for statement in statements
            if not statement.startswith(("BEGIN", "COMMIT"))
            for *_, step in connection.execute(f"EXPLAIN QUERY PLAN {statement}")
        ]
    assert any("USING PRIMARY KEY" in step for step in plans)
    assert not [step for step in plans if step.startswith("SCAN") and "CONSTANT" not in step]
