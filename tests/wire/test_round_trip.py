"""Every operation of every service, both ways, against botocore's own client side."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import product
from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from botocore import parsers, serialize
from botocore.awsrequest import AWSRequest, HeadersDict

from realvpc.wire.ec2query import Ec2Query
from realvpc.wire.form import parse_form
from realvpc.wire.http import Request
from realvpc.wire.json11 import Json11
from realvpc.wire.model import SERVICES, service_model
from realvpc.wire.query import Query
from realvpc.wire.rest_xml import RestXml

from .shapes import Generator, all_members, members_of

FULLNESS = (1.0, 1.0, 1.0, 0.4)  # by seed; a union has up to three members
REQUEST_ID = "8f7f1c1e-0f64-4c2a-9a0e-2f6f2c5a4a11"


@cache
def codec(service: str) -> Any:
    kinds = {
        "ec2": Ec2Query,
        "ec2-instance-connect": Json11,
        "logs": Json11,
        "route53": RestXml,
        "servicequotas": Json11,
        "ssm": Json11,
    }
    return kinds.get(service, Query)(service)


def read(service: str, action: str, request: dict[str, Any]) -> Any:
    """What the server makes of a request that botocore's serializer has built."""
    body = request["body"]
    if service == "route53":
        return read_rest(service, action, request)
    if isinstance(body, bytes):
        return codec(service).read(action, body)
    return codec(service).read(action, parse_form(urlencode(body).encode()))


def read_rest(service: str, action: str, request: dict[str, Any]) -> Any:
    """The path and the query string as an HTTP client puts them on the wire."""
    parameters = request["query_string"]
    sent = AWSRequest(request["method"], f"http://localhost{request['url_path']}", params=parameters).prepare()
    url = urlsplit(sent.url)
    query = parse_form(url.query.encode())
    got = Request(request["method"], url.path, (), tuple(query), request["body"] or b"")
    route = codec(service).route(got)
    assert route.action == action
    return codec(service).read(route, query, got.body)


def in_path(shape: Any, params: dict[str, Any]) -> dict[str, Any]:
    """A path has no empty parts: those of the members that are in it get a letter."""
    labels = [name for name, member in shape.members.items() if member.serialization.get("location") == "uri"]
    return params | {name: "x" for name in labels if params[name] == ""}


def operations(model: Any) -> list[str]:
    """All but those that answer with a stream of events, which no codec here writes."""
    return [name for name in model.operation_names if not model.operation_model(name).has_event_stream_output]


def request_values(service: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Parameters for every operation, as full as its protocol can send them."""
    model = service_model(service)
    for seed, (number, action) in product(range(len(FULLNESS)), enumerate(operations(model))):
        shape = model.operation_model(action).input_shape
        generator = Generator(
            seed * 10_000 + number,
            fullness=FULLNESS[seed],
            subsecond=service != "ssm",  # botocore sends whole seconds in JSON
            empty_lists=service != "ec2",
            empty_structures=service in ("ssm", "route53"),
            empty_texts=service != "ec2",
            turn=seed,
        )
        yield action, in_path(shape, generator.structure(shape)) if shape is not None else {}


def response_values(service: str) -> Iterator[tuple[str, dict[str, Any]]]:
    model = service_model(service)
    for seed, (number, action) in product(range(len(FULLNESS)), enumerate(operations(model))):
        shape = model.operation_model(action).output_shape
        generator = Generator(
            seed * 10_000 + number,
            fullness=FULLNESS[seed],
            subsecond=service in ("ec2", "route53", "ssm"),  # IAM and STS answer in whole seconds
            empty_lists=True,
            empty_structures=True,
            empty_texts=service != "ec2",
            turn=seed,
        )
        yield action, generator.structure(shape) if shape is not None else {}


@pytest.mark.parametrize("service", SERVICES)
def test_a_request_built_by_botocore_is_read_as_the_parameters_it_was_built_from(service: str) -> None:
    model = service_model(service)
    serializer = serialize.create_serializer(model.metadata["protocol"])
    differences = {}
    for action, params in request_values(service):
        request = serializer.serialize_to_request(params, model.operation_model(action))
        got = read(service, action, request)
        if got != params:
            differences[action] = (params, got)
    assert not differences


@pytest.mark.parametrize("service", SERVICES)
def test_a_response_is_parsed_by_botocore_as_the_dictionary_it_was_written_from(service: str) -> None:
    model = service_model(service)
    parser = parsers.create_parser(model.metadata["protocol"])
    differences = {}
    for action, response in response_values(service):
        document = codec(service).write(action, response, REQUEST_ID)
        status, headers = codec(service).head(action, response) if service == "route53" else (200, {})
        answer = {
            "body": document,
            "status_code": status,
            "headers": HeadersDict({"x-amzn-requestid": REQUEST_ID} | headers),
        }
        parsed = parser.parse(answer, model.operation_model(action).output_shape)
        metadata = parsed.pop("ResponseMetadata")
        if parsed != response or metadata["RequestId"] != REQUEST_ID:
            differences[action] = (response, parsed)
    assert not differences


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(("direction", "values"), [("input_shape", request_values), ("output_shape", response_values)])
def test_the_values_exercise_every_member_of_every_structure(service: str, direction: str, values: Any) -> None:
    """Nothing is left out of the round trips: there is no member that botocore cannot send or parse."""
    model = service_model(service)
    exercised: set[tuple[str, str]] = set()
    possible: set[tuple[str, str]] = set()
    for action, value in values(service):
        shape = getattr(model.operation_model(action), direction)
        if shape is not None:
            exercised |= members_of(shape, value)
            possible |= all_members(shape)
    assert possible == exercised
