"""A service in memory, two accounts and a clock that stands still."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from inspect import isawaitable
from random import Random
from typing import Any

import pytest

from realvpc.api.core.call import Call, Caller
from realvpc.api.core.context import Options
from realvpc.api.core.errors import AwsError
from realvpc.api.service import Service
from realvpc.clock import Clock
from realvpc.iam.account import Account
from realvpc.iam.evaluate import Evaluate, evaluate
from realvpc.net.quotas import AppliedQuota, Quota, QuotaMode, applied_id
from realvpc.net.table import put
from realvpc.store.database import Database, Write
from realvpc.wire.services import Services

START = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
MAIN, OTHER = "111111111111", "222222222222"
_WIRE = Services()
TOKYO, VIRGINIA = "ap-northeast-1", "us-east-1"


@pytest.fixture
def clock() -> Clock:
    """Stands at START; move it with ``clock.offset``."""
    return Clock(source=lambda: START)


@pytest.fixture
def service(clock: Clock) -> Service:
    """Without a data plane: what waits for a machine elsewhere happens at once."""
    return new_service(clock)


def new_service(
    clock: Clock,
    *,
    has_fabric: bool = False,
    any_image: bool = False,
    default_vpc: bool = False,
    policies: bool = False,
    has_s3: bool = False,
    evaluate: Evaluate = evaluate,
    more_accounts: Iterable[str] = (),
    database: Database | None = None,
) -> Service:
    """Tests count what they made themselves: without ``default_vpc`` accounts begin with nothing.  A ``database`` that
    was used before is gone on with."""
    database = database or Database(":memory:")
    accounts = (
        Account(id=MAIN, account=MAIN, name="main", zone_seed=0),
        Account(id=OTHER, account=OTHER, name="other", zone_seed=1),
        *(Account(id=each, account=each, name=f"a{each}", zone_seed=0) for each in more_accounts),
    )
    if not database.revision:
        database.commit([Write(1, put(*accounts), START, "test")])
    options = Options(
        has_fabric=has_fabric,
        any_image=any_image,
        quotas=QuotaMode.LAB,
        default_vpc=default_vpc,
        policies=policies,
        has_s3=has_s3,
    )
    return Service(database, clock.now, Random(19 + database.revision), options, evaluate=evaluate)


def give_quota(service: Service, quota: Quota, value: int, *, account: str = MAIN, region: str = TOKYO) -> None:
    """As the operator does."""
    applied = AppliedQuota(
        id=applied_id(account, region, quota), account=account, region=region, key=quota.key, value=value
    )
    service.report(lambda ctx: put(applied), "test")


def caller(account: str = MAIN, region: str = TOKYO) -> Caller:
    return Caller(
        account=account,
        region=region,
        arn=f"arn:aws:iam::{account}:user/tester",
        user_id="AIDAEXAMPLE",
        access_key_id="AKIAEXAMPLE",
    )


def call(
    service: Service, name: str, action: str, *, account: str = MAIN, region: str = TOKYO, **params: Any
) -> dict[str, Any]:
    """Perform ``name`` (ec2, iam, ssm or sts) ``action`` with botocore's parameter names; returns the response.

    The response is written as for a client on the way, so that one that does not fit botocore's model fails the test;
    members that are None, which no client sees, are left out.
    """
    response = performed(service, Call(name, action, params, caller(account, region), "req-1"))
    _WIRE.writer(name).write(action, response, "req-1")
    return {member: value for member, value in response.items() if value is not None}


def performed(service: Service, call: Call) -> dict[str, Any]:
    """The response, waited for where it comes by and by."""
    response = service.handle(call)
    return asyncio.run(_waited(response)) if isawaitable(response) else response


async def _waited(response: Awaitable[dict[str, Any]]) -> dict[str, Any]:
    return await response


def refused(
    service: Service, name: str, action: str, *, account: str = MAIN, region: str = TOKYO, **params: Any
) -> AwsError:
    """The error of a call that must be refused, and must leave the state as it was."""
    before = service.state
    with pytest.raises(AwsError) as caught:
        call(service, name, action, account=account, region=region, **params)
    assert service.state is before
    return caught.value


class Client:
    """Calls actions as one account in one Region: ``client("CreateVpc", CidrBlock=…)`` returns the response."""

    def __init__(self, service: Service, account: str, region: str) -> None:
        self.service, self.account, self.region = service, account, region

    def __call__(self, action: str, /, *, of: str = "ec2", **params: Any) -> dict[str, Any]:
        return call(self.service, of, action, account=self.account, region=self.region, **params)

    def refused(self, action: str, /, *, of: str = "ec2", **params: Any) -> AwsError:
        """The error that the call gets; asserts that it changed nothing."""
        before, revision = self.service.state, self.service.revision
        with pytest.raises(AwsError) as caught:
            self(action, of=of, **params)
        assert self.service.state is before
        assert self.service.revision == revision
        return caught.value


@pytest.fixture
def as_account(service: Service) -> Callable[..., Client]:
    """``as_account(OTHER, VIRGINIA)`` is a client of that account in that Region."""
    return lambda account=MAIN, region=TOKYO: Client(service, account, region)


@pytest.fixture
def client(service: Service) -> Client:
    """A client of the main account in Tokyo."""
    return Client(service, MAIN, TOKYO)
