"""Request readers for the two form-encoded protocols, compiled from botocore's shapes to closures.

A reader takes a node of the parameter tree and its path, and returns the value that botocore's user would have passed
in; it tells the reading (third argument) what breaks the model's rules. Structures are compiled when a request first
carries one, and once; that also ends the recursion of recursive shapes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol, TypeAlias

from .compiled import Compiled
from .constraints import constraints_of
from .dialect import Dialect
from .form import Node, Tree, in_order
from .model import Shape
from .path import Where
from .reading import Reading
from .scalars import compile_text_reader

Reader: TypeAlias = Callable[[Node, Where, Reading], Any]

_COMPOUND = frozenset({"structure", "list", "map"})


class Layout(Protocol):
    """Where a protocol puts members, list elements and map entries."""

    def member_name(self, name: str, shape: Shape) -> str:
        """The wire name of a structure's member."""

    def missing_name(self, name: str, shape: Shape) -> str:
        """What the service calls the member when it is missing."""

    def list_prefix(self, shape: Shape) -> str | None:
        """The name between a list and its indices; None where the indices follow at once."""

    def map_prefix(self, shape: Shape) -> str | None: ...
    def never_empty(self, shape: Shape) -> bool:
        """Whether an empty text in this list counts as no element."""

    def of_empty(self, shape: Shape) -> list[Any]:
        """What a list holds whose name comes with no index and no value: what clients send for an empty one."""

    def may_lack(self, name: str, shape: Shape) -> bool:
        """Whether the action itself has words for a request without a member that the model requires."""


class FormReaders:
    """The readers of one service."""

    def __init__(self, layout: Layout, dialect: Dialect) -> None:
        self._layout = layout
        self._dialect = dialect
        self._structure = Compiled(self._compile_structure)

    def read(self, shape: Shape, tree: Tree) -> dict[str, Any]:
        """The parameters of a request. Raises the dialect's error where it breaks the model."""
        reading = Reading(self._dialect)
        value: dict[str, Any] = self._structure(shape)(tree, None, reading)
        reading.end()
        return value

    def _compile(self, shape: Shape) -> Reader:
        if shape.type_name == "structure":
            return self._structure(shape)
        if shape.type_name == "list":
            return self._compile_list(shape)
        if shape.type_name == "map":
            return self._compile_map(shape)
        return self._compile_scalar(shape)

    def _compile_scalar(self, shape: Shape, *, checked: bool = True) -> Reader:
        read_text = compile_text_reader(shape, checked=checked)

        def read(node: Node, where: Where, reading: Reading) -> Any:
            if not isinstance(node, str):
                raise reading.dialect.wrong_form((where, next(iter(node))))
            return read_text(node, where, reading)

        return read

    def _compile_structure(self, shape: Shape) -> Reader:
        members: dict[str, tuple[str, Reader]] = {}
        required = [
            (name, self._layout.missing_name(name, shape.members[name]))
            for name in shape.members
            if name in shape.required_members and not self._layout.may_lack(name, shape.members[name])
        ]
        empty_is_missing = self._dialect.empty_is_missing

        def compiled() -> dict[str, tuple[str, Reader]]:
            return {
                self._layout.member_name(name, member): (name, self._compile(member))
                for name, member in shape.members.items()
            }

        def read(node: Node, where: Where, reading: Reading) -> dict[str, Any]:
            if isinstance(node, str):
                raise reading.dialect.wrong_form(where)
            if not members:
                members.update(compiled())  # as one: long requests are read in a thread of their own
            value: dict[str, Any] = {}
            for wire_name, child in node.items():
                member = members.get(wire_name)
                if member is not None:
                    value[member[0]] = member[1](child, (where, wire_name), reading)
                elif (unknown := reading.dialect.unknown((where, wire_name))) is not None:
                    raise unknown
            for name, missing_name in required:
                if name not in value or (empty_is_missing and value[name] in ("", [])):
                    reading.missing((where, missing_name))
            return value

        return read

    def _compile_list(self, shape: Shape) -> Reader:
        elements = self._elements(self._layout.list_prefix(shape))
        single = shape.member.type_name not in _COMPOUND
        read_member = self._compile_scalar(shape.member, checked=False) if single else self._compile(shape.member)
        constraints = constraints_of(shape)
        element_constraints = constraints_of(shape.member) if single else ()
        sensitive = bool(shape.member.metadata.get("sensitive"))
        never_empty = self._layout.never_empty(shape)
        of_empty = self._layout.of_empty(shape)

        def read(node: Node, where: Where, reading: Reading) -> list[Any]:
            parts = [] if node == "" else elements(node, where, reading)
            value = [read_member(child, child_path, reading) for child_path, child in parts] or list(of_empty)
            if never_empty and "" in value:
                reading.missing(where)
            if constraints:
                reading.check(value, where, constraints)
            if element_constraints:
                reading.check_elements(value, where, element_constraints, sensitive=sensitive)
            return value

        return read

    def _compile_map(self, shape: Shape) -> Reader:
        elements = self._elements(self._layout.map_prefix(shape))
        key_name = shape.key.serialization.get("name", "key")
        value_name = shape.value.serialization.get("name", "value")
        read_key, read_value = self._compile(shape.key), self._compile(shape.value)
        constraints = constraints_of(shape)

        def read(node: Node, where: Where, reading: Reading) -> dict[str, Any]:
            value: dict[str, Any] = {}
            for entry_path, entry in elements(node, where, reading):
                if isinstance(entry, str) or not entry.keys() <= {key_name, value_name}:
                    raise reading.dialect.wrong_form(entry_path)
                missing = [name for name in (key_name, value_name) if name not in entry]
                for name in missing:
                    reading.missing((entry_path, name))
                if not missing:
                    key = read_key(entry[key_name], (entry_path, key_name), reading)
                    value[key] = read_value(entry[value_name], (entry_path, value_name), reading)
            if constraints:
                reading.check(value, where, constraints)
            return value

        return read

    def _elements(self, prefix: str | None) -> Callable[[Node, Where, Reading], list[tuple[Where, Node]]]:
        """A function from a list's node and path to the paths and nodes of its elements, in order."""

        def elements(node: Node, where: Where, reading: Reading) -> list[tuple[Where, Node]]:
            if prefix is not None:
                if node == "":
                    return []  # the query protocol's empty list
                if isinstance(node, str) or node.keys() != {prefix}:
                    raise reading.dialect.wrong_form(where)
                node, where = node[prefix], (where, prefix)
            if isinstance(node, str):
                raise reading.dialect.wrong_form(where)
            ordered = in_order(node)
            if ordered is None:
                raise reading.dialect.wrong_form((where, next(iter(node))))
            return [((where, index), child) for index, child in ordered]

        return elements
