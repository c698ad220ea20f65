"""The AWS JSON 1.1 protocol: JSON both ways, the action in a header (Smithy guide, "AWS JSON 1.1 protocol")."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec

from realvpc.api.core.errors import AwsError
from realvpc.hostile_json import NotJsonError, read_json

from .compiled import Compiled
from .constraints import constraints_of
from .dialect import CommonDialect, Dialect
from .model import Shape, input_shape, output_shape
from .path import Where
from .reading import Reading
from .scalars import (
    bounded,
    format_blob,
    parse_blob,
    parse_timestamp,
    seconds_since_epoch,
    timestamp_from_seconds,
)

Reader: TypeAlias = Callable[[Any, Where, Reading], Any]
Writer: TypeAlias = Callable[[Any], Any]

SERIALIZATION = "SerializationException"
_CONSTRAINT_CODES = {"ec2-instance-connect": "InvalidArgsException", "logs": "InvalidParameterException"}


class Json11:
    """The codec of one service that speaks JSON 1.1; operations are compiled when first used."""

    content_type = "application/x-amz-json-1.1"

    def __init__(self, service: str) -> None:
        self._service = service
        code = _CONSTRAINT_CODES.get(service, "ValidationException")
        dialect = CommonDialect(constraint_code=code, form_code=SERIALIZATION, echoes=service != "logs")
        self._readers = JsonReaders(dialect)
        self._writers = JsonWriters()

    def read(self, action: str, body: bytes) -> dict[str, Any]:
        """The parameters of a request. Raises `SerializationException` or `ValidationException`."""
        shape = input_shape(self._service, action)
        try:
            document = read_json(body) if body else {}
            return {} if shape is None else self._readers.read(shape, document)
        except (NotJsonError, RecursionError):  # as deep as JSON may be read, and deeper than shapes are
            raise AwsError(SERIALIZATION, "The body is not the JSON that the action takes.") from None

    def write(self, action: str, response: dict[str, Any], request_id: str) -> bytes:
        """The JSON document of a response. Raises KeyError for a member that the model does not have."""
        shape = output_shape(self._service, action)
        return msgspec.json.encode({} if shape is None else self._writers.structure(shape)(response))

    def error(self, error: AwsError, request_id: str) -> bytes:
        return msgspec.json.encode({"__type": error.code, "message": error.message})


class JsonReaders:
    """Readers compiled from shapes: a parsed JSON value and its path in, the value of botocore's user out."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._structure = Compiled(self._compile_structure)

    def read(self, shape: Shape, document: Any) -> dict[str, Any]:
        """The parameters of a request. Raises the dialect's error where it breaks the model."""
        reading = Reading(self._dialect)
        value: dict[str, Any] = self._structure(shape)(document, None, reading)
        reading.end()
        return value

    def _compile(self, shape: Shape, *, checked: bool = True) -> Reader:
        kind = shape.type_name
        if kind == "structure":
            return self._structure(shape)
        if kind == "list":
            return self._compile_list(shape)
        if kind == "map":
            return self._value(shape, dict, "a map", self._entries(shape), checked=checked)
        if kind == "string":
            return self._value(shape, str, "a string", _itself, checked=checked)
        if kind == "boolean":
            return self._value(shape, bool, "true or false", _itself, checked=checked)
        if kind in ("integer", "long"):
            return self._value(shape, int, "an integer", lambda value, *_: bounded(value, kind), checked=checked)
        if kind == "timestamp":
            return self._value(
                shape, (int, float, str), "a timestamp", lambda value, *_: _timestamp(value), checked=checked
            )
        if kind == "blob":
            return self._value(shape, str, "Base64", lambda value, *_: parse_blob(value), checked=checked)
        return self._value(shape, (int, float), "a number", lambda value, *_: float(value), checked=checked)

    def _value(
        self, shape: Shape, types: type | tuple[type, ...], expected: str, convert: Reader, *, checked: bool
    ) -> Reader:
        """A reader for one JSON type: the type, then the conversion, then the model's limits."""
        constraints = constraints_of(shape) if checked else ()
        sensitive = bool(shape.metadata.get("sensitive"))
        accepts_bool = types is bool

        def read(value: Any, where: Where, reading: Reading) -> Any:
            if not isinstance(value, types) or (isinstance(value, bool) and not accepts_bool):
                raise reading.dialect.wrong_type(where, value, expected)
            try:
                converted = convert(value, where, reading)
            except (ValueError, OverflowError):
                raise reading.dialect.wrong_type(where, value, expected) from None
            if constraints:
                reading.check(converted, where, constraints, sensitive=sensitive)
            return converted

        return read

    def _compile_structure(self, shape: Shape) -> Reader:
        members: dict[str, tuple[str, Reader]] = {}

        def read(document: Any, where: Where, reading: Reading) -> dict[str, Any]:
            if not isinstance(document, dict):
                raise reading.dialect.wrong_type(where, document, "a structure")
            if not members:  # filled as one: long requests are read in a thread of their own
                members.update(
                    {
                        member.serialization.get("name", name): (name, self._compile(member))
                        for name, member in shape.members.items()
                    }
                )
            value = {}
            for wire_name, child in document.items():
                if child is not None and wire_name in members:
                    name, read_member = members[wire_name]
                    value[name] = read_member(child, (where, wire_name), reading)
            for name in shape.required_members:
                if name not in value:
                    reading.missing((where, name))
            return value

        return read

    def _compile_list(self, shape: Shape) -> Reader:
        single = shape.member.type_name not in ("structure", "list", "map")
        read_element = self._compile(shape.member, checked=not single)
        element_constraints = constraints_of(shape.member) if single else ()
        sensitive = bool(shape.member.metadata.get("sensitive"))

        def each(elements: Any, where: Where, reading: Reading) -> list[Any]:
            value = [
                read_element(element, ((where, number), "member"), reading)
                for number, element in enumerate(elements, 1)
            ]
            if element_constraints:
                reading.check_elements(value, where, element_constraints, sensitive=sensitive)
            return value

        return self._value(shape, list, "a list", each, checked=True)

    def _entries(self, shape: Shape) -> Reader:
        read_key, read_value = self._compile(shape.key), self._compile(shape.value)

        def read(entries: Any, where: Where, reading: Reading) -> dict[str, Any]:
            return {
                read_key(key, (where, "key"), reading): read_value(value, (where, key), reading)
                for key, value in entries.items()
            }

        return read


