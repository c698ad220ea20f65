"""IPv6 in the resolver: the names of instances that want such records, and what leads back to them."""

from __future__ import annotations

import dns.message
import pytest

from realvpc.dns.message import respond
from realvpc.dns.resolve import resolve_with_dns64
from realvpc.net.addresses import Address
from realvpc.net.instance import Instance
from realvpc.net.network_interface import NetworkInterface
from realvpc.net.subnet import Subnet
from realvpc.store.state import State

from .world import answer, changed, peered, world

FIRST, SECOND = Address.parse("2001:db8:20:1::7"), Address.parse("2001:db8:20:1::8")
REVERSE = ".".join(reversed(f"{int(FIRST):032x}")) + ".ip6.arpa"
NAME = "i-a.ap-northeast-1.compute.internal"


def dual_stack(*, a_record: bool = True, aaaa_record: bool = True) -> State:
    state = changed(world(), NetworkInterface, "eni-a", ipv6_addresses=(FIRST, SECOND))
    return changed(
        state,
        Instance,
        "i-a",
        enable_resource_name_dns_a_record=a_record,
        enable_resource_name_dns_aaaa_record=aaaa_record,
    )


@pytest.mark.parametrize(
    ("a_record", "aaaa_record", "expected"),
    [
        (True, True, ("10.20.0.207", f"{FIRST} {SECOND}", f"{NAME}.")),
        (True, False, ("10.20.0.207", "NODATA", "NXDOMAIN")),
        (False, True, ("NODATA", f"{FIRST} {SECOND}", f"{NAME}.")),
        (False, False, ("NXDOMAIN", "NXDOMAIN", "NXDOMAIN")),
    ],
)
def test_an_instance_has_the_records_that_it_wants(
    a_record: bool, aaaa_record: bool, expected: tuple[str, ...]
) -> None:
    state = dual_stack(a_record=a_record, aaaa_record=aaaa_record)
    asked = ((NAME, "A"), (NAME, "AAAA"), (REVERSE, "PTR"))
    assert tuple(answer(state, "vpc-a", *question) for question in asked) == expected


def test_only_vpcs_that_the_names_are_open_to_know_them() -> None:
    state = dual_stack()
    assert answer(state, "vpc-b", NAME, "AAAA") == "NXDOMAIN"
    assert answer(state, "vpc-b", REVERSE, "PTR") == "NXDOMAIN"
    state = peered(state, "a", "b", a_allows=True)
    assert answer(state, "vpc-b", NAME, "AAAA") == f"{FIRST} {SECOND}"
    assert answer(state, "vpc-b", REVERSE, "PTR") == f"{NAME}."


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ip6.arpa", "NODATA"),
        (REVERSE.partition(".")[2], "NODATA"),
        (f"0.{REVERSE}", "NXDOMAIN"),
        (f"x{REVERSE[1:]}", "NXDOMAIN"),
        (f"8{REVERSE[1:]}", f"{NAME}."),
        (f"9{REVERSE[1:]}", "NXDOMAIN"),
    ],
)
def test_a_reverse_name_has_a_digit_for_each_four_bits(name: str, expected: str) -> None:
    assert answer(dual_stack(), "vpc-a", name, "PTR") == expected


def test_a_reverse_name_that_is_of_ipv4_inside_is_nobodys() -> None:
    mapped = ".".join(reversed(f"{int(Address.parse('10.20.0.207')):032x}")) + ".ip6.arpa"
    assert answer(dual_stack(), "vpc-a", mapped, "PTR") == "NXDOMAIN"


def test_with_dns64_a_name_of_ipv4_alone_has_addresses_that_stand_for_its_own() -> None:
    state = dual_stack(aaaa_record=False)
    vpc = state.network.vpcs["vpc-a"]

    def asked(name: str, record_type: str = "AAAA") -> list[str]:
        found = resolve_with_dns64(state, vpc, name, record_type)
        return [value for records in found.answer for value in records.values]

    assert asked(f"{NAME}.") == ["64:ff9b::a14:cf"]
    assert asked(f"{NAME}.", "A") == ["10.20.0.207"]
    assert asked("nobody.example.com.") == asked("ap-northeast-1.compute.internal.") == []
    state = dual_stack()
    assert asked(f"{NAME}.") == [str(FIRST), str(SECOND)]


@pytest.mark.parametrize("is_on", [True, False])
def test_dns64_is_of_the_subnet_of_who_asks(is_on: bool) -> None:
    state = changed(dual_stack(aaaa_record=False), Subnet, "subnet-a", enable_dns64=is_on)
    question = dns.message.make_query(NAME, "AAAA").to_wire()
    answered = respond(state, state.network.interfaces["eni-a"], question)
    assert answered is not None
    found = [str(each) for records in dns.message.from_wire(answered).answer for each in records]
    assert found == (["64:ff9b::a14:cf"] if is_on else [])


def test_an_instance_without_ipv4_has_no_records_of_it() -> None:
    state = changed(dual_stack(), NetworkInterface, "eni-a", private_addresses=(), public_address=None)
    assert [answer(state, "vpc-a", NAME, kind) for kind in ("A", "AAAA")] == ["NODATA", f"{FIRST} {SECOND}"]
    assert answer(state, "vpc-a", REVERSE, "PTR") == f"{NAME}."
