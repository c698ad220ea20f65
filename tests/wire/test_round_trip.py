"""Every operation of the four services, both ways, against botocore's own client side."""

from __future__ import annotations

from functools import cache
from typing import Any
from urllib.parse import urlencode

import pytest
from botocore import parsers, serialize

from realvpc.wire.ec2query import Ec2Query
from realvpc.wire.form import parse_form
from realvpc.wire.json11 import Json11
from realvpc.wire.model import SERVICES, service_model
from realvpc.wire.query import Query

from .shapes import Generator

SEEDS = (1, 2)
REQUEST_ID = "8f7f1c1e-0f64-4c2a-9a0e-2f6f2c5a4a11"
CASES = [(service, action) for service in SERVICES for action in service_model(service).operation_names]


@cache
def codec(service: str) -> Any:
    return {"ec2": Ec2Query, "ssm": Json11}.get(service, Query)(service)


def read(service: str, action: str, request: dict[str, Any]) -> Any:
    """What the server makes of a request that botocore's serializer has built."""
    body = request["body"]
    if isinstance(body, bytes):
        return codec(service).read(action, body)
    return codec(service).read(action, parse_form(urlencode(body).encode()))


def test_covers_every_operation_of_the_models() -> None:
    assert len(CASES) == sum(len(service_model(service).operation_names) for service in SERVICES)
    assert len({case for case in CASES if case[0] == "ec2"}) >= 765


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("service", SERVICES)
def test_a_request_built_by_botocore_is_read_as_the_parameters_it_was_built_from(service: str, seed: int) -> None:
    model = service_model(service)
    serializer = serialize.create_serializer(model.metadata["protocol"])
    differences = {}
    for number, action in enumerate(model.operation_names):
        shape = model.operation_model(action).input_shape
        generator = Generator(
            seed * 10_000 + number,
            subsecond=service != "ssm",  # botocore sends whole seconds in JSON
            empty_lists=service != "ec2",
            empty_structures=service == "ssm",
        )
        params = generator.structure(shape) if shape is not None else {}
        request = serializer.serialize_to_request(params, model.operation_model(action))
        got = read(service, action, request)
        if got != params:
            differences[action] = (params, got)
    assert not differences


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("service", SERVICES)
def test_a_response_is_parsed_by_botocore_as_the_dictionary_it_was_written_from(service: str, seed: int) -> None:
    model = service_model(service)
    parser = parsers.create_parser(model.metadata["protocol"])
    differences = {}
    for number, action in enumerate(model.operation_names):
        shape = model.operation_model(action).output_shape
        generator = Generator(
            seed * 10_000 + number,
            subsecond=service in ("ec2", "ssm"),  # IAM and STS answer in whole seconds
            empty_lists=True,
            empty_structures=True,
        )
        response = generator.structure(shape) if shape is not None else {}
        document = codec(service).write(action, response, REQUEST_ID)
        parsed = parser.parse(
            {"body": document, "status_code": 200, "headers": {"x-amzn-requestid": REQUEST_ID}}, shape
        )
        metadata = parsed.pop("ResponseMetadata")
        if parsed != response or metadata["RequestId"] != REQUEST_ID:
            differences[action] = (response, parsed)
    assert not differences