class JsonWriters:
    """Writers compiled from shapes: the value of an action in, a value that JSON can hold out."""

    def __init__(self) -> None:
        self.structure = Compiled(self._compile_structure)

    def _compile_structure(self, shape: Shape) -> Writer:
        members: dict[str, tuple[str, Writer]] = {}

        def write(value: Any) -> dict[str, Any]:
            if not members:  # filled as one, like those of the readers
                members.update(
                    {
                        name: (member.serialization.get("name", name), self._compile(member))
                        for name, member in shape.members.items()
                    }
                )
            document = {}
            for name, child in value.items():
                if child is not None:
                    wire_name, write_member = members[name]
                    document[wire_name] = write_member(child)
            return document

        return write

    def _compile(self, shape: Shape) -> Writer:
        kind = shape.type_name
        if kind == "structure":
            return self.structure(shape)
        if kind == "list":
            write_element = self._compile(shape.member)
            return lambda value: [write_element(element) for element in value]
        if kind == "map":
            write_value = self._compile(shape.value)
            return lambda value: {key: write_value(child) for key, child in value.items()}
        if kind == "timestamp":
            return seconds_since_epoch
        if kind == "blob":
            return format_blob
        return lambda value: value


def _itself(value: Any, where: Where, reading: Reading) -> Any:
    return value


def _timestamp(value: float | str) -> Any:
    return parse_timestamp(value) if isinstance(value, str) else timestamp_from_seconds(value)
