"""The REST-XML protocol of Route 53: paths, query strings and XML (Smithy guide, "AWS restXml protocol").

Of the protocol's features it has those that Route 53's model uses: members in the path, the query string and the body,
and headers of the answer.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from realvpc.api.core.errors import AwsError

from .dialect import CommonDialect, shown
from .http import Request
from .model import Shape, input_shape, output_shape, service_model
from .reading import Reading
from .rest_routes import Route, Routes
from .scalars import TextReader, compile_text_reader, format_iso8601_milliseconds
from .xml_document import MalformedXml, parse_xml
from .xml_reader import Reader, XmlReaders
from .xml_writer import DECLARATION, XmlWriters, error_response

MALFORMED = "MalformedInput"
_SUCCESS = 200


class RestXml:
    """The codec of one service; operations are compiled when first used."""

    content_type = "text/xml"

    def __init__(self, service: str) -> None:
        self._service = service
        self._dialect = CommonDialect(constraint_code="InvalidInput", form_code=MALFORMED)
        self._routes = Routes(service)
        self._writers = XmlWriters("member", format_iso8601_milliseconds)
        self._operations: dict[str, _Operation | None] = {}

    def route(self, request: Request) -> Route:
        """The operation that a request's method and path name.  Raises UnknownOperationException."""
        route = self._routes.find(request.method, request.path)
        if route is None:
            raise AwsError("UnknownOperationException", "There is no operation with this method and path.", 404)
        return route

    def read(self, route: Route, query: Iterable[tuple[str, str]], body: bytes) -> dict[str, Any]:
        """The parameters of a request.  Raises InvalidInput or MalformedInput where it breaks the model."""
        if route.action not in self._operations:
            shape = input_shape(self._service, route.action)
            compiled = _Operation(shape, self._readers, self._dialect) if shape is not None else None
            self._operations[route.action] = compiled
        operation = self._operations[route.action]
        return operation.read(route.labels, query, body) if operation is not None else {}

    def write(self, action: str, response: dict[str, Any], request_id: str) -> bytes:
        """The XML document of a response.  Raises KeyError for a member that the model does not have."""
        shape = output_shape(self._service, action)
        content = ""
        if shape is not None:
            members = {name: value for name, value in response.items() if _location(shape.members[name]) is None}
            content = self._writers.structure(shape)(members)
        return f'{DECLARATION}<{action}Response xmlns="{self._namespace}">{content}</{action}Response>'.encode()

    def head(self, action: str, response: dict[str, Any]) -> tuple[int, dict[str, str]]:
        """The status of the answer, and the headers that the model puts members of the response in."""
        operation = service_model(self._service).operation_model(action)
        members = operation.output_shape.members if operation.output_shape is not None else {}
        headers = {
            member.serialization["name"]: str(response[name])
            for name, member in members.items()
            if _location(member) == "header" and response.get(name) is not None
        }
        return operation.http.get("responseCode", _SUCCESS), headers

    def error(self, error: AwsError, request_id: str) -> bytes:
        return error_response(self._namespace, error, request_id)

    @cached_property
    def _namespace(self) -> str:
        """The model says it at the requests that have a body."""
        model = service_model(self._service)
        shapes = (model.operation_model(action).input_shape for action in model.operation_names)
        found: str = next(
            shape.serialization["xmlNamespace"]["uri"]
            for shape in shapes
            if shape is not None and "xmlNamespace" in shape.serialization
        )
        return found

    @cached_property
    def _readers(self) -> XmlReaders:
        return XmlReaders(self._namespace)


class _Operation:
    """The readers of one operation's input."""

    def __init__(self, shape: Shape, readers: XmlReaders, dialect: CommonDialect) -> None:
        self._readers = readers
        self._dialect = dialect
        self._root: str = shape.serialization.get("name", shape.name)
        self._labels = _text_readers(shape, "uri")
        self._parameters = _text_readers(shape, "querystring")
        self._required = [name for name in shape.required_members if _location(shape.members[name]) == "querystring"]
        body = [name for name, member in shape.members.items() if _location(member) is None]
        self._body: Reader | None = readers.members(shape, body) if body else None
        self._required_body = [name for name in shape.required_members if name in body]

    def read(self, labels: Mapping[str, str], query: Iterable[tuple[str, str]], body: bytes) -> dict[str, Any]:
        reading = Reading(self._dialect)
        value: dict[str, Any] = {}
        for texts, readers in ((labels.items(), self._labels), (query, self._parameters)):
            for wire_name, text in texts:
                if wire_name in readers:
                    name, read_text = readers[wire_name]
                    value.setdefault(name, read_text(text, (None, name), reading))
        for name in self._required:
            if name not in value:
                reading.missing((None, name))
        value |= self._read_body(body, reading)
        reading.end()
        return value

    def _read_body(self, body: bytes, reading: Reading) -> dict[str, Any]:
        if self._body is None:
            return {}
        if not body.strip():
            for name in self._required_body:
                reading.missing((None, name))
            return {}
        try:
            root = parse_xml(body)
        except MalformedXml as error:
            raise AwsError(MALFORMED, f"The request is not valid XML: {error}") from None
        name = self._readers.name_of(root)
        if name != self._root:
            raise AwsError(MALFORMED, f"{shown(name)} is not valid, expected {self._root}")
        value: dict[str, Any] = self._body(root, None, reading)
        return value


def _location(member: Shape) -> str | None:
    found: str | None = member.serialization.get("location")
    return found


def _text_readers(shape: Shape, location: str) -> dict[str, tuple[str, TextReader]]:
    """Readers of the members in one place of the request, by their names there."""
    return {
        member.serialization["name"]: (name, compile_text_reader(member))
        for name, member in shape.members.items()
        if _location(member) == location
    }
