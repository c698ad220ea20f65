"""Request readers for the two form-encoded protocols, compiled from botocore's shapes to closures.

A reader takes a node of the parameter tree and the node's path, and returns the value that botocore's user would have
passed in; it checks the model's rules on the way and raises the dialect's error at the first break. Structures are
compiled when a request first carries one, and once; that also ends the recursion of recursive shapes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

from .dialect import Dialect
from .form import Node, in_order
from .model import Shape
from .scalars import compile_check, compile_text_reader

Reader: TypeAlias = Callable[[Node, str], Any]


class Layout(Protocol):
    """Where a protocol puts members, list elements and map entries."""

    def member_name(self, name: str, shape: Shape) -> str:
        """The wire name of a structure's member."""

    def list_prefix(self, shape: Shape) -> str | None:
        """The name between a list and its indices; None where the indices follow at once."""

    def map_prefix(self, shape: Shape) -> str | None: ...


class FormReaders:
    """The readers of one service."""

    def __init__(self, layout: Layout, dialect: Dialect) -> None:
        self._layout = layout
        self._dialect = dialect
        self._structures: dict[str, Reader] = {}

    def structure(self, shape: Shape) -> Reader:
        """The reader of a structure, which is what every operation's input is."""
        reader = self._structures.get(shape.name)
        if reader is None:
            reader = self._structures[shape.name] = self._compile_structure(shape)
        return reader

    def _compile(self, shape: Shape) -> Reader:
        if shape.type_name == "structure":
            return self.structure(shape)
        if shape.type_name == "list":
            return self._compile_list(shape)
        if shape.type_name == "map":
            return self._compile_map(shape)
        return self._compile_scalar(shape)

    def _compile_scalar(self, shape: Shape) -> Reader:
        read_text = compile_text_reader(shape, self._dialect)
        wrong_form = self._dialect.wrong_form

        def read(node: Node, path: str) -> Any:
            if not isinstance(node, str):
                raise wrong_form(f"{path}.{next(iter(node))}")
            return read_text(node, path)

        return read

    def _compile_structure(self, shape: Shape) -> Reader:
        members: dict[str, tuple[str, Reader]] = {}
        required: list[tuple[str, str]] = []
        dialect = self._dialect

        def compile_members() -> None:
            for name, member in shape.members.items():
                wire_name = self._layout.member_name(name, member)
                members[wire_name] = (name, self._compile(member))
                if name in shape.required_members:
                    required.append((name, wire_name))

        def read(node: Node, path: str) -> dict[str, Any]:
            if isinstance(node, str):
                raise dialect.wrong_form(path)
            if not members:
                compile_members()
            prefix = f"{path}." if path else ""
            value: dict[str, Any] = {}
            for wire_name, child in node.items():
                member = members.get(wire_name)
                if member is not None:
                    value[member[0]] = member[1](child, prefix + wire_name)
                elif (unknown := dialect.unknown(prefix + wire_name)) is not None:
                    raise unknown
            for name, wire_name in required:
                if name not in value:
                    raise dialect.missing(prefix + wire_name)
            return value

        return read

    def _compile_list(self, shape: Shape) -> Reader:
        elements = self._elements(self._layout.list_prefix(shape))
        read_member = self._compile(shape.member)
        check = compile_check(shape, self._dialect)

        def read(node: Node, path: str) -> list[Any]:
            value = [read_member(child, child_path) for child_path, child in elements(node, path)]
            if check is not None:
                check(value, path)
            return value

        return read

    def _compile_map(self, shape: Shape) -> Reader:
        elements = self._elements(self._layout.map_prefix(shape))
        key_name = shape.key.serialization.get("name", "key")
        value_name = shape.value.serialization.get("name", "value")
        read_key, read_value = self._compile(shape.key), self._compile(shape.value)
        check = compile_check(shape, self._dialect)
        dialect = self._dialect

        def read(node: Node, path: str) -> dict[str, Any]:
            value: dict[str, Any] = {}
            for entry_path, entry in elements(node, path):
                if isinstance(entry, str) or not entry.keys() <= {key_name, value_name}:
                    raise dialect.wrong_form(entry_path)
                for name in (key_name, value_name):
                    if name not in entry:
                        raise dialect.missing(f"{entry_path}.{name}")
                key = read_key(entry[key_name], f"{entry_path}.{key_name}")
                value[key] = read_value(entry[value_name], f"{entry_path}.{value_name}")
            if check is not None:
                check(value, path)
            return value

        return read

    def _elements(self, prefix: str | None) -> Callable[[Node, str], list[tuple[str, Node]]]:
        """A function from a list's node and path to the paths and nodes of its elements, in order."""
        dialect = self._dialect

        def elements(node: Node, path: str) -> list[tuple[str, Node]]:
            if prefix is not None:
                if node == "":
                    return []  # the query protocol's empty list
                if isinstance(node, str) or node.keys() != {prefix}:
                    raise dialect.wrong_form(path)
                node, path = node[prefix], f"{path}.{prefix}"
            if isinstance(node, str):
                raise dialect.wrong_form(path)
            ordered = in_order(node)
            if ordered is None:
                raise dialect.wrong_form(f"{path}.{next(iter(node))}")
            return [(f"{path}.{index}", child) for index, child in ordered]

        return elements
