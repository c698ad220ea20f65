"""The life cycle of EC2 Instance Connect Endpoints: every state, every event."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product

import pytest

from realvpc.net.addresses import Address
from realvpc.net.instance_connect_endpoint import (
    TRANSITIONS,
    USABLE,
    EndpointEvent,
    EndpointState,
    InstanceConnectEndpoint,
)

S, E = EndpointState, EndpointEvent

EXPECTED = {
    (S.CREATE_IN_PROGRESS, E.UP): S.CREATE_COMPLETE,
    (S.CREATE_IN_PROGRESS, E.FAIL): S.CREATE_FAILED,
    (S.CREATE_IN_PROGRESS, E.DELETE): S.DELETE_IN_PROGRESS,
    (S.CREATE_COMPLETE, E.MODIFY): S.UPDATE_COMPLETE,
    (S.CREATE_COMPLETE, E.FAIL): S.UPDATE_FAILED,
    (S.CREATE_COMPLETE, E.DELETE): S.DELETE_IN_PROGRESS,
    (S.CREATE_FAILED, E.UP): S.CREATE_COMPLETE,
    (S.CREATE_FAILED, E.DELETE): S.DELETE_IN_PROGRESS,
    (S.UPDATE_COMPLETE, E.MODIFY): S.UPDATE_COMPLETE,
    (S.UPDATE_COMPLETE, E.FAIL): S.UPDATE_FAILED,
    (S.UPDATE_COMPLETE, E.DELETE): S.DELETE_IN_PROGRESS,
    (S.UPDATE_FAILED, E.MODIFY): S.UPDATE_FAILED,
    (S.UPDATE_FAILED, E.UP): S.UPDATE_COMPLETE,
    (S.UPDATE_FAILED, E.DELETE): S.DELETE_IN_PROGRESS,
    (S.DELETE_IN_PROGRESS, E.DELETE): S.DELETE_IN_PROGRESS,
}


def endpoint(state: EndpointState, ip_address_type: str = "ipv4") -> InstanceConnectEndpoint:
    return InstanceConnectEndpoint(
        id="eice-00000000000000001",
        account="111111111111",
        region="us-east-1",
        vpc_id="vpc-1",
        subnet_id="subnet-1",
        ip_address_type=ip_address_type,
        created_at=datetime(2026, 11, 29, tzinfo=UTC),
        state=state,
    )


@pytest.mark.parametrize(("state", "event"), list(product(S, E)))
def test_each_state_and_event(state: EndpointState, event: EndpointEvent) -> None:
    after = endpoint(state).after(event, "why")
    if (state, event) not in EXPECTED:
        assert after is None
        return
    assert after is not None
    assert after.state is EXPECTED[state, event] is TRANSITIONS[state, event]
    assert after.state_message == "why"


def test_tunnels_are_opened_where_it_is_complete() -> None:
    assert {state for state in S if endpoint(state).is_usable} == {S.CREATE_COMPLETE, S.UPDATE_COMPLETE} == USABLE


@pytest.mark.parametrize(
    ("kind", "ipv4", "ipv6"), [("ipv4", True, False), ("ipv6", False, True), ("dualstack", True, True)]
)
def test_it_connects_to_addresses_of_its_type(kind: str, ipv4: bool, ipv6: bool) -> None:
    row = endpoint(S.CREATE_COMPLETE, kind)
    assert row.connects_to(Address.parse("10.20.0.5")) is ipv4
    assert row.connects_to(Address.parse("2001:db8::5")) is ipv6
