"""Names as Route 53 keeps them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realvpc.net.domain_name import ancestors, canonical, from_labels, is_within, presentation, to_labels


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("Example.COM", "example.com."),
        ("example.com.", "example.com."),
        ("*.example.com", "\\052.example.com."),
        ("\\052.example.com", "\\052.example.com."),
        ("_sip._tcp.example.com", "_sip._tcp.example.com."),
        ("a\\056b.example", "a\\056b.example."),
        ("\\101.example", "a.example."),
        ("a/b.example", "a\\057b.example."),
        ("corp", "corp."),
    ],
)
def test_a_name_has_one_form(written: str, kept: str) -> None:
    assert canonical(written) == kept == canonical(kept)


@pytest.mark.parametrize(
    "written",
    ["", ".", "..", "a..b", ".a", "a b", "ä.example", "a\\9.b", "a\\400.b", "a\\", "x" * 64 + ".b", "x." * 128, "\n"],
)
def test_what_is_no_name_is_refused(written: str) -> None:
    with pytest.raises(ValueError):
        canonical(written)


@given(st.lists(st.binary(min_size=1, max_size=63), min_size=1, max_size=3))
def test_every_name_of_a_message_has_a_form_and_comes_back_in_lower_case(labels: list[bytes]) -> None:
    name = from_labels(labels)
    assert to_labels(name) == tuple(label.lower() for label in labels)
    assert canonical(name) == name


def test_a_name_lies_within_its_ancestors() -> None:
    assert list(ancestors("a.b.example.")) == ["a.b.example.", "b.example.", "example."]
    assert is_within("b.example.", "b.example.")
    assert is_within("a.b.example.", "example.")
    assert not is_within("notexample.", "example.")


def test_escapes_are_octal_here_and_decimal_in_master_files() -> None:
    assert presentation("\\052.example.com.") == "\\042.example.com."
    assert presentation('"\\303\\244" plain \\"') == '"\\195\\164" plain \\"'
    assert presentation("\\\\101") == "\\\\101"  # an escaped backslash, and digits
