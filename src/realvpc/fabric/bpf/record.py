"""Fixed-size records that C and Python lay out alike: little helpers for ``layout.py``."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from functools import cached_property
from typing import Any, NamedTuple


class Scalar(NamedTuple):
    """``c`` is the C type, ``code`` the letter of :mod:`struct`, ``size`` and ``alignment`` count bytes."""

    c: str
    code: str
    size: int
    alignment: int


U8 = Scalar("__u8", "B", 1, 1)
U16 = Scalar("__u16", "H", 2, 2)
U32 = Scalar("__u32", "I", 4, 4)
U64 = Scalar("__u64", "Q", 8, 8)
ADDRESS = Scalar("struct address", "16s", 16, 8)  # network byte order
TIMER = Scalar("struct bpf_timer", "16s", 16, 8)  # zero outside the kernel
MAC = Scalar("struct mac", "6s", 6, 1)


class Field(NamedTuple):
    """``about`` becomes a comment in the C header.  ``repeat`` above 1 makes an array."""

    name: str
    kind: Scalar | Record
    about: str = ""
    repeat: int = 1


class Record:
    """A C struct.  ``tight`` forbids 64-bit alignment, as the key of an LPM trie needs."""

    def __init__(self, name: str, *fields: Field, tight: bool = False) -> None:
        self.name = name
        self.fields = fields
        self.tight = tight

    @cached_property
    def alignment(self) -> int:
        return 4 if self.tight else max((field.kind.alignment for field in self.fields), default=1)

    @cached_property
    def _plan(self) -> tuple[tuple[tuple[Field, int], ...], int]:
        """Each field with its offset, and the size of the whole."""
        offset, placed = 0, []
        for field in self.fields:
            alignment = min(field.kind.alignment, self.alignment)
            offset += -offset % alignment
            placed.append((field, offset))
            offset += field.kind.size * field.repeat
        return tuple(placed), offset + -offset % self.alignment

    @property
    def size(self) -> int:
        return self._plan[1]

    @cached_property
    def _codec(self) -> struct.Struct:
        """One flat format with explicit padding; nested records are byte strings."""
        letters, end = "=", 0
        for field, offset in self._plan[0]:
            letters += "x" * (offset - end)
            kind = field.kind
            if isinstance(kind, Scalar) and field.repeat == 1:
                letters += kind.code
            else:
                letters += f"{kind.size * field.repeat}s"
            end = offset + kind.size * field.repeat
        return struct.Struct(letters + "x" * (self.size - end))

    def pack(self, *values: Any) -> bytes:
        """One value per field, in order: an int, bytes, or for a nested record its packed bytes (arrays joined)."""
        return self._codec.pack(*values)

    def unpack(self, data: bytes) -> Mapping[str, Any]:
        """Values by field name; nested records and arrays stay bytes."""
        return dict(zip((field.name for field in self.fields), self._codec.unpack(data), strict=True))

    @property
    def declaration(self) -> str:
        """The struct in C, with an assertion of its size."""
        lines = [f"struct {self.name} {{"]
        for field in self.fields:
            c = field.kind.c if isinstance(field.kind, Scalar) else f"struct {field.kind.name}"
            repeat = field.repeat
            if self.tight and field.kind in (U64, ADDRESS):
                c, repeat = "__u32", field.kind.size // 4
            array = f"[{repeat}]" if repeat > 1 else ""
            comment = f" /* {field.about} */" if field.about else ""
            lines.append(f"\t{c} {field.name}{array};{comment}")
        lines.append("};")
        lines.append(f'_Static_assert(sizeof(struct {self.name}) == {self.size}, "layout.py and C agree");')
        return "\n".join(lines)
