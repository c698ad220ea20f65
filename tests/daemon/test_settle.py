"""Waiting for machines: for the caller's own, once it may ask, and for nobody else's."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from inspect import isawaitable
from typing import Any

import pytest

from realvpc.api.core.call import Call
from realvpc.api.core.errors import AwsError
from realvpc.api.machine_report import machine_up
from realvpc.api.service import Service
from realvpc.clock import Clock
from realvpc.daemon import settle
from realvpc.iam.evaluate import refused
from realvpc.net.images import AL2023
from tests.api.build import make_subnet, make_vpc
from tests.api.conftest import MAIN, OTHER, START, TOKYO, VIRGINIA, Client, caller, new_service
from tests.api.rooms import Rooms

CLOCK = Clock(source=lambda: START)


@pytest.fixture
def service() -> Service:
    return new_service(CLOCK, has_fabric=True)


@pytest.fixture
def pending(service: Service) -> str:
    """An instance whose machine has not come up."""
    client = Client(service, MAIN, TOKYO)
    subnet_id = make_subnet(client, make_vpc(client))
    image = AL2023.id_in(TOKYO)
    made = client("RunInstances", ImageId=image, InstanceType="t2.micro", MinCount=1, MaxCount=1, SubnetId=subnet_id)
    Rooms(service, CLOCK.now)
    instance_id: str = made["Instances"][0]["InstanceId"]
    return instance_id


def ask(service: Service, action: str, *ids: str, account: str = MAIN, region: str = TOKYO, **more: Any) -> Any:
    return service.handle(Call("ec2", action, {"InstanceIds": list(ids), **more}, caller(account, region), "req-1"))


@pytest.mark.parametrize("action", settle.DESCRIPTIONS)
def test_an_answer_that_is_about_to_change_is_held_back_until_it_has(
    service: Service, pending: str, action: str
) -> None:
    async def scene() -> dict[str, Any]:
        answer: Awaitable[dict[str, Any]] = ask(service, action, pending, IncludeAllInstances=True)
        assert isawaitable(answer)
        task = asyncio.ensure_future(answer)
        await asyncio.sleep(0.02)
        assert not task.done()
        service.report(machine_up(pending), "test")
        return await task

    found = str(asyncio.run(scene()))
    assert "'running'" in found
    assert "'pending'" not in found


def test_patience_ends(service: Service, pending: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settle, "PATIENCE", 0.0)

    async def scene() -> Any:
        return await ask(service, "DescribeInstances", pending)

    assert asyncio.run(scene())["Reservations"][0]["Instances"][0]["State"]["Name"] == "pending"


@pytest.mark.parametrize("stranger", [{"account": OTHER}, {"region": VIRGINIA}])
@pytest.mark.parametrize("action", settle.DESCRIPTIONS)
def test_nobody_waits_for_what_is_not_theirs(
    service: Service, pending: str, action: str, stranger: dict[str, str]
) -> None:
    """An id that exists elsewhere is answered like one that exists nowhere: at once, and in the same words."""
    told = []
    for instance_id in (pending, "i-00000000000000000"):
        with pytest.raises(AwsError) as caught:
            ask(service, action, instance_id, **stranger)
        told.append((caught.value.code, caught.value.message.replace(instance_id, "ID")))
    assert told[0] == told[1]


def test_a_dry_run_and_a_stranger_to_the_account_do_not_wait(service: Service, pending: str) -> None:
    with pytest.raises(AwsError, match="DryRunOperation"):
        ask(service, "DescribeInstances", pending, DryRun=True)
    guarded = new_service(CLOCK, has_fabric=True, evaluate=lambda who, action, on, keys: refused(who, action))
    guarded.state = service.state
    Rooms(guarded, CLOCK.now)
    with pytest.raises(AwsError, match="UnauthorizedOperation"):
        ask(guarded, "DescribeInstances", pending)
