"""Tables share and keep up their indexes: what they find never depends on what was asked before, or in which order."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realvpc.net import indexes
from realvpc.net.addresses import Address, Cidr
from realvpc.net.elastic_ip import AddressAssociation, ElasticIp
from realvpc.net.internet_gateway import InternetGateway
from realvpc.net.network import Network
from realvpc.net.network_interface import Attachment, NetworkInterface
from realvpc.net.peering import Peering, PeeringSide, PeeringStatus
from realvpc.net.resource import Resource
from realvpc.net.route_table import RouteTable, RouteTableAssociation
from realvpc.net.subnet import Subnet
from realvpc.net.table import Change, Table, delete, put

NOW = datetime(2026, 11, 23, tzinfo=UTC)
WHERE: dict[str, Any] = {"account": "111111111111", "region": "ap-northeast-1"}
VPCS, SUBNETS, INSTANCES = ("vpc-1", "vpc-2"), ("subnet-1", "subnet-2"), ("i-1", "i-2")
ADDRESSES = tuple(Address.parse(f"10.0.0.{host}") for host in (4, 5, 6))
GROUPS = ("sg-1", "sg-2")
ROW_IDS = ("1", "2", "3")


def choose(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


def some(*values: Any) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.lists(choose(*values), unique=True, max_size=2).map(tuple)


interfaces = st.builds(
    lambda row_id, vpc_id, subnet_id, instance_id, addresses, groups, public: NetworkInterface(
        id=f"eni-{row_id}",
        **WHERE,
        vpc_id=vpc_id,
        subnet_id=subnet_id,
        mac_address="06:00:00:00:00:01",
        private_addresses=addresses,
        group_ids=groups,
        public_address=public,
        attachment=Attachment(id="eni-attach-1", owner_id=instance_id, device_index=0, attached_at=NOW)
        if instance_id
        else None,
    ),
    *(choose(*ROW_IDS), choose(*VPCS), choose(*SUBNETS), choose(None, *INSTANCES)),
    *(some(*ADDRESSES), some(*GROUPS), choose(None, *ADDRESSES)),
)
elastic_ips = st.builds(
    lambda row_id, public, interface_id, private: ElasticIp(
        id=f"eipalloc-{row_id}",
        **WHERE,
        public_address=public,
        association=AddressAssociation(
            id=f"eipassoc-{row_id}-{interface_id}", interface_id=f"eni-{interface_id}", private_address=private
        )
        if interface_id
        else None,
    ),
    *(choose(*ROW_IDS), choose(*ADDRESSES), choose(None, *ROW_IDS), choose(*ADDRESSES)),
)
gateways = st.builds(
    lambda row_id, vpc_id: InternetGateway(id=f"igw-{row_id}", **WHERE, vpc_id=vpc_id),
    choose(*ROW_IDS),
    choose(None, *VPCS),
)
subnets = st.builds(
    lambda subnet_id, vpc_id: Subnet(
        id=subnet_id, **WHERE, vpc_id=vpc_id, cidr=Cidr.parse("10.0.0.0/24"), zone_name="a", zone_id="az1"
    ),
    choose(*SUBNETS),
    choose(*VPCS),
)
route_tables = st.builds(
    lambda row_id, vpc_id, subnet_ids: RouteTable(
        id=f"rtb-{row_id}",
        **WHERE,
        vpc_id=vpc_id,
        associations=tuple(RouteTableAssociation(f"rtbassoc-{subnet_id}", subnet_id) for subnet_id in subnet_ids),
    ),
    choose(*ROW_IDS),
    choose(*VPCS),
    some(None, *SUBNETS),
)
peerings = st.builds(
    lambda row_id, requester, accepter, status: Peering(
        id=f"pcx-{row_id}",
        **WHERE,
        requester=PeeringSide(**WHERE, vpc_id=requester),
        accepter=PeeringSide(**WHERE, vpc_id=accepter),
        status=status,
        requested_at=NOW,
    ),
    choose(*ROW_IDS),
    choose(*VPCS),
    choose(*VPCS),
    choose(PeeringStatus.ACTIVE, PeeringStatus.DELETED),
)
rows = st.one_of(interfaces, elastic_ips, gateways, subnets, route_tables, peerings)
changes = st.builds(
    lambda puts, deletes: Change(puts=tuple({(type(row), row.id): row for row in puts}.values()), deletes=deletes),
    st.lists(rows, max_size=4),
    st.lists(rows, max_size=3).map(tuple),
)


def answers(snapshot: Network) -> dict[str, Any]:
    """What every question that goes by an index gets, in an order of its own."""
    asked: dict[str, Iterable[Resource | None]] = {}
    for vpc_id in VPCS:
        asked[f"subnets {vpc_id}"] = snapshot.subnets_of(vpc_id)
        asked[f"tables {vpc_id}"] = snapshot.route_tables_of(vpc_id)
        asked[f"interfaces {vpc_id}"] = snapshot.interfaces_in_vpc(vpc_id)
        asked[f"peerings {vpc_id}"] = snapshot.peerings_of(vpc_id)
        asked[f"gateways {vpc_id}"] = snapshot.internet_gateways.where(indexes.vpc_id, vpc_id)
        for address in ADDRESSES:
            at = snapshot.interfaces.where(indexes.vpc_addresses, (vpc_id, address))
            asked[f"at {vpc_id} {address}"] = at
    for subnet_id in SUBNETS:
        asked[f"in {subnet_id}"] = snapshot.interfaces_in_subnet(subnet_id)
        asked[f"routed {subnet_id}"] = snapshot.route_tables.where(indexes.associated_subnets, subnet_id)
    for group_id in GROUPS:
        asked[f"with {group_id}"] = snapshot.interfaces_with_group(group_id)
        for address in ADDRESSES:
            members = snapshot.interfaces.where(indexes.group_addresses, (group_id, address))
            asked[f"with {group_id} {address}"] = members
            assert bool(members) == snapshot.group_has(group_id, address)
    for row_id in ROW_IDS:
        asked[f"elastic of {row_id}"] = snapshot.elastic_ips_of(f"eni-{row_id}")
        association_id = f"eipassoc-{row_id}-{row_id}"
        asked[association_id] = snapshot.elastic_ips.where(indexes.address_association_id, association_id)
    for instance_id in INSTANCES:
        asked[f"of {instance_id}"] = snapshot.interfaces_of(instance_id)
    for address in ADDRESSES:
        asked[f"elastic {address}"] = snapshot.elastic_ips.where(indexes.elastic_address, address)
        asked[f"public {address}"] = snapshot.interfaces.where(indexes.public_addresses, address)
    return {name: sorted(found, key=lambda row: row.id if row else "") for name, found in asked.items()}


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(changes, st.booleans()), max_size=8))
def test_indexes_find_what_a_fresh_look_finds(history: list[tuple[Change, bool]]) -> None:
    """``asked`` along the way or not: an index that was made early is kept up through every later change."""
    snapshot = Network()
    for change, asked in history:
        before = {kind: dict(snapshot.table(kind)) for kind in Network.TYPES}
        earlier, answered = snapshot, answers(snapshot) if asked else None
        snapshot = snapshot.apply(change)
        fresh = Network.of(*(row for kind in Network.TYPES for row in snapshot.table(kind).values()))
        assert answers(snapshot) == answers(fresh)
        assert {kind: dict(earlier.table(kind)) for kind in Network.TYPES} == before
        assert answered in (None, answers(earlier))


@st.composite
def rows_in_two_orders(draw: st.DrawFn) -> tuple[list[Resource], list[Resource]]:
    chosen: list[Resource] = draw(st.lists(rows, unique_by=lambda row: (type(row), row.id)))
    return chosen, draw(st.permutations(chosen))


@settings(max_examples=100, deadline=None)
@given(rows_in_two_orders())
def test_any_order_of_the_same_changes_gives_the_same_network(orders: tuple[list[Resource], list[Resource]]) -> None:
    made = []
    for order in orders:
        snapshot = Network()
        for row in order:
            snapshot = snapshot.apply(put(row))
            answers(snapshot)
        made.append(snapshot)
    one, other = made
    assert answers(one) == answers(other)
    assert [dict(one.table(kind)) for kind in Network.TYPES] == [dict(other.table(kind)) for kind in Network.TYPES]


def test_a_change_leaves_other_tables_and_their_indexes_as_they_are() -> None:
    snapshot = Network.of(InternetGateway(id="igw-1", **WHERE, vpc_id="vpc-1"))
    table = RouteTable(id="rtb-1", **WHERE, vpc_id="vpc-1")
    after = snapshot.apply(put(table))
    assert after.internet_gateways is snapshot.internet_gateways
    assert list(after.route_tables_of("vpc-1")) == [table]


def test_what_is_put_and_deleted_in_one_change_is_there() -> None:
    gateway = InternetGateway(id="igw-1", **WHERE, vpc_id="vpc-1")
    snapshot = Network.of(gateway).apply(Change(puts=(gateway,), deletes=(gateway,)))
    assert snapshot.internet_gateway_of("vpc-1") == gateway


def test_of_two_changes_in_a_row_the_later_one_counts() -> None:
    attached = InternetGateway(id="igw-1", **WHERE, vpc_id="vpc-1")
    detached = InternetGateway(id="igw-1", **WHERE)
    assert Network().apply(put(attached) + put(detached)).internet_gateways["igw-1"] == detached
    assert not Network().apply(put(attached) + delete(attached)).internet_gateways
    assert (put(attached) + delete(attached) + put(detached)).deletes == ()


def test_a_table_of_another_type_is_not_there() -> None:
    with pytest.raises(KeyError):
        Network().table(Resource)
    assert not Table()
