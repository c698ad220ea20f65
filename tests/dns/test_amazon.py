"""The names that AWS gives: which VPC's resolver answers for which, and with what (aws-facts of the VPC guide's "DNS
attributes" and the peering guide's "DNS resolution").
"""

from __future__ import annotations

from itertools import product

import pytest
from msgspec.structs import replace

from realvpc.net.addresses import Address
from realvpc.net.instance import Instance, InstanceState
from realvpc.net.network_interface import NetworkInterface
from realvpc.net.peering import PeeringStatus
from realvpc.net.table import put
from realvpc.net.vpc import Vpc
from realvpc.store.state import State
from tests.worlds import elastic_ip

from .world import answer, ask, changed, peered, with_block, world

IP_A = "ip-10-20-0-207.ap-northeast-1.compute.internal"
IP_B = "ip-10-30-4-69.ap-northeast-1.compute.internal"
IP_P = "ip-100-64-0-5.ap-northeast-1.compute.internal"
IP_V = "ip-10-99-0-7.ec2.internal"
EC2_A = "ec2-198-18-0-10.ap-northeast-1.compute.amazonaws.com"
EC2_B = "ec2-198-18-0-11.ap-northeast-1.compute.amazonaws.com"
EC2_P = "ec2-198-18-0-12.ap-northeast-1.compute.amazonaws.com"
EC2_V = "ec2-198-18-0-13.compute-1.amazonaws.com"
INACTIVE = [status for status in PeeringStatus if status is not PeeringStatus.ACTIVE]

# -- one VPC ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "record_type", "expected"),
    [
        (IP_A, "A", "10.20.0.207"),
        (IP_A.upper(), "A", "10.20.0.207"),
        (IP_A, "AAAA", "NODATA"),
        (IP_A, "MX", "NODATA"),
        (IP_A, "CNAME", "NODATA"),
        (IP_A, "ANY", "10.20.0.207"),
        ("ip-10-20-0-8.ap-northeast-1.compute.internal", "A", "10.20.0.8"),  # nobody has it
        ("ip-10-020-0-8.ap-northeast-1.compute.internal", "A", "NXDOMAIN"),
        ("ip-10-20-0-256.ap-northeast-1.compute.internal", "A", "NXDOMAIN"),
        ("ip-10-20-0.ap-northeast-1.compute.internal", "A", "NXDOMAIN"),
        (f"www.{IP_A}", "A", "NXDOMAIN"),
        ("ip-198-18-0-10.ap-northeast-1.compute.internal", "A", "NXDOMAIN"),
        ("ap-northeast-1.compute.internal", "A", "NODATA"),
        ("web.ap-northeast-1.compute.internal", "A", "NXDOMAIN"),
        ("instance-data.ap-northeast-1.compute.internal", "A", "169.254.169.254"),
        (EC2_A, "A", "10.20.0.207"),
        (EC2_A, "AAAA", "NODATA"),
        ("ec2-198-18-0-99.ap-northeast-1.compute.amazonaws.com", "A", "NXDOMAIN"),
        ("ec2-198-18-0-10.compute-1.amazonaws.com", "A", "NXDOMAIN"),  # of another Region
        ("ap-northeast-1.compute.amazonaws.com", "A", "NODATA"),
        ("207.0.20.10.in-addr.arpa", "PTR", f"{IP_A}."),
        ("207.0.20.10.in-addr.arpa", "A", "NODATA"),
        ("8.0.20.10.in-addr.arpa", "PTR", "ip-10-20-0-8.ap-northeast-1.compute.internal."),
        ("20.10.in-addr.arpa", "PTR", "NODATA"),
        ("256.0.20.10.in-addr.arpa", "PTR", "NXDOMAIN"),
        ("1.207.0.20.10.in-addr.arpa", "PTR", "NXDOMAIN"),
        ("10.0.18.198.in-addr.arpa", "PTR", f"{EC2_A}."),
        ("99.0.18.198.in-addr.arpa", "PTR", "NXDOMAIN"),
        ("254.169.254.169.in-addr.arpa", "PTR", "instance-data.ap-northeast-1.compute.internal."),
    ],
)
def test_a_vpc_knows_its_own_names(name: str, record_type: str, expected: str) -> None:
    assert answer(world(), "vpc-a", name, record_type) == expected


