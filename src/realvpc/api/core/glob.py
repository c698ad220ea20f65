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
