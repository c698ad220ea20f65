"""The EC2 query protocol: form-encoded requests, XML answers (Smithy guide, "AWS EC2 query protocol")."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from realvpc.api.core.errors import AwsError, unknown_parameter
from realvpc.api.core.parameters import LIST_NAMES

from .dialect import Ec2Dialect
from .form import Pairs, parse_tree, without_common
from .form_reader import FormReaders
from .model import Shape, input_shape, metadata, output_shape
from .scalars import format_iso8601_milliseconds
from .xml_writer import DECLARATION, XmlWriters, escape


class Ec2Layout:
    """Lists are indexed right after their name; a location name starts with a capital letter on the way in."""

    def member_name(self, name: str, shape: Shape) -> str:
        query_name: str | None = shape.serialization.get("queryName")
        if query_name is not None:
            return query_name
        location: str = shape.serialization.get("name", name)
        return location[:1].upper() + location[1:]

    def missing_name(self, name: str, shape: Shape) -> str:
        """As the model spells it, `routeTableId` in one action and `VpcId` in another; lists by their old names."""
        location: str = shape.serialization.get("name", name)
        return LIST_NAMES.get(name, location) if shape.type_name == "list" else location

    def list_prefix(self, shape: Shape) -> str | None:
        return None

    def map_prefix(self, shape: Shape) -> str | None:
        return None

    def never_empty(self, shape: Shape) -> bool:
        """An unset variable where an instance id should be: EC2 says that the parameter is missing."""
        return bool(shape.member.serialization.get("name") == "InstanceId")

    def of_empty(self, shape: Shape) -> list[Any]:
        """`Filter=` is one filter that lacks everything, other lists are empty."""
        return [{}] if shape.name == "FilterList" else []

    def may_lack(self, name: str, shape: Shape) -> bool:
        """To name no instance is a matter of its own: `No instances specified`.  A launch template's version may say no
        more than its source, and an empty structure is no parameter at all."""
        return name in ("InstanceIds", "LaunchTemplateData")


class Ec2Query:
    """The codec of one service that speaks the EC2 protocol; operations are compiled when first used."""

    content_type = "text/xml;charset=UTF-8"

    def __init__(self, service: str = "ec2") -> None:
        self._service = service
        self._readers = FormReaders(Ec2Layout(), Ec2Dialect())
        self._writers = XmlWriters("item", format_iso8601_milliseconds)

    def read(self, action: str, pairs: Pairs) -> dict[str, Any]:
        """The parameters of a request. Raises the EC2 error for whatever the model does not allow."""
        shape = input_shape(self._service, action)
        tree = without_common(parse_tree(pairs))
        if shape is None:
            if tree:
                raise unknown_parameter(next(iter(tree)))
            return {}
        return self._readers.read(shape, tree)

    def write(self, action: str, response: dict[str, Any], request_id: str) -> bytes:
        """The XML document of a response. Raises KeyError for a member that the model does not have."""
        shape = output_shape(self._service, action)
        content = "<return>true</return>" if shape is None else self._writers.structure(shape)(response)
        return (
            f'{DECLARATION}<{action}Response xmlns="{self._namespace}"><requestId>{request_id}</requestId>'
            f"{content}</{action}Response>"
        ).encode()

    @cached_property
    def _namespace(self) -> str:
        return metadata(self._service, "xmlNamespace").rstrip("/") + "/"

    def error(self, error: AwsError, request_id: str) -> bytes:
        return (
            f"{DECLARATION}<Response><Errors><Error><Code>{escape(error.code)}</Code>"
            f"<Message>{escape(error.message)}</Message></Error></Errors><RequestID>{request_id}</RequestID></Response>"
        ).encode()
