"""Something else than a file, where the state should be or beside it, is refused and not waited for."""

from __future__ import annotations

import os
from contextlib import closing
from pathlib import Path

import pytest

from realvpc.store.database import Database, StateFileError


@pytest.mark.parametrize("name", ["state.db", "state.db-journal", "state.db-wal", "state.db-shm"])
def test_a_pipe_is_refused(tmp_path: Path, name: str) -> None:
    with closing(Database(tmp_path / "state.db")):
        pass
    (tmp_path / name).unlink(missing_ok=True)
    os.mkfifo(tmp_path / name)
    with pytest.raises(StateFileError, match=f"{name} is no regular file"):
        Database(tmp_path / "state.db")


def test_a_pipe_for_the_reserve_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "reserve.new")
    with closing(Database(tmp_path / "state.db")) as database:
        database.keep_reserve()
    assert (tmp_path / "reserve").is_file()
