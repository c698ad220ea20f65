"""Patterns with wildcards: what they match, and that a match never goes back."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realvpc.net import glob
from realvpc.net.glob import Glob, read_glob, read_glob_groups, read_globs


def matches(pattern: str, text: str) -> bool:
    read = read_glob(pattern)
    return read.matches(text) if isinstance(read, Glob) else read == text


def as_expression(pattern: str) -> str:
    pieces = re.findall(r"\\.?|.", pattern, re.DOTALL)
    return "".join({"*": ".*", "?": "."}.get(p) or re.escape(p[1:] or p if p[0] == "\\" else p) for p in pieces)


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("web", "web", True),
        ("web*", "web", True),
        ("web*", "web-1", True),
        ("*web*", "my web server", True),
        ("w?b", "wb", False),
        ("a*b*c", "a-b-b-c", True),
        ("a*b*c", "acb", False),
        (r"\*\?\\", r"*?\ "[:-1], True),
        (r"\*", "x", False),
        ("", "", True),
        ("*", "", True),
        ("?", "", False),
        ("日*", "日本", True),
    ],
)
def test_stars_question_marks_and_escapes(pattern: str, text: str, expected: bool) -> None:
    assert matches(pattern, text) is expected


def test_every_short_pattern_means_what_a_regular_expression_would_mean() -> None:
    texts = ["".join(letters) for size in range(5) for letters in product("ab", repeat=size)]
    for size in range(5):
        for letters in product("ab*?", repeat=size):
            pattern = "".join(letters)
            expression = re.compile(as_expression(pattern))
            for text in texts:
                assert matches(pattern, text) is bool(expression.fullmatch(text)), (pattern, text)


@given(st.text("ab*?\\", max_size=12), st.text("ab*\\", max_size=12))
def test_any_pattern_means_what_a_regular_expression_would_mean(pattern: str, text: str) -> None:
    assert matches(pattern, text) is bool(re.fullmatch(as_expression(pattern), text, re.DOTALL))


class Watched(str):
    """A text that counts how many of its characters are looked at."""

    looked_at = 0

    def __iter__(self) -> Iterator[str]:
        for character in super().__iter__():
            self.looked_at += 1
            yield character


@pytest.mark.parametrize("pattern", ["*a" * 120 + "*b", "*" + "a" * 200 + "b", "*?a" * 80 + "b", "a*" * 120 + "b"])
def test_no_character_is_looked_at_twice_whatever_the_pattern(pattern: str) -> None:
    text = Watched("a" * 255)
    assert not matches(pattern, text)
    assert text.looked_at <= len(text)


@given(st.lists(st.text("ab*?\\", max_size=6), max_size=5), st.text("abc*\\", max_size=8))
def test_many_patterns_together_mean_what_each_means(patterns: list[str], text: str) -> None:
    assert read_globs(tuple(patterns)).matches(text) is any(matches(pattern, text) for pattern in patterns)


@given(st.lists(st.lists(st.text("ab*?\\", max_size=5), max_size=3), max_size=4), st.text("abc*\\", max_size=8))
def test_groups_of_patterns_have_to_match_each(groups: list[list[str]], text: str) -> None:
    matched = read_glob_groups(tuple(map(tuple, groups))).all_match(text)
    assert matched is all(any(matches(pattern, text) for pattern in group) for group in groups)


def test_automata_of_long_patterns_are_not_kept() -> None:
    """Anybody may send some, and each is megabytes."""
    kept = glob._read_short, glob._join_short, glob._group_short
    before = [each.cache_info().currsize for each in kept]
    long = "ab*?" * 10_000
    assert isinstance(read_glob(long), Glob)
    assert read_globs((long,)).matches("ab" + "xab" * 9_999 + "x")
    assert read_glob_groups(((long,), ("*",))).all_match("ab" + "xab" * 9_999 + "x")
    assert read_glob_groups(tuple((f"{number}*{'y' * 20}",) for number in range(2000))).all_match("") is False
    assert [each.cache_info().currsize for each in kept] == before


def test_automata_of_a_large_alphabet_are_not_kept() -> None:
    """Each character takes as many bits as the patterns have characters."""
    kept = glob._read_short, glob._join_short, glob._group_short
    before = [each.cache_info().currsize for each in kept]
    strange = "*" + "".join(map(chr, range(0x4E00, 0x4E00 + 900)))
    assert matches(strange, "x" + strange[1:])
    assert read_globs((strange,)).matches(strange[1:])
    assert read_glob_groups(((strange,),)).all_match(strange[1:])
    assert [each.cache_info().currsize for each in kept] == before


def test_patterns_are_joined_without_copying_what_is_joined_already(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is shifted or added bit by bit: integers are made at once, one for each character and four others."""
    made: list[int] = []
    bits = glob._bits

    def counted(places: list[int]) -> int:
        made.append(len(places))
        return bits(places)

    monkeypatch.setattr(glob, "_bits", counted)
    joined = read_globs(tuple(f"a{number:05}*b{'x' * 20}" for number in range(3000)))
    assert len(made) <= len(joined.moves) + 4
    assert sum(made) <= 3000 * (6 + 1 + 20 + 4)
    assert joined.matches("a02999-b" + "x" * 20)


def test_rare_characters_take_no_more_room_than_the_pattern() -> None:
    """With a bit for every place each, as many different characters as places would take room by the square."""
    many = "".join(map(chr, range(0x4E00, 0x4E00 + 20_000)))
    joined = glob.join_globs((f"*{many}", f"b*{many[::-1]}", "?c*"))
    assert sum(each.bit_length() for each in joined.moves.values()) + 64 * sum(map(len, joined.rare.values())) < (
        200 * len(many)
    )
    for text, expected in ((many, True), (f"xy{many}", True), (many[1:], False), (f"b{many[::-1]}", True),
                           (f"{many}x", False), ("xc", True), ("x", False)):  # fmt: skip
        assert joined.matches(text) is expected
        assert any(_matches(read_glob(each), text) for each in (f"*{many}", f"b*{many[::-1]}", "?c*")) is expected


def _matches(pattern: glob.Glob | str, text: str) -> bool:
    return pattern == text if isinstance(pattern, str) else pattern.matches(text)