def test_us_east_1_has_names_of_its_own() -> None:
    assert answer(world(), "vpc-v", IP_V) == "10.99.0.7"
    assert answer(world(), "vpc-v", EC2_V) == "10.99.0.7"
    assert answer(world(), "vpc-v", "7.0.99.10.in-addr.arpa", "PTR") == f"{IP_V}."


@pytest.mark.parametrize(("support", "hostnames"), [(True, False), (False, True), (False, False)])
@pytest.mark.parametrize("name", [IP_A, EC2_A, "instance-data.ap-northeast-1.compute.internal"])
def test_private_names_need_both_attributes(support: bool, hostnames: bool, name: str) -> None:
    state = changed(world(), Vpc, "vpc-a", enable_dns_support=support, enable_dns_hostnames=hostnames)
    assert answer(state, "vpc-a", name) == "NXDOMAIN"
    assert answer(state, "vpc-a", "207.0.20.10.in-addr.arpa", "PTR") == "NXDOMAIN"
    assert answer(state, "vpc-b", EC2_A) == "NXDOMAIN"  # it has no public name at all
    assert answer(state, "vpc-b", "10.0.18.198.in-addr.arpa", "PTR") == "NXDOMAIN"


def test_a_vpc_without_hostnames_still_asks_the_internet() -> None:
    state = changed(world(), Vpc, "vpc-a", enable_dns_hostnames=False)
    assert answer(state, "vpc-a", EC2_B) == "198.18.0.11"
    assert answer(state, "vpc-a", "one.example.com") == "198.19.0.1"


def test_negative_answers_say_for_how_long() -> None:
    for name in (IP_A, "web.ap-northeast-1.compute.internal"):
        found = ask(world(), "vpc-a", name, "AAAA")
        assert found.authority is not None
        assert (found.authority.name, found.authority.type) == ("ap-northeast-1.compute.internal.", "SOA")
        assert found.authority.ttl == 60
    assert ask(world(), "vpc-a", IP_A).answer[0].ttl == 60


@pytest.mark.parametrize("state", list(InstanceState))
def test_a_private_name_stays_with_the_address_a_public_one_goes_with_it(state: InstanceState) -> None:
    """A stopped instance keeps its private address and gives back its public one."""
    there = changed(world(), Instance, "i-a", state=state)
    assert answer(there, "vpc-a", IP_A) == "10.20.0.207"
    there = changed(there, NetworkInterface, "eni-a", public_address=None)
    for vpc_id in ("vpc-a", "vpc-b"):
        assert answer(there, vpc_id, EC2_A) == "NXDOMAIN"


def test_elastic_ip_addresses_have_names_each_for_its_private_address() -> None:
    there = changed(world(), NetworkInterface, "eni-a", public_address=None)
    interface = there.network.interfaces["eni-a"]
    addresses = (*interface.private_addresses, Address.parse("10.20.0.208"))
    interface = replace(interface, private_addresses=addresses)
    first, second = elastic_ip(interface, "198.18.0.20"), elastic_ip(interface, "198.18.0.21", "10.20.0.208")
    there = there.apply(put(interface, first, second))
    names = [f"ec2-198-18-0-{last}.ap-northeast-1.compute.amazonaws.com" for last in (20, 21)]
    assert [answer(there, "vpc-a", name) for name in names] == ["10.20.0.207", "10.20.0.208"]
    assert [answer(there, "vpc-b", name) for name in names] == ["198.18.0.20", "198.18.0.21"]
    assert answer(there, "vpc-b", "21.0.18.198.in-addr.arpa", "PTR") == f"{names[1]}."
    named = there.apply(put(replace(second, domain_name="mail.example.com.")))
    assert answer(named, "vpc-b", "21.0.18.198.in-addr.arpa", "PTR") == "mail.example.com."
    unused = there.apply(put(replace(second, association=None)))
    assert answer(unused, "vpc-b", names[1]) == "NXDOMAIN"
    assert answer(unused, "vpc-b", "21.0.18.198.in-addr.arpa", "PTR") == "NXDOMAIN"
    unused = unused.apply(put(replace(second, association=None, domain_name="mail.example.com.")))
    assert answer(unused, "vpc-b", "21.0.18.198.in-addr.arpa", "PTR") == "mail.example.com."


