"""The AWS query protocol of Elastic Load Balancing, IAM and STS: form-encoded requests, XML answers (Smithy guide, "AWS
query protocol")."""

from __future__ import annotations

from typing import Any

from realvpc.api.core.errors import AwsError

from .dialect import CommonDialect
from .form import Pairs, parse_tree, without_common
from .form_reader import FormReaders
from .model import Shape, input_shape, metadata, output_shape
from .scalars import format_iso8601_seconds
from .xml_writer import DECLARATION, XmlWriters, error_response

_OWN_WORDS = {
    "iam": {
        r"[\w+=,.@-]+": "The specified value for {} is invalid. "
        "It must contain only alphanumeric characters and/or the following: +=,.@_-",
        r"(\u002F)|(\u002F[\u0021-\u007E]+\u002F)": "The specified value for {} is invalid. "
        "It must begin and end with / and contain only alphanumeric characters and/or / characters.",
    }
}
"""IAM's sentences for names and paths, by the pattern in the model."""


class QueryLayout:
    """Lists are indexed after `member` and maps after `entry`, unless the model flattens them."""

    def member_name(self, name: str, shape: Shape) -> str:
        if shape.type_name == "list" and shape.serialization.get("flattened"):
            element: str | None = shape.member.serialization.get("name")
            if element is not None:
                return element
        location: str = shape.serialization.get("name", name)
        return location

    missing_name = member_name

    def list_prefix(self, shape: Shape) -> str | None:
        if shape.serialization.get("flattened"):
            return None
        name: str = shape.member.serialization.get("name", "member")
        return name

    def map_prefix(self, shape: Shape) -> str | None:
        return None if shape.serialization.get("flattened") else "entry"

    def never_empty(self, shape: Shape) -> bool:
        return False

    def of_empty(self, shape: Shape) -> list[Any]:
        return []

    def may_lack(self, name: str, shape: Shape) -> bool:
        return False


class Query:
    """The codec of one service that speaks the query protocol; operations are compiled when first used."""

    content_type = "text/xml"

    def __init__(self, service: str) -> None:
        self._service = service
        dialect = CommonDialect(
            constraint_code="ValidationError", form_code="MalformedInput", own_words=_OWN_WORDS.get(service)
        )
        self._readers = FormReaders(QueryLayout(), dialect)
        self._writers = XmlWriters("member", format_iso8601_seconds)

    def read(self, action: str, pairs: Pairs) -> dict[str, Any]:
        """The parameters of a request. Raises `ValidationError` or `MalformedInput` where it breaks the model."""
        shape = input_shape(self._service, action)
        tree = without_common(parse_tree(pairs))
        if shape is None:
            return {}
        return self._readers.read(shape, tree)

    def write(self, action: str, response: dict[str, Any], request_id: str) -> bytes:
        """The XML document of a response. Raises KeyError for a member that the model does not have."""
        shape = output_shape(self._service, action)
        content = ""
        if shape is not None:
            wrapper = shape.serialization.get("resultWrapper", f"{action}Result")
            content = f"<{wrapper}>{self._writers.structure(shape)(response)}</{wrapper}>"
        return (
            f'{DECLARATION}<{action}Response xmlns="{metadata(self._service, "xmlNamespace")}">{content}'
            f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata></{action}Response>"
        ).encode()

    def error(self, error: AwsError, request_id: str) -> bytes:
        return error_response(metadata(self._service, "xmlNamespace"), error, request_id)
