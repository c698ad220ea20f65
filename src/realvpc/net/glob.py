"""Patterns with wildcards: ``*`` for any characters, ``?`` for one, ``\\`` before what is meant literally."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from msgspec import Struct
from msgspec.structs import replace


class Glob(Struct, frozen=True):
    """An automaton whose states, the places in the pattern, are the bits of an integer.

    A match takes one step for each character of the text and never goes back, whatever the pattern: people choose
    both.  ``moves`` are the places that a character leads on from, ``always`` those that every character leads on
    from, ``stays`` those where a star waits, ``end`` the place after the last character.
    """

    moves: dict[str, int]
    always: int
    stays: int
    end: int

    def matches(self, text: str) -> bool:
        moves, always, stays, end = self.moves, self.always, self.stays, self.end
        places = 1
        for character in text:
            if places & stays & end:
                return True  # a star at the end takes the rest
            places = (places & moves.get(character, always)) << 1 | places & stays
            if not places:
                return False
        return bool(places & end)


_SHORT, _SHORT_TOGETHER = 1024, 20_480
"""Characters of patterns whose automata are remembered: one grows with its pattern, times the characters in it."""


def read_glob(pattern: str) -> Glob | str:
    """The automaton of a pattern; of one without wildcards the text that it stands for."""
    return (_read_short if len(pattern) <= _SHORT else _read)(pattern)


def _read(pattern: str) -> Glob | str:
    places: list[str | None] = []  # None: any one character
    stays = 0
    characters = iter(pattern)
    for character in characters:
        if character == "*":
            stays |= 1 << len(places)
        elif character == "?":
            places.append(None)
        else:
            places.append(next(characters, character) if character == "\\" else character)
    if not stays and None not in places:
        return "".join(place for place in places if place is not None)
    always = sum(1 << index for index, place in enumerate(places) if place is None)
    moves: dict[str, int] = {}
    for index, place in enumerate(places):
        if place is not None:
            moves[place] = moves.get(place, always) | 1 << index
    return Glob(moves, always, stays, 1 << len(places))


_read_short = lru_cache(1024)(_read)


class Globs(Struct, frozen=True):
    """The automata of many patterns side by side: a text costs little more than with one of them.

    The members are those of a ``Glob``, with a place where each pattern begins in ``starts`` and one where it ends in
    ``ends``.  ``texts`` are the patterns without wildcards.
    """

    moves: dict[str, int]
    always: int
    stays: int
    starts: int
    ends: int
    texts: frozenset[str] = frozenset()

    def matches(self, text: str) -> bool:
        """Whether one of the patterns does."""
        return text in self.texts or bool(self.reached(text, self.ends))

    def reached(self, text: str, enough: int = 0) -> int:
        """The ends of the patterns with wildcards that match; of those in ``enough`` one may do."""
        moves, always, stays = self.moves, self.always, self.stays
        enough &= stays
        places = self.starts
        for character in text:
            if places & enough:
                break  # a star at the end takes the rest
            places = (places & moves.get(character, always)) << 1 | places & stays
            if not places:
                break
        return places & self.ends


def read_globs(patterns: tuple[str, ...]) -> Globs:
    return (_join_short if sum(map(len, patterns)) <= _SHORT_TOGETHER else _join)(patterns)


def _join(patterns: tuple[str, ...]) -> Globs:
    read = [read_glob(pattern) for pattern in dict.fromkeys(patterns)]
    globs = _side_by_side([each for each in read if isinstance(each, Glob)])
    return replace(globs, texts=frozenset(each for each in read if isinstance(each, str)))


def _side_by_side(automata: Iterable[Glob]) -> Globs:
    always = stays = starts = ends = offset = 0
    moves: dict[str, int] = {}
    for each in automata:
        starts |= 1 << offset
        always |= each.always << offset
        stays |= each.stays << offset
        ends |= each.end << offset
        for character, places in each.moves.items():
            moves[character] = moves.get(character, 0) | places << offset
        offset += each.end.bit_length()
    moves = {character: places | always for character, places in moves.items()}
    return Globs(moves, always, stays, starts, ends)


class GlobGroups(Struct, frozen=True):
    """Groups of patterns side by side, for texts that one of each has to match: ``groups`` has where the patterns of
    each end and those of its patterns that have no wildcards."""

    globs: Globs
    groups: tuple[tuple[int, frozenset[str]], ...]

    def all_match(self, text: str) -> bool:
        """Whether in every group one of the patterns does."""
        reached = self.globs.reached(text)
        return all(reached & ends or text in texts for ends, texts in self.groups)


@lru_cache(maxsize=64)
def read_glob_groups(groups: tuple[tuple[str, ...], ...]) -> GlobGroups:
    """Of several groups with the same pattern each has its own place for it."""
    placed: list[tuple[int, frozenset[str]]] = []
    automata: list[Glob] = []
    offset = 0
    for group in groups:
        ends, texts = 0, set()
        for read in map(read_glob, dict.fromkeys(group)):
            if isinstance(read, str):
                texts.add(read)
                continue
            automata.append(read)
            ends |= read.end << offset
            offset += read.end.bit_length()
        placed.append((ends, frozenset(texts)))
    return GlobGroups(_side_by_side(automata), tuple(placed))


_join_short = lru_cache(64)(_join)
