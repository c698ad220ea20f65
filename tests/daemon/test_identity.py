"""The API process of each service is a user whom nobody else on the machine is."""

from __future__ import annotations

from pathlib import Path

from realvpc.daemon.identity import identity
from realvpc.fabric.id_range import RANGES

WHOLE, CONTAINER = "         0          0 4294967295\n", "         0     100000      65536\n"


def test_each_state_directory_has_one_of_its_own_and_keeps_it() -> None:
    found = {identity(Path(f"/var/lib/{number}"), WHOLE).uid for number in range(20)}
    assert len(found) == 20
    assert identity(Path("/var/lib/realvpc"), WHOLE) == identity(Path("/var/lib/realvpc"), WHOLE)


def test_no_user_of_a_machine_and_none_of_systemds_has_it() -> None:
    last = RANGES[-1].first + RANGES[-1].count
    assert all(last <= identity(Path(f"/{number}"), WHOLE).uid < 0x7FFE0000 for number in range(100))


def test_where_there_are_few_ids_it_is_one_that_systemd_gives_to_services() -> None:
    assert 61184 <= identity(Path("/var/lib/realvpc"), CONTAINER).uid <= 65519