def test_space_of_a_secondary_block_is_the_vpcs_own() -> None:
    name = "ip-100-70-0-1.ap-northeast-1.compute.internal"
    assert answer(world(), "vpc-a", name) == "NXDOMAIN"
    state = with_block(world(), "vpc-a", "100.70.0.0/16")
    assert answer(state, "vpc-a", name) == "100.70.0.1"
    assert answer(state, "vpc-a", "1.0.70.100.in-addr.arpa", "PTR") == f"{name}."


@pytest.mark.parametrize(
    ("cidr", "address", "apex"),
    [
        ("10.21.0.0/16", "10.21.3.4", "21.10.in-addr.arpa."),
        ("10.22.48.0/20", "10.22.49.4", "49.22.10.in-addr.arpa."),
        ("10.23.0.16/28", "10.23.0.17", "0.23.10.in-addr.arpa."),
        (None, "10.200.0.1", "10.in-addr.arpa."),
        (None, "172.17.0.1", "17.172.in-addr.arpa."),
        (None, "192.168.3.1", "168.192.in-addr.arpa."),
    ],
)
def test_reverse_zones_are_as_general_as_the_block_allows(cidr: str | None, address: str, apex: str) -> None:
    state = with_block(world(), "vpc-a", cidr) if cidr else world()
    name = ".".join(reversed(address.split("."))) + ".in-addr.arpa"
    found = ask(state, "vpc-a", name, "A")
    assert found.authority is not None
    assert found.authority.name == apex


# -- resource names --------------------------------------------------------------------------------------------------

RESOURCE_A = "i-a.ap-northeast-1.compute.internal"


def test_a_resource_name_is_answered_if_the_instance_wants_it() -> None:
    assert answer(world(), "vpc-a", RESOURCE_A) == "NXDOMAIN"
    state = changed(world(), Instance, "i-a", enable_resource_name_dns_a_record=True)
    assert answer(state, "vpc-a", RESOURCE_A) == "10.20.0.207"
    assert answer(state, "vpc-a", RESOURCE_A, "AAAA") == "NODATA"
    assert answer(state, "vpc-a", "i-a.us-west-2.compute.internal") == "NXDOMAIN"
    assert answer(state, "vpc-b", RESOURCE_A) == "NXDOMAIN"
    assert answer(peered(state, "b", "a"), "vpc-b", RESOURCE_A) == "NXDOMAIN"
    assert answer(peered(state, "b", "a", b_allows=True), "vpc-b", RESOURCE_A) == "10.20.0.207"


def test_a_terminated_instance_has_no_name() -> None:
    state = changed(world(), Instance, "i-a", enable_resource_name_dns_a_record=True)
    state = changed(state, NetworkInterface, "eni-a", attachment=None)
    assert answer(state, "vpc-a", RESOURCE_A) == "NXDOMAIN"


# -- between VPCs ----------------------------------------------------------------------------------------------------

