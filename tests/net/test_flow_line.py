"""Lines of flow logs, field by field, and formats."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from realvpc.net.addresses import Address
from realvpc.net.flow_gathering import GatheredFlow
from realvpc.net.flow_line import Place, Window, flow_line, line_without_flow
from realvpc.net.flow_log_format import DEFAULT_FORMAT, FIELDS, fields_of, version_of
from realvpc.net.network import Network
from realvpc.net.network_interface import NetworkInterface
from realvpc.net.table import put

from ..packets.gateway_endpoint import S3, gateway_endpoint
from ..packets.hosts import ALL_IN, ALL_OUT, host, number, peering, vpc

A, OWN, OTHER, PEER, OUTSIDE = number("eni", 1), "10.20.0.7", "10.20.0.8", "10.30.0.7", "198.19.0.1"
EVERYTHING = tuple(FIELDS)


def network(**of_instance: Any) -> Network:
    made = Network.of(
        *vpc(1, "10.20.0.0/16", peers=[("10.30.0.0/16", 1)], rules=(ALL_IN, ALL_OUT)),
        *vpc(2, "10.30.0.0/16", peers=[("10.20.0.0/16", 1)], rules=(ALL_IN, ALL_OUT)),
        *host(1, 1, OWN, public="198.18.0.7"),
        *host(2, 2, PEER),
        peering(1, 1, 2),
        *gateway_endpoint(1, 1, 1),
    )
    instance = made.instances[number("i", 1)]
    return made.apply(put(replace(instance, **of_instance))) if of_instance else made


def place(**of_instance: Any) -> Place:
    made = network(**of_instance)
    return Place(network=made, interface=made.interfaces[A])


def flow(source: str = OWN, destination: str = PEER, **more: Any) -> GatheredFlow:
    usual: dict[str, Any] = {
        "source_port": 40000,
        "destination_port": 80,
        "protocol": 6,
        "is_egress": True,
        "is_rejected": False,
        "by_block_public_access": False,
        "packets": 3,
        "octets": 180,
        "first": 1_800_000_001,
        "last": 1_800_000_009,
        "tcp_flags": 3,
    }
    packed: dict[str, Any] = {"source": Address.parse(source).packed, "destination": Address.parse(destination).packed}
    return GatheredFlow(interface_id=A, **packed, **{**usual, **more})


def shown(field: str, of: GatheredFlow, at: Place | None = None) -> str:
    return flow_line((field,), at or place(), of)


def test_the_usual_line_is_the_one_of_version_2() -> None:
    fields = fields_of(DEFAULT_FORMAT)
    account = place().interface.account
    assert flow_line(fields, place(), flow()) == (
        f"2 {account} {A} {OWN} {PEER} 40000 80 6 3 180 1800000001 1800000009 ACCEPT OK"
    )
    assert line_without_flow(fields, place(), Window(1_800_000_000, 1_800_000_060), "NODATA") == (
        f"2 {account} {A} - - - - - - - 1800000000 1800000060 - NODATA"
    )


def test_every_field_has_its_value() -> None:
    interface = place().interface
    subnet = network().subnets[interface.subnet_id]
    line = dict(zip(EVERYTHING, flow_line(EVERYTHING, place(), flow()).split(" "), strict=True))
    told = {name: value for name, value in line.items() if value != "-"}
    assert told == {
        "version": "11",
        "account-id": interface.account,
        "interface-id": A,
        "srcaddr": OWN,
        "dstaddr": PEER,
        "srcport": "40000",
        "dstport": "80",
        "protocol": "6",
        "packets": "3",
        "bytes": "180",
        "start": "1800000001",
        "end": "1800000009",
        "action": "ACCEPT",
        "log-status": "OK",
        "vpc-id": interface.vpc_id,
        "subnet-id": subnet.id,
        "instance-id": number("i", 1),
        "tcp-flags": "3",
        "type": "IPv4",
        "pkt-srcaddr": OWN,
        "pkt-dstaddr": PEER,
        "region": interface.region,
        "az-id": subnet.zone_id,
        "flow-direction": "egress",
        "traffic-path": "4",
    }


def test_a_line_without_traffic_says_whose_it_is_and_when_and_no_more() -> None:
    line = line_without_flow(EVERYTHING, place(), Window(60, 120), "SKIPDATA").split(" ")
    told = {name: value for name, value in zip(EVERYTHING, line, strict=True) if value != "-"}
    assert told.keys() == {"version", "account-id", "interface-id", "start", "end", "log-status"}
    assert (told["start"], told["end"], told["log-status"]) == ("60", "120", "SKIPDATA")


def test_addresses_of_the_own_side_are_the_primary_one_whatever_the_packet_had() -> None:
    """And ``pkt-…`` has the packet's: as for a middlebox, or a secondary address."""
    out = flow("192.0.2.9", PEER)
    assert [shown(name, out) for name in ("srcaddr", "dstaddr", "pkt-srcaddr", "pkt-dstaddr")] == [
        OWN,
        PEER,
        "192.0.2.9",
        PEER,
    ]
    back = flow(PEER, "192.0.2.9", is_egress=False)
    assert [shown(name, back) for name in ("srcaddr", "dstaddr", "pkt-srcaddr", "pkt-dstaddr")] == [
        PEER,
        OWN,
        PEER,
        "192.0.2.9",
    ]


