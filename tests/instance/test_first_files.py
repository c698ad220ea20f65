"""What a new machine finds on its disk."""

from __future__ import annotations

from realvpc.instance.disk import first_files
from tests.instance.specs import machine


def test_a_machine_knows_its_name_and_address() -> None:
    files = first_files(machine())
    assert files["etc/hostname"][1] == b"ip-10-20-0-207\n"
    assert b"10.20.0.207 ip-10-20-0-207.ap-northeast-1.compute.internal ip-10-20-0-207\n" in files["etc/hosts"][1]
    assert files["etc/resolv.conf"][1] == b"search ap-northeast-1.compute.internal\nnameserver 10.20.0.2\n"


def test_each_machine_has_its_own_machine_id() -> None:
    one, two = (first_files(machine(number))["etc/machine-id"][1] for number in (1, 2))
    assert one != two
    assert len(one.strip()) == 32


def test_user_data_is_for_root_only() -> None:
    mode, content = first_files(machine(user_data=b"#!/bin/sh\nid\n"))["var/lib/realvpc/user-data"]
    assert (mode, content) == (0o600, b"#!/bin/sh\nid\n")
    assert "var/lib/realvpc/user-data" not in first_files(machine())
