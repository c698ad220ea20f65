"""A file of each version of the schema opens, and every row in it says what it said.

Fields that came later have defaults, and what was renamed or moved was carried over: of version 1 `test_migrations.py`
says more.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from realvpc.store.codec import to_row
from realvpc.store.database import SCHEMA_VERSION, Database
from realvpc.store.state import RESOURCE_TYPES

from .test_migrations import ELSEWHERE_NOW, as_far_as, rows

FILES = {int(path.stem.rpartition("_")[2]): path for path in (Path(__file__).parent / "files").glob("version_*.sql")}
MOVED = ELSEWHERE_NOW | {("Vpc", "network_acl_tags"), ("AccessKey", "user_name")}


def test_there_is_a_file_of_each_version_of_the_schema() -> None:
    """Whoever begins a version leaves one behind that the version before wrote, with a row of every type."""
    assert sorted(FILES) == list(range(1, SCHEMA_VERSION + 1))


@pytest.mark.parametrize("version", FILES)
def test_every_row_says_what_it_said(tmp_path: Path, version: int) -> None:
    path = tmp_path / "state.db"
    with closing(sqlite3.connect(path, isolation_level=None)) as written:
        written.executescript(FILES[version].read_text())
    old = rows(path)
    assert len({type_name for type_name, _, _ in old}) >= 22
    with closing(Database(path)) as database:
        state = database.load()
    kinds = {kind.__name__: kind for kind in RESOURCE_TYPES}
    for type_name, resource_id, body in old:
        if version == 1 and type_name == "IdempotencyToken":
            continue
        now = json.loads(to_row(state.table(kinds[type_name])[resource_id]))
        said = {name: value for name, value in body.items() if (type_name, name) not in MOVED}
        assert as_far_as(said, now) == said, (type_name, resource_id)
