"""The AWS JSON 1.1 protocol of SSM: JSON both ways, the action in a header (Smithy guide, "AWS JSON 1.1 protocol")."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import msgspec

from realvpc.api.core.errors import AwsError

from .dialect import CommonDialect, Dialect
from .model import Shape, input_shape, output_shape
from .scalars import (
    bounded,
    compile_check,
    format_blob,
    parse_blob,
    parse_timestamp,
    seconds_since_epoch,
    timestamp_from_seconds,
)

Reader: TypeAlias = Callable[[Any, str], Any]
Writer: TypeAlias = Callable[[Any], Any]

SERIALIZATION = "SerializationException"


class Json11:
    """The codec of one service that speaks JSON 1.1; operations are compiled when first used."""

    content_type = "application/x-amz-json-1.1"

    def __init__(self, service: str) -> None:
        self._service = service
        self._readers = JsonReaders(CommonDialect(constraint_code="ValidationException", form_code=SERIALIZATION))
        self._writers = JsonWriters()

    def read(self, action: str, body: bytes) -> dict[str, Any]:
        """The parameters of a request. Raises `SerializationException` or `ValidationException`."""
        shape = input_shape(self._service, action)
        try:
            document = msgspec.json.decode(body) if body else {}
            if shape is None:
                return {}
            value: dict[str, Any] = self._readers.structure(shape)(document, "")
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            raise AwsError(SERIALIZATION, "The body is not the JSON that the action takes.") from None
        return value

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
        self._structures: dict[str, Reader] = {}

    def structure(self, shape: Shape) -> Reader:
        reader = self._structures.get(shape.name)
        if reader is None:
            reader = self._structures[shape.name] = self._compile_structure(shape)
        return reader

    def _compile(self, shape: Shape) -> Reader:
        kind = shape.type_name
        if kind == "structure":
            return self.structure(shape)
        if kind == "list":
            return self._checked(shape, list, "a list", self._each(self._compile(shape.member)))
        if kind == "map":
            return self._checked(shape, dict, "a map", self._entries(shape))
        if kind == "string":
            return self._checked(shape, str, "a string", lambda value, _: value)
        if kind == "boolean":
            return self._checked(shape, bool, "true or false", lambda value, _: value)
        if kind in ("integer", "long"):
            return self._checked(shape, int, "an integer", lambda value, _: bounded(value, kind))
        if kind == "timestamp":
            return self._checked(shape, (int, float, str), "a timestamp", lambda value, _: _timestamp(value))
        if kind == "blob":
            return self._checked(shape, str, "Base64", lambda value, _: parse_blob(value))
        return self._checked(shape, (int, float), "a number", lambda value, _: float(value))

    def _checked(self, shape: Shape, types: type | tuple[type, ...], expected: str, convert: Reader) -> Reader:
        """A reader for one JSON type: the type, then the conversion, then the model's limits."""
        check = compile_check(shape, self._dialect)
        dialect = self._dialect
        accepts_bool = types is bool

        def read(value: Any, path: str) -> Any:
            if not isinstance(value, types) or (isinstance(value, bool) and not accepts_bool):
                raise dialect.wrong_type(path, value, expected)
            try:
                converted = convert(value, path)
            except (ValueError, OverflowError):
                raise dialect.wrong_type(path, value, expected) from None
            if check is not None:
                check(converted, path)
            return converted

        return read

    def _compile_structure(self, shape: Shape) -> Reader:
        members: dict[str, tuple[str, Reader]] = {}
        dialect = self._dialect

        def read(document: Any, path: str) -> dict[str, Any]:
            if not isinstance(document, dict):
                raise dialect.wrong_type(path, document, "a structure")
            if not members:
                for name, member in shape.members.items():
                    members[member.serialization.get("name", name)] = (name, self._compile(member))
            prefix = f"{path}." if path else ""
            value = {}
            for wire_name, child in document.items():
                if child is not None and wire_name in members:
                    name, read_member = members[wire_name]
                    value[name] = read_member(child, prefix + wire_name)
            for name in shape.required_members:
                if name not in value:
                    raise dialect.missing(prefix + name)
            return value

        return read

    def _each(self, read_element: Reader) -> Reader:
        def read(elements: Any, path: str) -> list[Any]:
            return [read_element(element, f"{path}.{i}.member") for i, element in enumerate(elements, 1)]

        return read

    def _entries(self, shape: Shape) -> Reader:
        read_key, read_value = self._compile(shape.key), self._compile(shape.value)

        def read(entries: Any, path: str) -> dict[str, Any]:
            return {read_key(key, f"{path}.key"): read_value(value, f"{path}.{key}") for key, value in entries.items()}

        return read


class JsonWriters:
    """Writers compiled from shapes: the value of an action in, a value that JSON can hold out."""

    def __init__(self) -> None:
        self._structures: dict[str, Writer] = {}

    def structure(self, shape: Shape) -> Writer:
        writer = self._structures.get(shape.name)
        if writer is None:
            writer = self._structures[shape.name] = self._compile_structure(shape)
        return writer

    def _compile_structure(self, shape: Shape) -> Writer:
        members: dict[str, tuple[str, Writer]] = {}

        def write(value: Any) -> dict[str, Any]:
            if not members:
                for name, member in shape.members.items():
                    members[name] = (member.serialization.get("name", name), self._compile(member))
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


def _timestamp(value: float | str) -> Any:
    return parse_timestamp(value) if isinstance(value, str) else timestamp_from_seconds(value)
