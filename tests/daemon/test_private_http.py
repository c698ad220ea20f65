"""Whose connections are counted together of those that come through interface endpoints."""

from __future__ import annotations

import pytest

from realvpc.daemon.private_http import caller


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("10.20.0.7", "10.20.0.7", True),
        ("10.20.0.7", "10.20.0.8", False),
        ("2001:db8:1:0:8::1", "2001:db8:1:0:8:ffff:ffff:ffff", True),
        ("2001:db8:1:0:8::1", "2001:db8:1:0:9::1", False),
    ],
)
def test_all_of_a_prefix_that_an_interface_may_have_is_one_caller(one: str, other: str, is_same: bool) -> None:
    assert (caller(one) == caller(other)) is is_same
