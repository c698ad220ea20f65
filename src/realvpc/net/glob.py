"""Patterns with wildcards: ``*`` for any characters, ``?`` for one, ``\\`` before what is meant literally."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from itertools import chain

from msgspec import Struct
from msgspec.structs import replace

_READ_IN_A_STEP, _MATCHED_IN_A_STEP, _PLACES_IN_A_STEP = 3, 4, 15_000


def steps_to_read(characters: int, patterns: int = 1) -> int:
    """What joining patterns costs (``api.core.effort`` says what a step is)."""
    return patterns + characters // _READ_IN_A_STEP


def steps_to_match(characters: int, texts: int, automata: int = 1) -> int:
    """What asking patterns of so many characters, in so many automata, for texts of so many costs, at most."""
    return automata * texts // _MATCHED_IN_A_STEP + texts * characters // _PLACES_IN_A_STEP


class Glob(Struct, frozen=True):
    """An automaton whose states, the places in the pattern, are the bits of an integer.

    A match takes one step for each character of the text and never goes back, whatever the pattern: people choose
    both.  ``moves`` are the places that a character leads on from, ``always`` those that every character leads on
    from, ``stays`` those where a star waits, ``end`` the place after the last character.

    ``rare`` are the places of characters whose bits would take more room than these, where there are many of them.
    """

    moves: dict[str, int]
    always: int
    stays: int
    end: int
    rare: dict[str, list[int]] = {}

    def matches(self, text: str) -> bool:
        moves, always, stays, end, rare = self.moves, self.always, self.stays, self.end, self.rare
        places = 1
        for character in text:
            if places & stays & end:
                return True  # a star at the end takes the rest
            move = moves.get(character, always)
            if rare and character in rare:
                move = _bits(rare[character]) | always
            places = (places & move) << 1 | places & stays
            if not places:
                return False
        return bool(places & end)


_BITS_OF_A_PLACE = 512  # that a place takes in a list
_SHORT, _SHORT_TOGETHER, _ALPHABET = 1024, 20_480, 200
"""Characters of patterns whose automata are remembered, and how many different ones there may be among them: each of
these takes a bit for every character of the patterns."""


def read_glob(pattern: str) -> Glob | str:
    """The automaton of a pattern; of one without wildcards the text that it stands for."""
    return (_read_short if is_small((pattern,), _SHORT) else _read)(pattern)


def is_small(patterns: tuple[str, ...], characters: int) -> bool:
    """Whether their automaton is worth remembering where patterns of so many characters are."""
    return sum(map(len, patterns)) <= characters and have_small_alphabet(patterns)


def have_small_alphabet(patterns: tuple[str, ...]) -> bool:
    return len(set().union(*patterns)) <= _ALPHABET


class _Places(Struct, frozen=True):
    """A pattern, read: what it takes in the place of each character, None for any, and before which of them stars
    wait."""

    takes: list[str | None]
    stays: list[int]

    @property
    def text(self) -> str | None:
        """What it stands for, without wildcards."""
        return None if self.stays or None in self.takes else "".join(each for each in self.takes if each is not None)


def _places(pattern: str) -> _Places:
    takes: list[str | None] = []
    stays: list[int] = []
    characters = iter(pattern)
    for character in characters:
        if character == "*":
            stays.append(len(takes))
        elif character == "?":
            takes.append(None)
        else:
            takes.append(next(characters, character) if character == "\\" else character)
    return _Places(takes, stays)


def _read(pattern: str) -> Glob | str:
    places = _places(pattern)
    if (text := places.text) is not None:
        return text
    globs = _side_by_side([places])
    return Glob(globs.moves, globs.always, globs.stays, globs.ends, globs.rare)


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
    rare: dict[str, list[int]] = {}

    def matches(self, text: str) -> bool:
        """Whether one of the patterns does."""
        return text in self.texts or bool(self.reached(text, self.ends))

    def reached(self, text: str, enough: int = 0) -> int:
        """The ends of the patterns with wildcards that match; of those in ``enough`` one may do."""
        moves, always, stays, rare = self.moves, self.always, self.stays, self.rare
        enough &= stays
        places = self.starts
        for character in text:
            if places & enough:
                break  # a star at the end takes the rest
            move = moves.get(character, always)
            if rare and character in rare:
                move = _bits(rare[character]) | always
            places = (places & move) << 1 | places & stays
            if not places:
                break
        return places & self.ends


def read_globs(patterns: tuple[str, ...]) -> Globs:
    return (_join_short if is_small(patterns, _SHORT_TOGETHER) else join_globs)(patterns)


def join_globs(patterns: tuple[str, ...]) -> Globs:
    """``read_globs``, of what is remembered elsewhere or nowhere."""
    read = list(map(_places, dict.fromkeys(patterns)))
    globs = _side_by_side([each for each in read if each.text is None])
    return replace(globs, texts=frozenset(text for each in read if (text := each.text) is not None))


def _side_by_side(patterns: Iterable[_Places]) -> Globs:
    """Bits are gathered first and put into integers at once: one by one, each would copy the whole integer."""
    taking: dict[str | None, list[int]] = {}
    stays: list[int] = []
    starts: list[int] = []
    ends: list[int] = []
    offset = 0
    for each in patterns:
        starts.append(offset)
        stays += [offset + place for place in each.stays]
        for place, character in enumerate(each.takes, offset):
            taking.setdefault(character, []).append(place)
        offset += len(each.takes) + 1
        ends.append(offset - 1)
    always = _bits(taking.pop(None, []))
    sparse = offset // _BITS_OF_A_PLACE if len(taking) > _ALPHABET else 0
    common: dict[str, int] = {}
    rare: dict[str, list[int]] = {}
    for character, places in taking.items():
        if character is not None and len(places) <= sparse:
            rare[character] = places
        elif character is not None:
            common[character] = _bits(places) | always
    return Globs(common, always, _bits(stays), _bits(starts), _bits(ends), rare=rare)


def _bits(places: list[int]) -> int:
    """The integer with these bits, which are in order."""
    octets = bytearray(places[-1] // 8 + 1 if places else 0)
    for place in places:
        octets[place >> 3] |= 1 << (place & 7)
    return int.from_bytes(octets, "little")


class GlobGroups(Struct, frozen=True):
    """Groups of patterns side by side, for texts that one of each has to match: ``groups`` has where the patterns of
    each end and those of its patterns that have no wildcards."""

    globs: Globs
    groups: tuple[tuple[int, frozenset[str]], ...]

    def all_match(self, text: str) -> bool:
        """Whether in every group one of the patterns does."""
        reached = self.globs.reached(text)
        return all(reached & ends or text in texts for ends, texts in self.groups)


def read_glob_groups(groups: tuple[tuple[str, ...], ...]) -> GlobGroups:
    """Of several groups with the same pattern each has its own place for it."""
    is_short = is_small(tuple(chain.from_iterable(groups)), _SHORT_TOGETHER)
    return (_group_short if is_short else _group)(groups)


def _group(groups: tuple[tuple[str, ...], ...]) -> GlobGroups:
    placed: list[tuple[int, frozenset[str]]] = []
    automata: list[_Places] = []
    offset = 0
    for group in groups:
        ends, texts = [], set()
        for read in map(_places, dict.fromkeys(group)):
            if (text := read.text) is not None:
                texts.add(text)
                continue
            automata.append(read)
            offset += len(read.takes) + 1
            ends.append(offset - 1)
        placed.append((_bits(ends), frozenset(texts)))
    return GlobGroups(_side_by_side(automata), tuple(placed))


_join_short, _group_short = lru_cache(64)(join_globs), lru_cache(64)(_group)
