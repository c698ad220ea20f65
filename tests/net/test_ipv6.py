"""IPv6 in the network: blocks, addresses, local routes, and the egress-only internet gateway."""

from __future__ import annotations

from msgspec.structs import replace

from realvpc.net.addresses import Address, Cidr
from realvpc.net.egress_only_internet_gateway import EgressOnlyInternetGateway
from realvpc.net.network import Network
from realvpc.net.route_table import Route, RouteState, TableRoute, Target, TargetKind
from realvpc.net.table import delete, put
from realvpc.net.vpc import Ipv6CidrAssociation
from tests.worlds import ACCOUNT, REGION, three_vpcs

OF_VPC, OF_SUBNET = Cidr.parse("2001:db8:20::/56"), Cidr.parse("2001:db8:20:1::/64")
ADDRESS, ANYWHERE = Address.parse("2001:db8:20:1::7"), Cidr.parse("::/0")


def dual_stack() -> Network:
    """The three VPCs; A has an IPv6 block, its subnet has one of it, and its interface an address."""
    network = three_vpcs()
    vpc, subnet, interface = network.vpcs["vpc-a"], network.subnets["subnet-a"], network.interfaces["eni-a"]
    return network.apply(
        put(
            replace(vpc, ipv6_cidr_associations=(Ipv6CidrAssociation("vpc-cidr-assoc-a6", OF_VPC),)),
            replace(subnet, ipv6_cidr_associations=(Ipv6CidrAssociation("subnet-cidr-assoc-a6", OF_SUBNET),)),
            replace(interface, ipv6_addresses=(ADDRESS,)),
        )
    )


def test_a_vpc_holds_the_addresses_of_its_blocks_in_both_families() -> None:
    vpc = dual_stack().vpcs["vpc-a"]
    assert (vpc.cidrs, vpc.ipv6_cidrs) == ((Cidr.parse("10.20.0.0/16"),), (OF_VPC,))
    assert vpc.blocks == (*vpc.cidrs, *vpc.ipv6_cidrs)
    assert all(map(vpc.holds, (ADDRESS, Address.parse("10.20.0.207"))))
    assert not any(map(vpc.holds, (Address.parse("2001:db8:21::7"), Address.parse("10.21.0.207"))))


def test_the_first_four_addresses_of_a_subnet_and_the_last_one_are_nobodys() -> None:
    subnet = dual_stack().subnets["subnet-a"]
    assert subnet.ipv6_cidr == OF_SUBNET
    places = (0, 3, 4, OF_SUBNET.size - 2, OF_SUBNET.size - 1)
    assert [subnet.usable(OF_SUBNET.at(place)) for place in places] == [False, False, True, True, False]
    assert subnet.holds(ADDRESS) and subnet.holds(subnet.ipv4_link.first) and not subnet.holds(OF_VPC.first)
    without = three_vpcs().subnets["subnet-a"]
    assert without.ipv6_cidr is None and not without.usable(ADDRESS) and not without.holds(ADDRESS)


def test_an_interface_is_found_by_each_of_its_addresses() -> None:
    network = dual_stack()
    interface = network.interfaces["eni-a"]
    assert interface.addresses == (Address.parse("10.20.0.207"), ADDRESS)
    assert all(network.interface_at("vpc-a", address) == interface for address in interface.addresses)
    assert network.interface_at("vpc-b", ADDRESS) is None
    assert network.group_has("sg-a", ADDRESS) and not network.group_has("sg-b", ADDRESS)


def test_each_block_is_local_in_every_table_of_the_vpc() -> None:
    network = dual_stack()
    for table in network.route_tables_of("vpc-a"):
        route = network.lookup_route(table, ADDRESS)
        assert route is not None and route == network.route_to(table, OF_VPC)
        assert (route.destination, route.target.kind) == (OF_VPC, TargetKind.LOCAL)


def test_a_route_over_an_egress_only_internet_gateway_is_a_blackhole_without_it() -> None:
    network = dual_stack()
    gateway = EgressOnlyInternetGateway(id="eigw-a", account=ACCOUNT, region=REGION, vpc_id="vpc-a")
    route = Route(ANYWHERE, Target(TargetKind.EGRESS_ONLY_INTERNET_GATEWAY, gateway.id))
    table = network.route_tables["rtb-a"]
    network = network.apply(put(gateway, TableRoute.of(table, route)))
    assert network.egress_only_internet_gateway_of("vpc-a") == gateway
    assert network.egress_only_internet_gateway_of("vpc-b") is None
    assert network.route_state(table, route) is RouteState.ACTIVE
    assert network.route_state(network.route_tables["rtb-b"], route) is RouteState.BLACKHOLE
    assert network.apply(delete(gateway)).route_state(table, route) is RouteState.BLACKHOLE
