"""Values for botocore shapes: deterministic for a seed, as full as the model allows, within its limits."""

from __future__ import annotations

import random
import string
from datetime import UTC, datetime, timedelta
from typing import Any

from .texts import matching

_ALPHABET = string.ascii_letters + string.digits + " -_./:&<>'\"=+%?#;\n\täß漢字🙂"


class Generator:
    """Draws one value per call.

    `fullness` is the chance of an optional member to be there and of a list to have elements. `subsecond` says whether
    timestamps may carry milliseconds, `empty_lists` and `empty_structures` what the protocol can tell from absence:
    neither form-encoded protocol can send an empty structure, and EC2's no empty list. `turn` says which member of a
    union is drawn: as many turns as it has members draw them all. `empty_texts` says whether an empty text may stand
    where a value is required, or in a list.
    """

    def __init__(
        self,
        seed: int,
        *,
        fullness: float,
        subsecond: bool,
        empty_lists: bool,
        empty_structures: bool,
        empty_texts: bool,
        turn: int,
    ) -> None:
        self._random = random.Random(seed)
        self._fullness = fullness
        self._subsecond = subsecond
        self._empty_lists = empty_lists
        self._empty_structures = empty_structures
        self._turn = turn
        self._empty_texts = empty_texts

    def structure(self, shape: Any, within: tuple[str, ...] = ()) -> dict[str, Any]:
        """A structure inside itself appears once, and then with what it must have."""
        if shape.metadata.get("union"):
            members = list(shape.members)
            names = [members[self._turn % len(members)]]
        else:
            chance = self._fullness if shape.name not in within else 0.0
            names = [n for n in shape.members if n in shape.required_members or self._random.random() < chance]
        if not names and not self._empty_structures:
            names = list(shape.members)[:1]
        drawn = {name: self.value(shape.members[name], (*within, shape.name)) for name in names}
        if not self._empty_texts:
            drawn |= {name: "x" for name in shape.required_members if drawn[name] == ""}
        return drawn

    def value(self, shape: Any, within: tuple[str, ...] = ()) -> Any:
        low, high = shape.metadata.get("min"), shape.metadata.get("max")
        match shape.type_name:
            case "structure":
                return self.structure(shape, within)
            case "list":
                count = self._count(low, high)
                drawn = [self.value(shape.member, within) for _ in range(count)]
                return drawn if self._empty_texts else ["x" if element == "" else element for element in drawn]
            case "map":
                return {self.value(shape.key): self.value(shape.value, within) for _ in range(self._count(low, high))}
            case "string":
                return self._string(shape, low, high)
            case "integer" | "long":
                bits = 31 if shape.type_name == "integer" else 63
                return self._random.randint(
                    -(1 << bits) if low is None else int(low), (1 << bits) - 1 if high is None else int(high)
                )
            case "float" | "double":
                return round(self._random.uniform(0.0 if low is None else low, 1e6 if high is None else high), 3)
            case "boolean":
                return self._random.random() < 0.5
            case "timestamp":
                milliseconds = self._random.randrange(1000) if self._subsecond else 0
                seconds = self._random.randrange(0, 2_000_000_000)
                return datetime(1990, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds, milliseconds=milliseconds)
            case "blob":
                return self._random.randbytes(self._count(low, 40 if high is None else min(high, 40)))
        raise AssertionError(shape.type_name)

    def _count(self, low: int | None, high: int | None) -> int:
        if not low and self._empty_lists and self._random.random() >= self._fullness:
            return 0
        least = max(low or 0, 1)
        return self._random.randint(least, least + 1 if high is None else min(high, least + 1))

    def _string(self, shape: Any, low: int | None, high: int | None) -> str:
        if shape.metadata.get("enum"):
            return str(self._random.choice(shape.metadata["enum"]))
        least = low or 0
        if "pattern" in shape.metadata:
            text = matching(shape.metadata["pattern"], self._random, least, high)
            if text is not None:
                return text
        length = self._random.randint(least, max(least, min(least + 12, high if high is not None else least + 12)))
        return "".join(self._random.choice(_ALPHABET) for _ in range(length))


def members_of(shape: Any, value: Any) -> set[tuple[str, str]]:
    """The (structure, member) pairs that a value exercises."""
    if shape.type_name == "structure":
        inner = [members_of(shape.members[name], child) for name, child in value.items()]
        return {(shape.name, name) for name in value}.union(*inner)
    if shape.type_name == "list":
        return set().union(*(members_of(shape.member, child) for child in value))
    if shape.type_name == "map":
        return set().union(*(members_of(shape.value, child) for child in value.values()))
    return set()


def all_members(shape: Any) -> set[tuple[str, str]]:
    """The (structure, member) pairs that any value of a shape can have."""
    found: set[tuple[str, str]] = set()
    pending, seen = [shape], set()
    while pending:
        shape = pending.pop()
        if shape.type_name == "list":
            pending.append(shape.member)
        elif shape.type_name == "map":
            pending.append(shape.value)
        elif shape.type_name == "structure" and shape.name not in seen:
            seen.add(shape.name)
            found.update((shape.name, name) for name in shape.members)
            pending.extend(shape.members.values())
    return found
