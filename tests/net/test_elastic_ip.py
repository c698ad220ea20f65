"""Elastic IP addresses at the internet gateway, as packets meet them."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from realvpc.net.addresses import Address
from realvpc.net.network import Network
from realvpc.net.reasons import Reason
from realvpc.net.table import put
from realvpc.net.walk import walk
from tests.worlds import elastic_ip, ping, three_vpcs

A, A_SECOND, POOL = "10.20.0.207", "10.20.0.208", "198.18.0.10"
FIRST, SECOND = "198.18.0.77", "198.18.0.78"
OUTSIDE = "198.19.0.1"


def world() -> Network:
    """``eni-a`` has two private addresses, and an Elastic IP address for each."""
    network = three_vpcs()
    addresses = (Address.parse(A), Address.parse(A_SECOND))
    interface = replace(network.interfaces["eni-a"], private_addresses=addresses, public_address=None)
    return network.apply(put(interface, elastic_ip(interface, FIRST), elastic_ip(interface, SECOND, A_SECOND)))


@pytest.mark.parametrize(("private", "public"), [(A, FIRST), (A_SECOND, SECOND)])
def test_each_private_address_has_its_own_both_ways(private: str, public: str) -> None:
    network = world()
    out = walk(network, ping(private, OUTSIDE), "eni-a")
    assert out.delivered
    assert out.packet.source == Address.parse(public)
    back = walk(network, ping(OUTSIDE, public), "internet")
    assert back.delivered_to == "eni-a"
    assert back.packet.destination == Address.parse(private)


def test_a_secondary_address_without_one_goes_nowhere() -> None:
    network = world()
    unused = replace(network.elastic_ips[f"eipalloc-{SECOND}"], association=None)
    network = network.apply(put(unused))
    assert walk(network, ping(A_SECOND, OUTSIDE), "eni-a").reason is Reason.IGW_NO_PUBLIC_ADDRESS
    assert walk(network, ping(OUTSIDE, SECOND), "internet").reason is Reason.IGW_UNKNOWN_PUBLIC_ADDRESS
    assert walk(network, ping("10.30.4.69", SECOND), "eni-b").delivered_to == "internet", "where nobody has it"


def test_what_a_gateway_was_taken_from_has_no_public_address() -> None:
    network = world()
    network = network.apply(put(replace(network.internet_gateways["igw-a"], vpc_id=None)))
    assert walk(network, ping(OUTSIDE, FIRST), "internet").reason is Reason.IGW_UNKNOWN_PUBLIC_ADDRESS


def test_the_address_of_the_pool_is_of_the_primary_address_only() -> None:
    network = three_vpcs()
    interface = network.interfaces["eni-a"]
    addresses = (Address.parse(A), Address.parse(A_SECOND))
    interface = replace(interface, private_addresses=addresses)
    network = network.apply(put(interface, elastic_ip(interface, SECOND, A_SECOND)))
    assert list(network.public_addresses_of(interface).items()) == [
        (Address.parse(A), Address.parse(POOL)),
        (Address.parse(A_SECOND), Address.parse(SECOND)),
    ]
    assert network.public_address_of(interface) == Address.parse(POOL)
    assert network.behind_public_address(Address.parse(SECOND)) == (interface, Address.parse(A_SECOND))


def test_inwards_it_leads_where_outwards_it_comes_from_and_nowhere_else() -> None:
    """Not to a private address that the interface has not, and not by what an Elastic IP address took the place of."""
    network = three_vpcs()
    interface = network.interfaces["eni-a"]
    network = network.apply(put(elastic_ip(interface, FIRST), elastic_ip(interface, SECOND, A_SECOND)))
    assert list(network.public_addresses_of(interface).values()) == [Address.parse(FIRST)]
    assert walk(network, ping(OUTSIDE, FIRST), "internet").delivered_to == "eni-a"
    for public in (SECOND, POOL):
        assert walk(network, ping(OUTSIDE, public), "internet").reason is Reason.IGW_UNKNOWN_PUBLIC_ADDRESS


def test_an_address_that_is_allocated_is_in_use_whether_associated_or_not() -> None:
    network = three_vpcs()
    free = replace(elastic_ip(network.interfaces["eni-a"], FIRST), association=None)
    network = network.apply(put(free))
    assert [network.public_address_in_use(Address.parse(each)) for each in (FIRST, POOL, SECOND)] == [True, True, False]


def test_from_another_vpc_it_is_reached_as_on_the_internet() -> None:
    trace = walk(world(), ping("10.30.4.69", SECOND), "eni-b")
    assert trace.delivered_to == "eni-a"
    assert (trace.packet.source, trace.packet.destination) == (Address.parse("198.18.0.11"), Address.parse(A_SECOND))
