"""Where requests come from, as policies ask for it."""

from __future__ import annotations

from typing import Any

import pytest

from realvpc.api.core.call import Sender
from realvpc.wire.http import Request
from realvpc.wire.sender import sender_of


@pytest.mark.parametrize(
    ("client", "address"),
    [
        (("203.0.113.7", 40000), "203.0.113.7"),
        (("::ffff:203.0.113.7", 40000), "203.0.113.7"),
        (("2001:db8::ffff:7", 40000), "2001:db8::ffff:7"),
        (None, ""),
    ],
)
def test_the_address_is_that_of_the_connection(client: Any, address: str) -> None:
    headers = (("x-forwarded-for", "198.51.100.1"), ("user-agent", "aws-cli/2"))
    assert sender_of({"client": client}, Request("POST", "/", headers, (), b"")) == Sender(address, "aws-cli/2")


def test_of_what_a_client_calls_itself_so_much_is_kept() -> None:
    sender = sender_of({}, Request("POST", "/", (("user-agent", "x" * 60_000),), (), b""))
    assert len(sender.user_agent) == 512


def test_a_client_need_not_say_what_it_is() -> None:
    assert sender_of({}, Request("POST", "/", (), (), b"")) == Sender()
