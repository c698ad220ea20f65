"""JSON that nobody well-meaning would send."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from realvpc.api.core.errors import AwsError
from realvpc.hostile_json import NotJsonError, read_json
from realvpc.iam.policy_document import identity_policy_problem, trust_policy_problem
from realvpc.session import message as m
from realvpc.session.handshake import Cause, judge
from realvpc.wire.json11 import Json11
from tests.session.test_data_channel import channel

TEXTS = (
    "",
    "{",
    "[" * 100_000,
    '{"a":' * 100_000,
    r'{"a":"\ud800"}',
    r'{"a":"\udfff\ud800"}',
    r'{"\ud800":1}',
    '{"a":"\ud800"}',
    "NaN",
    '{"a":01}',
    f"[{'1,' * 40_000}1]",
    f"[{'[],' * 20_000}[]]",
)
BYTES = (b"\xff", b'{"a":"\xed\xa0\x80"}', b'{"\xed\xa0\x80":1}', b"\xfe\xff\x00{\x00}", *map(str.encode, TEXTS[:7]))


@pytest.mark.parametrize("text", [*TEXTS, *BYTES])
def test_it_is_refused_with_one_error(text: Any) -> None:
    with pytest.raises(NotJsonError):
        read_json(text)


@pytest.mark.parametrize("text", [*TEXTS, *BYTES])
def test_wherever_it_is_read(text: Any) -> None:
    """A client's first words, its answer to the handshake, its messages; policy documents."""
    if isinstance(text, str):
        assert not channel().connect(text, "right")
        assert trust_policy_problem(text, lambda name: True) == "This policy contains invalid Json"
        assert identity_policy_problem(text) == "Syntax errors in policy."
        if text:  # an empty body is a request without parameters
            with pytest.raises(AwsError, match="SerializationException"):
                Json11("ssm").read("ListDocuments", text.encode(errors="surrogatepass"))
    else:
        assert judge(text)[0] is Cause.REFUSAL
        with pytest.raises(m.MessageError):
            m.size(m.Message(type=m.INPUT, id=UUID(int=1), created_at=1, payload=text))
