"""Temporary credentials prove themselves: nothing of them is stored."""

from __future__ import annotations

import base64

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from realvpc.iam.temporary_credentials import Grant, issue, read

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
GRANT = Grant("arn:aws:iam::111111111111:role/r", "AROAEXAMPLE", "i-0123", 1_800_000_000, 1_800_021_600)


def test_they_look_like_those_of_aws_and_are_read_back() -> None:
    made = issue(KEY, GRANT)
    assert made.access_key_id.startswith("ASIA")
    assert (len(made.access_key_id), len(made.secret_access_key)) == (20, 40)
    assert read(KEY, made.access_key_id, made.session_token) == made
    assert issue(KEY, GRANT) == made


def test_grants_that_differ_have_nothing_in_common() -> None:
    one, two = issue(KEY, GRANT), issue(KEY, replace(GRANT, nonce=1))
    assert one.access_key_id != two.access_key_id
    assert one.secret_access_key != two.secret_access_key
    assert read(KEY, one.access_key_id, two.session_token) is None


def test_another_services_credentials_are_not_ours() -> None:
    foreign = issue(OTHER_KEY, GRANT)
    assert read(KEY, foreign.access_key_id, foreign.session_token) is None


@given(st.integers(0, 1000), st.integers(1, 255))
def test_a_token_that_was_changed_anywhere_is_worth_nothing(place: int, change: int) -> None:
    made = issue(KEY, GRANT)
    token = bytearray(base64.b64decode(made.session_token))
    token[place % len(token)] ^= change
    assert read(KEY, made.access_key_id, base64.b64encode(token).decode()) is None


@given(st.text() | st.binary().map(lambda data: base64.b64encode(data).decode()))
def test_a_token_that_was_invented_is_worth_nothing(token: str) -> None:
    assert read(KEY, issue(KEY, GRANT).access_key_id, token) is None


def test_secrets_do_not_show_in_a_representation() -> None:
    made = issue(KEY, GRANT)
    assert made.secret_access_key not in repr(made)
    assert made.session_token not in repr(made)
