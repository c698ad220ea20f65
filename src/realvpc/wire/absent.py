"""How a service that does not exist here says so: in the protocol that its clients read.

The service is the one that the signature names. `protocols.json` has the protocols of all that botocore knows; where a
service has several, the request shows which its client speaks. Sources: the Smithy guide's pages on AWS's protocols.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.resources import files

import msgspec

from realvpc.api.core.errors import AwsError

from .http import Reply, Request
from .xml_writer import DECLARATION, escape

_CBOR_MAP, _CBOR_TEXT = 0xA0, 0x60  # major types 5 and 3 (RFC 8949, section 3.1)
_BARE_ERRORS = frozenset({"s3", "s3express"})  # the root of whose errors is Error


def refuse(service: str, head: Request, error: AwsError, request_id: str) -> Reply:
    """The error as the client of this service reads it."""
    return _REFUSALS[_protocol(service, head)](service, head, error, request_id)


def _protocol(service: str, head: Request) -> str:
    """By what the request shows, else by what botocore has of the service, else by the path."""
    if head.header("smithy-protocol") == "rpc-v2-cbor":
        return "smithy-rpc-v2-cbor"
    if head.header("x-amz-target") is not None:
        return "json"
    at_root = head.path in ("", "/")
    spoken = _protocols().get(service) or (["query"] if at_root else ["rest-json"])
    is_form = (head.header("content-type") or "").startswith("application/x-www-form-urlencoded")
    order = ("rest-xml", "ec2", "query") if is_form else ("rest-xml", "ec2", "rest-json", "query")
    return next((protocol for protocol in order if protocol in spoken), spoken[0])


@cache
def _protocols() -> dict[str, list[str]]:
    text = files(__package__).joinpath("protocols.json").read_bytes()
    return msgspec.json.decode(text, type=dict[str, list[str]])


def _json(service: str, head: Request, error: AwsError, request_id: str) -> Reply:
    asked = head.header("content-type") or ""
    content_type = asked if asked == "application/x-amz-json-1.0" else "application/x-amz-json-1.1"
    return Reply(error.status, content_type, msgspec.json.encode({"__type": error.code, "message": error.message}))


def _rest_json(service: str, head: Request, error: AwsError, request_id: str) -> Reply:
    body = msgspec.json.encode({"message": error.message})
    return Reply(error.status, "application/json", body, {"x-amzn-ErrorType": error.code})


def _cbor(service: str, head: Request, error: AwsError, request_id: str) -> Reply:
    body = bytes([_CBOR_MAP + 2]) + b"".join(map(_cbor_text, ("__type", error.code, "message", error.message)))
    return Reply(error.status, "application/cbor", body, {"smithy-protocol": "rpc-v2-cbor"})


def _cbor_text(text: str) -> bytes:
    encoded = text.encode("utf-8", "replace")
    if len(encoded) < 24:
        return bytes([_CBOR_TEXT + len(encoded)]) + encoded
    return bytes([_CBOR_TEXT + 25]) + len(encoded).to_bytes(2) + encoded  # messages are shorter than 65,536 bytes


def _ec2(service: str, head: Request, error: AwsError, request_id: str) -> Reply:
    return _xml(error, f"<Response><Errors>{_error(error)}</Errors><RequestID>{request_id}</RequestID></Response>")


def _query(service: str, head: Request, error: AwsError, request_id: str) -> Reply:
    inner = f"{_error(error, '<Type>Sender</Type>')}<RequestId>{request_id}</RequestId>"
    return _xml(error, f"<ErrorResponse>{inner}</ErrorResponse>")


def _rest_xml(service: str, head: Request, error: AwsError, request_id: str) -> Reply:
    if service in _BARE_ERRORS:
        return _xml(error, _error(error, f"<RequestId>{request_id}</RequestId>"))
    return _query(service, head, error, request_id)


def _error(error: AwsError, more: str = "") -> str:
    return f"<Error>{more}<Code>{escape(error.code)}</Code><Message>{escape(error.message)}</Message></Error>"


def _xml(error: AwsError, document: str) -> Reply:
    return Reply(error.status, "text/xml", f"{DECLARATION}{document}".encode())


_REFUSALS: dict[str, Callable[[str, Request, AwsError, str], Reply]] = {
    "ec2": _ec2,
    "json": _json,
    "query": _query,
    "rest-json": _rest_json,
    "rest-xml": _rest_xml,
    "smithy-rpc-v2-cbor": _cbor,
}
