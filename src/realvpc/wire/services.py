"""Which service and action a request is for, and the protocol that it speaks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from realvpc.api.core.errors import AwsError, invalid_action
from realvpc.net import aws_hosts

from . import absent
from .ec2query import Ec2Query
from .form import Pairs, parse_form
from .http import Reply, Request
from .json11 import Json11
from .model import SERVICES, metadata, service_model
from .query import Query
from .rest_xml import RestXml
from .signature import Signature, find_signature

API_VERSIONS = {
    "2010-05-08": "iam",
    "2011-06-15": "sts",
    "2014-11-06": "ssm",
    "2015-12-01": "elasticloadbalancing",
    "2016-11-15": "ec2",
}
TARGET_PREFIXES = {
    "AWSEC2InstanceConnectService": "ec2-instance-connect",
    "AmazonSSM": "ssm",
    "Logs_20140328": "logs",
    "ServiceQuotasV20190624": "servicequotas",
}
PATH_PREFIXES = {"/2013-04-01/": "route53"}
_OBJECTS = "s3"  # whose requests need no signature


_SEARCHED = 4096  # bytes of a body that nobody has signed: clients say the version at its beginning


def _host_of(request: Request) -> str:
    """Without the port."""
    return (request.header("host") or "").partition(":")[0].lower()


class Writer(Protocol):
    """The half of a codec that answers."""

    content_type: str

    def write(self, action: str, response: dict[str, Any], request_id: str) -> bytes: ...
    def error(self, error: AwsError, request_id: str) -> bytes: ...


class Dispatch(msgspec.Struct, frozen=True):
    """A request that has found its service. `read` decodes its parameters; it raises `AwsError`."""

    service: str
    action: str
    read: Callable[[], dict[str, Any]]
    unknown_action: AwsError


class Services:
    """The codecs of all services, and the way from a request to one of them."""

    def __init__(self) -> None:
        for service in SERVICES:
            service_model(service)  # read now, and not while somebody's first request keeps everybody waiting
        self._ec2 = Ec2Query()
        self._query = {service: Query(service) for service in ("elasticloadbalancing", "iam", "sts")}
        self._json = {service: Json11(service) for service in TARGET_PREFIXES.values()}
        self._rest = {"route53": RestXml("route53")}
        self._writers: dict[str, Writer] = {"ec2": self._ec2, **self._query, **self._json, **self._rest}

    def service_of(self, request: Request, signature: Signature | None) -> str:
        """The service that a request addresses, which decides how it is answered even when it is refused.

        By the target header, else by the scope of the signature, else by the host, else by the path, else by the API
        version, else EC2. A service that does not exist here is returned as the client names it.
        """
        prefix = (request.header("x-amz-target") or "").partition(".")[0]
        scope = signature.scope if signature is not None else None
        if prefix in TARGET_PREFIXES:
            return TARGET_PREFIXES[prefix]
        if scope is not None:
            return scope.service
        at_host = aws_hosts.service_at(_host_of(request))
        if at_host is not None:
            return at_host
        at_path = next((service for start, service in PATH_PREFIXES.items() if request.path.startswith(start)), None)
        return at_path or prefix or API_VERSIONS.get(_version(request), "ec2")

    def foreign(self, head: Request, query: bytes) -> str | None:
        """The service of a request that is for none of ours: by its signature or its target, and without either by a
        path at which there is nothing here (which then is taken for an object of S3).  None for one of ours.

        ``head`` is the request without query and body.
        """
        try:
            asked = msgspec.structs.replace(head, query=tuple(parse_form(query)))
        except AwsError:  # none that we could read
            asked = head
        signature = find_signature(asked)
        service = self.service_of(asked, signature)
        if service not in SERVICES:
            return service
        is_signed = signature is not None or asked.header("x-amz-target") is not None
        is_at_path = head.path in ("", "/") or any(head.path.startswith(start) for start in PATH_PREFIXES)
        return None if is_signed or is_at_path else _OBJECTS

    def writer(self, service: str) -> Writer:
        """The codec that answers for one of `SERVICES`."""
        return self._writers[service]

    def refuse(self, service: str, head: Request, error: AwsError, request_id: str) -> Reply:
        """An error in the protocol of a service that need not exist here; `head` is the request without its body."""
        writer = self._writers.get(service)
        if writer is None:
            return absent.refuse(service, head, error, request_id)
        return Reply(error.status, writer.content_type, writer.error(error, request_id))

    def check_place(self, service: str, request: Request) -> None:
        """Raises `AwsError` (404, 405) for a path or a method that the service's protocol does not take."""
        if service in self._rest:
            self._rest[service].route(request)
        elif request.path not in ("", "/"):
            raise AwsError("InvalidRequest", "There is nothing at this path.", 404)
        elif request.method not in ("GET", "POST"):
            raise AwsError("InvalidRequest", "The request has to be a GET or a POST.", 405)

    def dispatch(self, service: str, request: Request) -> Dispatch:
        """The action that a request to one of `SERVICES` names, and the reader of its parameters. Raises `AwsError`."""
        if service in self._json:
            return self._dispatch_json(service, request)
        if service in self._rest:
            return self._dispatch_rest(service, request)
        pairs = [*request.query, *parse_form(request.body)]
        action = next((value for name, value in pairs if name == "Action"), "")
        if not action:
            raise AwsError("MissingAction", "The request is missing an action or a required parameter.")
        if service == "ec2":
            return Dispatch(service, action, lambda: self._ec2.read(action, pairs), invalid_action(action))
        version = next((value for name, value in pairs if name == "Version"), metadata(service, "apiVersion"))
        codec = self._query[service]
        unknown = AwsError("InvalidAction", f"Could not find operation {action} for version {version}")
        if version != metadata(service, "apiVersion"):
            raise unknown
        return Dispatch(service, action, lambda: codec.read(action, pairs), unknown)

    def _dispatch_json(self, service: str, request: Request) -> Dispatch:
        prefix, _, action = (request.header("x-amz-target") or "").partition(".")
        unknown = AwsError("UnknownOperationException", f"The operation {action[:128]} is not available here.")
        if TARGET_PREFIXES.get(prefix) != service or not action:
            raise unknown
        codec = self._json[service]
        return Dispatch(service, action, lambda: codec.read(action, request.body), unknown)

    def _dispatch_rest(self, service: str, request: Request) -> Dispatch:
        codec = self._rest[service]
        route = codec.route(request)
        unknown = AwsError("UnknownOperationException", f"The operation {route.action} is not available here.", 404)
        return Dispatch(service, route.action, lambda: codec.read(route, request.query, request.body), unknown)

    def reply(self, service: str, action: str, response: dict[str, Any], request_id: str) -> Reply:
        """The answer to a call that was performed."""
        writer = self.writer(service)
        status, headers = self._rest[service].head(action, response) if service in self._rest else (200, {})
        return Reply(status, writer.content_type, writer.write(action, response, request_id), headers)


def _version(request: Request) -> str:
    """The API version of an unsigned request; empty when there is none to be found."""
    body = request.body if len(request.body) <= _SEARCHED else request.body[:_SEARCHED].rpartition(b"&")[0]
    try:
        pairs: Pairs = [*request.query, *parse_form(body)]
    except AwsError:
        return ""
    return next((value for name, value in pairs if name == "Version"), "")
