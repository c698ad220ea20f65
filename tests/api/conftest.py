"""A service on an in-memory database, with two accounts and a clock that tests move."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from realvpc.api.call import Call, Caller
from realvpc.api.errors import AwsError
from realvpc.api.service import Service
from realvpc.clock import Clock
from realvpc.iam.account import Account
from realvpc.net.table import put
from realvpc.store.database import Database

MAIN, OTHER = "111111111111", "222222222222"
TOKYO, VIRGINIA = "ap-northeast-1", "us-east-1"
START = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


class Client:
    """Calls actions as one account in one Region; ``client("CreateVpc", CidrBlock=…)`` returns the response."""

    def __init__(self, service: Service, account: str, region: str) -> None:
        self.service, self.account, self.region = service, account, region

    def __call__(self, action: str, /, *, of: str = "ec2", **params: Any) -> dict[str, Any]:
        caller = Caller(
            account=self.account,
            region=self.region,
            arn=f"arn:aws:iam::{self.account}:user/admin",
            user_id="AIDAEXAMPLE",
            access_key_id="AKIAEXAMPLE",
        )
        return self.service.handle(Call(service=of, action=action, params=params, caller=caller, request_id="test"))

    def refused(self, action: str, /, *, of: str = "ec2", **params: Any) -> AwsError:
        """The error that the call gets; asserts that it changed nothing."""
        before, revision = self.service.state, self.service.revision
        with pytest.raises(AwsError) as caught:
            self(action, of=of, **params)
        assert self.service.state is before
        assert self.service.revision == revision
        return caught.value


@pytest.fixture
def clock() -> Clock:
    """Stands still at START; move it with ``clock.offset``."""
    return Clock(timedelta(0), lambda: START)


@pytest.fixture
def service(clock: Clock) -> Service:
    database = Database(":memory:")
    accounts = put(
        Account(id=MAIN, account=MAIN, name="main"), Account(id=OTHER, account=OTHER, name="other", zone_seed=1)
    )
    database.commit(accounts, at=START, cause="test")
    return Service(database, clock.now, Random(7), has_fabric=False)


@pytest.fixture
def as_account(service: Service) -> Callable[..., Client]:
    """``as_account(OTHER, VIRGINIA)`` is a client of that account in that Region."""
    return lambda account=MAIN, region=TOKYO: Client(service, account, region)


@pytest.fixture
def client(service: Service) -> Client:
    """A client of the main account in Tokyo."""
    return Client(service, MAIN, TOKYO)
