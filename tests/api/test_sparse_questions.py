"""What policies are asked about requests, whatever these say or leave out: nothing is relied upon, nothing raises."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from random import Random

import pytest

from realvpc.api.core.question import Prospect
from realvpc.api.core.service_questions import about
from realvpc.clock import Clock
from realvpc.wire.model import service_model

from .build import make_subnet, make_vpc
from .conftest import MAIN, TOKYO, Client, caller
from .ssm.test_session import Manager
from .test_random_requests import Generator
from .test_sparse_requests import sparse


@pytest.mark.parametrize(
    "service", ["ec2", "ec2-instance-connect", "iam", "logs", "route53", "servicequotas", "ssm", "sts"]
)
def test_questions_can_be_asked_about_any_request(service: str, clock: Clock) -> None:
    manager = Manager(clock)
    generator = Generator(manager.service, Random(5), manager.rooms)
    client = Client(manager.service, MAIN, TOKYO)
    make_subnet(client, make_vpc(client))
    ctx = manager.service.context(caller())
    asked = 0
    for action, row in manager.service.actions[service].items():
        assert row.asks is not None or service != "ec2", f"{action} is not asked about as EC2's actions are"
        shape = service_model(service).operation_model(action).input_shape
        for params in sparse(shape, generator.word, "") if shape else [{}]:
            name, arns = f"{service}:{action}", row.resources(ctx, params) or ("*",)
            prospect = Prospect(partial(row.perform, ctx, params))
            asks = row.asks(name, ctx, params, arns, prospect) if row.asks else about(name, ctx, params, arns)
            for question in asks:
                assert question.action.count(":") == 1
                assert question.resource == "*" or question.resource.startswith("arn:"), question.resource
                assert question.knows("ec2:vpc") in (True, False)
                answers = list(question.tells())
                assert answers
                for own in answers:
                    for key, value in own.items():
                        assert ":" in key
                        assert value is None or isinstance(value, str | Sequence), (action, key, value)
                        assert isinstance(value, str | None) or all(isinstance(each, str) for each in value)
                asked += 1
    assert asked >= len(manager.service.actions[service])
