"""Request readers for XML bodies, compiled from botocore's shapes to closures.

A reader takes an element and its path, and returns the value that botocore's user would have passed in; it tells the
reading (third argument) what breaks the model's rules.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, TypeAlias
from xml.etree.ElementTree import Element

from .compiled import Compiled
from .constraints import constraints_of
from .model import Shape
from .path import Where
from .reading import Reading
from .scalars import compile_text_reader

Reader: TypeAlias = Callable[[Element, Where, Reading], Any]


class XmlReaders:
    """The readers of one service, whose elements are in ``namespace`` or in none."""

    def __init__(self, namespace: str) -> None:
        self._prefix = f"{{{namespace}}}"
        self.structure: Compiled[Reader] = Compiled(lambda shape: self.members(shape, shape.members))

    def name_of(self, element: Element) -> str:
        """The element's name; one in a strange namespace keeps it, and is no member of anything."""
        return element.tag.removeprefix(self._prefix)

    def members(self, shape: Shape, names: Collection[str]) -> Reader:
        """The reader of those members of a structure that have these names."""
        compiled: dict[str, tuple[str, Reader]] = {}

        def read(element: Element, where: Where, reading: Reading) -> dict[str, Any]:
            if not compiled:  # filled as one: long requests are read in a thread of their own
                members = ((name, shape.members[name]) for name in names)
                compiled.update(
                    {member.serialization.get("name", name): (name, self._compile(member)) for name, member in members}
                )
            _check_no_text(element, where, reading)
            value: dict[str, Any] = {}
            for child in element:
                wire_name = self.name_of(child)
                if wire_name not in compiled:
                    continue
                name, read_member = compiled[wire_name]
                if name in value:
                    raise reading.dialect.wrong_form((where, wire_name))
                value[name] = read_member(child, (where, wire_name), reading)
            for name in shape.required_members:
                if name in names and name not in value:
                    reading.missing((where, name))
            return value

        return read

    def _compile(self, shape: Shape) -> Reader:
        if shape.type_name == "structure":
            return self.structure(shape)
        return self._compile_list(shape) if shape.type_name == "list" else self._compile_scalar(shape)

    def _compile_scalar(self, shape: Shape) -> Reader:
        read_text = compile_text_reader(shape)
        is_string = shape.type_name == "string"

        def read(element: Element, where: Where, reading: Reading) -> Any:
            if len(element):
                raise reading.dialect.wrong_form((where, self.name_of(element[0])))
            text = element.text or ""
            return read_text(text if is_string else text.strip(), where, reading)

        return read

    def _compile_list(self, shape: Shape) -> Reader:
        tag: str = shape.member.serialization.get("name", "member")
        read_element = self._compile(shape.member)
        constraints = constraints_of(shape)

        def read(element: Element, where: Where, reading: Reading) -> list[Any]:
            _check_no_text(element, where, reading)
            value = []
            for number, child in enumerate(element, 1):
                if self.name_of(child) != tag:
                    raise reading.dialect.wrong_form((where, self.name_of(child)))
                value.append(read_element(child, ((where, number), "member"), reading))
            if constraints:
                reading.check(value, where, constraints)
            return value

        return read


def _check_no_text(element: Element, where: Where, reading: Reading) -> None:
    """White space between elements means nothing; other text does not belong there."""
    if (element.text or "").strip() or any((child.tail or "").strip() for child in element):
        raise reading.dialect.wrong_form(where)
