"""The names of interface endpoints: who finds which addresses."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from realvpc.net.addresses import Address
from realvpc.net.network_interface import Attachment, NetworkInterface
from realvpc.net.services import ENDPOINT
from realvpc.net.table import delete, put
from realvpc.net.vpc_endpoint import EndpointState, VpcEndpoint
from realvpc.net.vpc_endpoint_services import EndpointType
from realvpc.store.state import State

from .world import answer, changed, peered, world

NOW = datetime(2026, 11, 23, tzinfo=UTC)
ID, SSM, STS = "vpce-0123456789abcdef0", "ssm.ap-northeast-1.amazonaws.com", "sts.ap-northeast-1.amazonaws.com"


def with_endpoint(label: str = "ssm", **more: Any) -> tuple[State, VpcEndpoint]:
    """World, with an endpoint in vpc-a, at 10.20.0.80."""
    state = world()
    [subnet] = state.network.subnets_of("vpc-a")
    common: dict[str, Any] = {"account": subnet.account, "region": subnet.region, "vpc_id": "vpc-a"}
    fields: dict[str, Any] = {"type": EndpointType.INTERFACE, "state": EndpointState.AVAILABLE, "created_at": NOW}
    name = f"com.amazonaws.ap-northeast-1.{label}"
    endpoint = VpcEndpoint(
        id=ID,
        **{"service_name": name, "private_dns_enabled": True, **fields, **more, **common},
    )
    interface = NetworkInterface(
        id="eni-0123456789abcdef0",
        subnet_id=subnet.id,
        mac_address="06:00:00:00:02:01",
        private_addresses=(Address.parse("10.20.0.80"),),
        group_ids=(),
        attachment=Attachment(id="ela-attach-1", owner_id=ID, device_index=1, attached_at=NOW),
        **common,
    )
    return state.apply(put(endpoint, interface)), endpoint


def test_its_own_names_lead_everywhere_to_its_private_addresses() -> None:
    state, endpoint = with_endpoint()
    [subnet] = state.network.subnets_of("vpc-a")
    for vpc in ("vpc-a", "vpc-b", "vpc-v"):
        for name in (endpoint.regional_name, endpoint.zonal_name(subnet.zone_name), endpoint.regional_name.upper()):
            assert answer(state, vpc, name) == "10.20.0.80"
        assert answer(state, vpc, endpoint.zonal_name("ap-northeast-1z")) == "NXDOMAIN"
        assert answer(state, vpc, endpoint.regional_name, "AAAA") == "NODATA"
        assert answer(state, vpc, f"www.{endpoint.regional_name}") == "NXDOMAIN"
        other = endpoint.regional_name.replace("-0123456789abcdef0-", "-0123456789abcdef1-")
        assert answer(state, vpc, other) == "NXDOMAIN"


@pytest.mark.parametrize(
    ("record_ip_type", "of_ipv4", "of_ipv6"),
    [
        ("ipv4", "10.20.0.80", "NODATA"),
        ("ipv6", "NODATA", "2001:db8::80"),
        ("dualstack", "10.20.0.80", "2001:db8::80"),
        ("service-defined", "10.20.0.80", "2001:db8::80"),
    ],
)
def test_its_names_have_addresses_of_the_families_that_it_says(record_ip_type: str, of_ipv4: str, of_ipv6: str) -> None:
    state, endpoint = with_endpoint(ip_address_type="dualstack", dns_record_ip_type=record_ip_type)
    interface = state.network.interfaces["eni-0123456789abcdef0"]
    state = state.apply(put(replace(interface, ipv6_addresses=(Address.parse("2001:db8::80"),))))
    [subnet] = state.network.subnets_of("vpc-a")
    for name in (endpoint.regional_name, endpoint.zonal_name(subnet.zone_name), SSM):
        assert answer(state, "vpc-a", name) == of_ipv4
        assert answer(state, "vpc-a", name, "AAAA") == of_ipv6


def test_private_dns_answers_the_services_name_in_its_vpc_and_nowhere_else() -> None:
    state, _ = with_endpoint()
    state = peered(state, "a", "b", a_allows=True, b_allows=True)
    assert answer(state, "vpc-a", SSM) == "10.20.0.80"
    assert answer(state, "vpc-a", f"www.{SSM}") == "NXDOMAIN"
    assert answer(state, "vpc-a", STS) == str(ENDPOINT)
    assert answer(state, "vpc-b", SSM) == str(ENDPOINT)


def test_an_endpoint_to_a_service_that_is_not_here_has_its_names_as_well() -> None:
    state, endpoint = with_endpoint("ecr.dkr")
    registry = "111122223333.dkr.ecr.ap-northeast-1.amazonaws.com"
    assert answer(state, "vpc-a", registry) == "10.20.0.80"
    assert answer(state, "vpc-b", registry) == "NXDOMAIN"
    assert answer(state, "vpc-b", endpoint.regional_name) == "10.20.0.80"
    assert endpoint.regional_name.endswith(".dkr.ecr.ap-northeast-1.vpce.amazonaws.com")


@pytest.mark.parametrize("attribute", ["enable_dns_hostnames", "enable_dns_support"])
def test_private_dns_needs_both_attributes_of_the_vpc(attribute: str) -> None:
    state, _ = with_endpoint()
    vpc = state.network.vpcs["vpc-a"]
    assert answer(changed(state, type(vpc), "vpc-a", **{attribute: False}), "vpc-a", SSM) == str(ENDPOINT)


def test_without_private_dns_and_without_an_endpoint_the_internet_answers() -> None:
    state, endpoint = with_endpoint(private_dns_enabled=False)
    assert answer(state, "vpc-a", SSM) == str(ENDPOINT)
    state = state.apply(put(replace(endpoint, private_dns_enabled=True)))
    assert answer(state, "vpc-a", SSM) == "10.20.0.80"
    gone = state.apply(delete(endpoint, state.network.interfaces["eni-0123456789abcdef0"]))
    assert answer(gone, "vpc-a", SSM) == str(ENDPOINT)


def test_buckets_have_names_in_front_of_s3s() -> None:
    state, endpoint = with_endpoint("s3")
    for name in ("s3", "bucket.s3", "a.b.s3"):
        assert answer(state, "vpc-a", f"{name}.ap-northeast-1.amazonaws.com") == "10.20.0.80"
    assert answer(state, "vpc-b", f"bucket.{endpoint.regional_name}") == "10.20.0.80"


def test_the_names_of_an_accounts_own_service_lead_to_the_endpoint() -> None:
    name = "com.amazonaws.vpce.ap-northeast-1.vpce-svc-0123456789abcdef0"
    state, endpoint = with_endpoint(owned_private_name="api.example.org", service_name=name)
    assert endpoint.regional_name.endswith(".vpce-svc-0123456789abcdef0.ap-northeast-1.vpce.amazonaws.com")
    assert answer(state, "vpc-b", endpoint.regional_name) == "10.20.0.80"
    assert answer(state, "vpc-a", endpoint.zonal_name("ap-northeast-1a")) == "10.20.0.80"
    assert answer(state, "vpc-a", "api.example.org") == "10.20.0.80"
    assert answer(state, "vpc-b", "api.example.org") == "NXDOMAIN"


@pytest.mark.parametrize("state", sorted({*EndpointState} - {EndpointState.AVAILABLE}))
def test_one_that_is_not_connected_hides_nothing(state: EndpointState) -> None:
    name = "com.amazonaws.vpce.ap-northeast-1.vpce-svc-0123456789abcdef0"
    waiting, _ = with_endpoint(owned_private_name=SSM, service_name=name, state=state)
    assert answer(waiting, "vpc-a", SSM) == str(ENDPOINT)
