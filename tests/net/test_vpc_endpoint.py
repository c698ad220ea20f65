"""The life of VPC endpoints, their services and their names."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product

import pytest

from realvpc.net.vpc_endpoint import TRANSITIONS, EndpointEvent, EndpointState, VpcEndpoint
from realvpc.net.vpc_endpoint_services import EndpointType, endpoint_services, services_named
from realvpc.net.zones import REGIONS

TOKYO = "ap-northeast-1"


def endpoint(label: str, *, state: EndpointState = EndpointState.AVAILABLE, private: bool = True) -> VpcEndpoint:
    return VpcEndpoint(
        id="vpce-00000000000000001",
        account="111122223333",
        region=TOKYO,
        vpc_id="vpc-1",
        service_name=f"com.amazonaws.{TOKYO}.{label}",
        type=EndpointType.INTERFACE,
        created_at=datetime(2026, 1, 1, tzinfo=UTC),
        state=state,
        private_dns_enabled=private,
    )


@pytest.mark.parametrize(("state", "event"), [*product(EndpointState, EndpointEvent)])
def test_an_endpoint_goes_from_state_to_state_as_the_table_says(state: EndpointState, event: EndpointEvent) -> None:
    row = endpoint("ssm", state=state)
    after = row.after(event)
    assert (after.state if after else None) == TRANSITIONS.get((state, event))


def test_an_endpoint_is_provided_or_accepted_and_each_can_be_deleted_once() -> None:
    after = {pair: state.value for pair, state in TRANSITIONS.items()}
    assert after == {
        (EndpointState.PENDING, EndpointEvent.PROVISION): "available",
        (EndpointState.PENDING, EndpointEvent.DELETE): "deleted",
        (EndpointState.PENDING_ACCEPTANCE, EndpointEvent.ACCEPT): "available",
        (EndpointState.PENDING_ACCEPTANCE, EndpointEvent.REJECT): "rejected",
        (EndpointState.PENDING_ACCEPTANCE, EndpointEvent.DELETE): "deleted",
        (EndpointState.AVAILABLE, EndpointEvent.REJECT): "rejected",
        (EndpointState.REJECTED, EndpointEvent.DELETE): "deleted",
        (EndpointState.AVAILABLE, EndpointEvent.DELETE): "deleted",
    }


def test_every_region_has_the_same_services_under_its_own_name() -> None:
    for region in REGIONS:
        services = endpoint_services(region)
        assert len({each.id for each in services}) == len(services)
        assert {each.label for each in services if each.type is EndpointType.GATEWAY} == {"s3", "dynamodb"}
        assert all(each.name.startswith(f"com.amazonaws.{region}.") for each in services)
        for each in services:
            assert (each.prefix_list is not None) == (each.type is EndpointType.GATEWAY)
    assert endpoint_services("nowhere-1") == ()


def test_a_service_may_have_both_types() -> None:
    found = services_named(TOKYO, f"com.amazonaws.{TOKYO}.s3")
    assert [each.type for each in found] == [EndpointType.GATEWAY, EndpointType.INTERFACE]
    assert services_named(TOKYO, "com.amazonaws.us-east-1.s3") == ()


def test_an_interface_endpoint_has_names_for_its_region_its_zones_and_its_service() -> None:
    row = endpoint("ssm")
    names = [each.name for each in row.dns_entries([f"{TOKYO}c", f"{TOKYO}a"])]
    regional, *zonal = names[:3]
    front, _, behind = regional.partition(".")
    assert front.startswith(f"{row.id}-")
    assert behind == f"ssm.{TOKYO}.vpce.amazonaws.com"
    assert zonal == [f"{front}-{TOKYO}{letter}.{behind}" for letter in "ac"]
    assert names[3:] == [f"ssm.{TOKYO}.amazonaws.com"] == list(row.private_names)
    zones = {each.name: each.zone_id for each in row.dns_entries([])}
    assert len(set(zones.values())) == 2


def test_without_private_dns_it_has_no_name_of_its_service() -> None:
    row = endpoint("ssm", private=False)
    assert [each.name for each in row.dns_entries([])] == [row.regional_name]
    assert row.private_names == ()


def test_names_of_buckets_are_in_front_of_those_of_s3() -> None:
    names = [each.name for each in endpoint("s3").dns_entries([])]
    assert names[0].startswith("*.vpce-")
    assert f"*.s3.{TOKYO}.amazonaws.com" in names