def test_an_ipv6_address_of_the_interface_stays_and_any_other_becomes_its_first() -> None:
    made = network()
    row: NetworkInterface = replace(
        made.interfaces[A], ipv6_addresses=(Address.parse("2001:db8:1::4"), Address.parse("2001:db8:1::5"))
    )
    at = Place(network=made.apply(put(row)), interface=row)
    assert shown("srcaddr", flow("2001:db8:1::5", "2001:db8:9::1"), at) == "2001:db8:1::5"
    assert shown("srcaddr", flow("2001:db8:7::1", "2001:db8:9::1"), at) == "2001:db8:1::4"
    assert shown("type", flow("2001:db8:1::5", "2001:db8:9::1"), at) == "IPv6"


def test_what_block_public_access_refuses_has_its_reason_and_no_bytes() -> None:
    blocked = flow(is_rejected=True, by_block_public_access=True)
    assert [shown(name, blocked) for name in ("action", "reject-reason", "bytes", "packets", "traffic-path")] == [
        "REJECT",
        "BPA",
        "-",
        "3",
        "-",
    ]


@pytest.mark.parametrize(
    ("destination", "instance_type", "path"),
    [
        (OTHER, "t3.micro", "1"),
        ("10.20.200.1", "t3.micro", "1"),
        (PEER, "t3.micro", "4"),
        (OUTSIDE, "t3.micro", "8"),
        (OUTSIDE, "t2.micro", "2"),
        (S3, "t3.micro", "7"),
        (S3, "t2.micro", "2"),
    ],
)
def test_the_path_of_what_leaves_is_told_by_its_route(destination: str, instance_type: str, path: str) -> None:
    at = place(instance_type=instance_type)
    assert shown("traffic-path", flow(OWN, destination), at) == path
    assert shown("traffic-path", flow(destination, OWN, is_egress=False), at) == "-"


def test_times_are_told_by_the_clock_of_the_service() -> None:
    assert flow_line(("start", "end"), place(), flow(), 3600) == "1800003601 1800003609"


def test_an_interface_of_nobodys_instance_has_no_instance_id() -> None:
    made = network()
    row = replace(made.interfaces[A], attachment=None)
    assert shown("instance-id", flow(), Place(network=made.apply(put(row)), interface=row)) == "-"


@pytest.mark.parametrize("name", FIELDS)
def test_the_version_is_that_of_the_newest_field(name: str) -> None:
    assert version_of(("version", name)) == max(2, FIELDS[name])


def test_a_format_is_fields_in_any_order_with_spaces_between() -> None:
    assert fields_of(" ${action}   ${version}") == ("action", "version")
    for wrong in ("", "version", "${version},${action}", "${Version}", "${version}${action}", "${a b}"):
        with pytest.raises(ValueError):
            fields_of(wrong)
