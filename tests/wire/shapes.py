"""Values for botocore shapes: deterministic for a seed, as full as the model allows, within its limits."""

from __future__ import annotations

import random
import string
from datetime import UTC, datetime, timedelta
from typing import Any

_ALPHABET = string.ascii_letters + string.digits + " -_./:&<>'\"=+%?#;\n\täß漢字🙂"


class Generator:
    """Draws one value per call.

    `subsecond` says whether timestamps may carry milliseconds, `empty_lists` and `empty_structures` what the protocol
    can tell from absence: neither form-encoded protocol can send an empty structure, and EC2's no empty list.
    """

    def __init__(self, seed: int, *, subsecond: bool, empty_lists: bool, empty_structures: bool) -> None:
        self._random = random.Random(seed)
        self._subsecond = subsecond
        self._empty_lists = empty_lists
        self._empty_structures = empty_structures

    def structure(self, shape: Any, depth: int = 0) -> dict[str, Any]:
        """All members at the top, some of them further down, no optional ones where it gets very deep."""
        if shape.metadata.get("union"):
            names = [self._random.choice(list(shape.members))]
        else:
            chance = (1.0, 0.8, 0.5, 0.3)[depth] if depth < 4 else 0.1 if depth < 8 else 0.0
            names = [n for n in shape.members if n in shape.required_members or self._random.random() < chance]
        if not names and not self._empty_structures:
            names = list(shape.members)[:1]
        return {name: self.value(shape.members[name], depth + 1) for name in names}

    def value(self, shape: Any, depth: int = 0) -> Any:
        low, high = shape.metadata.get("min"), shape.metadata.get("max")
        match shape.type_name:
            case "structure":
                return self.structure(shape, depth)
            case "list":
                count = self._count(low, high)
                return [self.value(shape.member, depth + 1) for _ in range(count)]
            case "map":
                return {
                    self.value(shape.key): self.value(shape.value, depth + 1) for _ in range(self._count(low, high))
                }
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
        least = max(low or 0, 0 if self._empty_lists else 1)
        most = least + 2 if high is None else min(high, least + 2)
        return self._random.randint(least, max(least, most))

    def _string(self, shape: Any, low: int | None, high: int | None) -> str:
        if shape.metadata.get("enum"):
            return str(self._random.choice(shape.metadata["enum"]))
        least = low or 0
        length = self._random.randint(least, max(least, min(least + 12, high if high is not None else least + 12)))
        return "".join(self._random.choice(_ALPHABET) for _ in range(length))
