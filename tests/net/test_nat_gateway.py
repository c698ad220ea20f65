"""The life cycle of NAT gateways: every state, every event, everybody who looks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from realvpc.net.nat_gateway import (
    ENDED,
    TRANSITIONS,
    Connectivity,
    NatGateway,
    NatGatewayEvent,
    NatGatewayState,
)

NOW = datetime(2026, 11, 29, tzinfo=UTC)
LATER = NOW + timedelta(minutes=5)
S, E = NatGatewayState, NatGatewayEvent

EXPECTED = {
    (S.PENDING, E.PROVISION): S.AVAILABLE,
    (S.PENDING, E.FAIL): S.FAILED,
    (S.PENDING, E.DELETE): S.DELETED,
    (S.AVAILABLE, E.DELETE): S.DELETED,
    (S.FAILED, E.DELETE): S.DELETED,
}


def gateway(state: NatGatewayState) -> NatGateway:
    return NatGateway(
        id="nat-00000000000000001",
        account="111111111111",
        region="us-east-1",
        vpc_id="vpc-1",
        subnet_id="subnet-1",
        connectivity=Connectivity.PUBLIC,
        created_at=NOW,
        state=state,
        ended_at=NOW if state in ENDED else None,
    )


@pytest.mark.parametrize(("state", "event"), list(product(S, E)))
def test_each_state_and_event(state: NatGatewayState, event: NatGatewayEvent) -> None:
    after = gateway(state).after(event, LATER)
    if (state, event) not in EXPECTED:
        assert after is None
        return
    assert after is not None
    assert after.state is EXPECTED[state, event] is TRANSITIONS[state, event]
    assert after.ended_at == (LATER if after.state in ENDED else None)


@pytest.mark.parametrize("state", S)
def test_its_owner_sees_it_for_an_hour_after_its_end_and_nobody_else_ever(state: NatGatewayState) -> None:
    row = gateway(state)
    for minutes in (0, 59, 60, 600):
        now = NOW + timedelta(minutes=minutes)
        assert row.visible_to("111111111111", "us-east-1", now) == (state not in ENDED or minutes < 60)
        assert not row.visible_to("222222222222", "us-east-1", now)
        assert not row.visible_to("111111111111", "eu-west-1", now)
