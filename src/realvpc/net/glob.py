"""Patterns with wildcards: ``*`` for any characters, ``?`` for one, ``\\`` before what is meant literally."""

from __future__ import annotations

from functools import lru_cache

from msgspec import Struct


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


@lru_cache(maxsize=1024)
def read_glob(pattern: str) -> Glob | str:
    """The automaton of a pattern; of one without wildcards the text that it stands for."""
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


class Globs(Struct, frozen=True):
    """The automata of many patterns side by side: a text costs little more than with one of them.

    The members are those of a ``Glob``, with a place where each pattern begins in ``starts`` and one where it ends in
    ``ends``.  ``texts`` are the patterns without wildcards.
    """

    texts: frozenset[str]
    moves: dict[str, int]
    always: int
    stays: int
    starts: int
    ends: int

    def matches(self, text: str) -> bool:
        """Whether one of the patterns does."""
        if text in self.texts:
            return True
        moves, always, stays, ends = self.moves, self.always, self.stays, self.ends
        places = self.starts
        for character in text:
            if places & stays & ends:
                return True
            places = (places & moves.get(character, always)) << 1 | places & stays
            if not places:
                return False
        return bool(places & ends)


@lru_cache(maxsize=64)
def read_globs(patterns: tuple[str, ...]) -> Globs:
    texts: set[str] = set()
    always = stays = starts = ends = offset = 0
    moves: dict[str, int] = {}
    for read in map(read_glob, dict.fromkeys(patterns)):
        if isinstance(read, str):
            texts.add(read)
            continue
        starts |= 1 << offset
        always |= read.always << offset
        stays |= read.stays << offset
        ends |= read.end << offset
        for character, places in read.moves.items():
            moves[character] = moves.get(character, 0) | places << offset
        offset += read.end.bit_length()
    moves = {character: places | always for character, places in moves.items()}
    return Globs(frozenset(texts), moves, always, stays, starts, ends)
