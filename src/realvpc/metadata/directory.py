"""Directories and texts, and the path that leads to one."""

from __future__ import annotations

from typing import TypeAlias

from msgspec import Struct

Node: TypeAlias = "Directory | str | bytes"
"""A directory, a text, or data of any kind (user data)."""


class Directory(Struct, frozen=True):
    """``labels`` says how a listing calls entries that it does not call by their name and, for a directory, a slash."""

    entries: dict[str, Node]
    labels: dict[str, str] = {}

    @property
    def listing(self) -> str:
        """One entry a line, by name."""
        return "\n".join(
            self.labels.get(name, f"{name}/" if isinstance(node, Directory) else name)
            for name, node in sorted(self.entries.items())
        )


def directory(entries: dict[str, Node | None], labels: dict[str, str] | None = None) -> Directory:
    """A directory of those entries that are not None."""
    return Directory({name: node for name, node in entries.items() if node is not None}, labels or {})


def find(root: Directory, path: str) -> str | bytes | None:
    """What is at the path: a text, or the listing of a directory; None where nothing is.

    A slash at the end, or several in a row, make no difference.
    """
    node: Node = root
    for name in filter(None, path.split("/")):
        if not isinstance(node, Directory) or name not in node.entries:
            return None
        node = node.entries[name]
    return node.listing if isinstance(node, Directory) else node