# Where each name leads, by how the asking VPC and the VPC of the name are related.  "Allowed" is what the side of the
# name's VPC allows; what the asker's own side allows is of no consequence.
BETWEEN = [
    # asker, name's VPC, name, not peered, peered, peered and allowed
    ("a", "b", IP_B, "10.30.4.69", "10.30.4.69", "10.30.4.69"),  # private space of the Region: always
    ("a", "p", IP_P, "NXDOMAIN", "NXDOMAIN", "100.64.0.5"),
    ("a", "v", IP_V, "NXDOMAIN", "NXDOMAIN", "10.99.0.7"),  # another Region: only if allowed
    ("v", "a", IP_A, "NXDOMAIN", "NXDOMAIN", "10.20.0.207"),
    ("v", "p", IP_P, "NXDOMAIN", "NXDOMAIN", "100.64.0.5"),
    ("a", "b", EC2_B, "198.18.0.11", "198.18.0.11", "10.30.4.69"),
    ("a", "p", EC2_P, "198.18.0.12", "198.18.0.12", "100.64.0.5"),
    ("a", "v", EC2_V, "198.18.0.13", "198.18.0.13", "10.99.0.7"),
    ("v", "a", EC2_A, "198.18.0.10", "198.18.0.10", "10.20.0.207"),
]
REVERSE_BETWEEN = [
    ("a", "b", "69.4.30.10.in-addr.arpa", f"{IP_B}.", f"{IP_B}.", f"{IP_B}."),
    ("a", "p", "5.0.64.100.in-addr.arpa", "NXDOMAIN", "NXDOMAIN", f"{IP_P}."),
    # Without more, the resolver takes any private address for one of its Region.
    ("a", "v", "7.0.99.10.in-addr.arpa", *["ip-10-99-0-7.ap-northeast-1.compute.internal."] * 2, f"{IP_V}."),
    ("a", "b", "11.0.18.198.in-addr.arpa", f"{EC2_B}.", f"{EC2_B}.", f"{EC2_B}."),
]
CASES = [(*row, "A") for row in BETWEEN] + [(*row, "PTR") for row in REVERSE_BETWEEN]


@pytest.mark.parametrize(("asker", "owner", "name", "apart", "together", "allowed", "kind"), CASES)
def test_names_of_another_vpc(
    asker: str, owner: str, name: str, apart: str, together: str, allowed: str, kind: str
) -> None:
    assert answer(world(), f"vpc-{asker}", name, kind) == apart
    for own, other, turned in product((False, True), (False, True), (False, True)):
        sides = (owner, asker) if turned else (asker, owner)
        allows = (other, own) if turned else (own, other)
        state = peered(world(), *sides, a_allows=allows[0], b_allows=allows[1])
        assert answer(state, f"vpc-{asker}", name, kind) == (allowed if other else together)
    for status in INACTIVE:
        state = peered(world(), asker, owner, a_allows=True, b_allows=True, status=status)
        assert answer(state, f"vpc-{asker}", name, kind) == apart


@pytest.mark.parametrize(("asker", "owner", "name", "apart"), [row[:4] for row in BETWEEN if row[2].startswith("ec2-")])
@pytest.mark.parametrize("attribute", ["enable_dns_support", "enable_dns_hostnames"])
def test_allowed_names_need_both_attributes_of_both_vpcs(
    asker: str, owner: str, name: str, apart: str, attribute: str
) -> None:
    state = peered(world(), asker, owner, a_allows=True, b_allows=True)
    without = changed(state, Vpc, f"vpc-{asker}", **{attribute: False})
    assert answer(without, f"vpc-{asker}", name) == apart
    without = changed(state, Vpc, f"vpc-{owner}", **{attribute: False})
    assert answer(without, f"vpc-{asker}", name) == "NXDOMAIN"  # nobody has the name any more


def test_peering_is_not_transitive_for_names_either() -> None:
    state = peered(world(), "a", "p", a_allows=True, b_allows=True)
    state = peered(state, "a", "b", a_allows=True, b_allows=True)
    assert answer(state, "vpc-b", IP_P) == "NXDOMAIN"
    assert answer(state, "vpc-b", EC2_P) == "198.18.0.12"


def test_a_network_of_nothing_answers_too() -> None:
    state = State.of(*world().network.vpcs.values())
    assert answer(state, "vpc-a", EC2_A) == "NXDOMAIN"
    assert answer(state, "vpc-a", "i-a.ap-northeast-1.compute.internal") == "NXDOMAIN"
