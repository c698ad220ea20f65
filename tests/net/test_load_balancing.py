"""What the walk says of a load balancer's node: it takes what is for it, with security groups or without."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from realvpc.net.addresses import Address
from realvpc.net.load_balancer import LoadBalancer, LoadBalancerState, Scheme
from realvpc.net.network import Network
from realvpc.net.network_interface import Attachment, NetworkInterface
from realvpc.net.packet import Packet
from realvpc.net.reasons import Reason
from realvpc.net.security_group import TCP
from realvpc.net.table import Change, delete, put
from realvpc.net.walk import walk
from tests.worlds import vpc_with_instance

NODE, ADDRESS = "eni-node", Address.parse("10.20.0.80")
NOW = datetime(2026, 11, 29, tzinfo=UTC)


def with_node(*, is_filtered: bool, groups: tuple[str, ...] = ()) -> Network:
    network = Network.of(*vpc_with_instance("a", "10.20.0.0/16", "10.20.0.207"))
    [row] = network.interfaces.values()
    balancer = LoadBalancer(
        id="nlb-00123456789abcdef",
        account=row.account,
        region=row.region,
        name="front",
        scheme=Scheme.INTERNAL,
        vpc_id=row.vpc_id,
        created_at=NOW,
        state=LoadBalancerState.ACTIVE,
    )
    node: NetworkInterface = replace(
        row,
        id=NODE,
        mac_address="06:00:00:00:02:01",
        private_addresses=(ADDRESS,),
        group_ids=groups,
        is_filtered=is_filtered,
        attachment=Attachment(id="ela-attach-1", owner_id=balancer.id, device_index=0, attached_at=NOW),
    )
    return network.apply(put(balancer, node))


def packet(source: Address, destination: Address) -> Packet:
    return Packet(source=source, destination=destination, protocol=TCP, source_port=1025, destination_port=80)


def test_without_security_groups_everything_passes() -> None:
    network = with_node(is_filtered=False)
    [client] = [row for row in network.interfaces.values() if row.id != NODE]
    [address] = client.private_addresses
    there = walk(network, packet(address, ADDRESS), client.id)
    assert there.delivered_to == NODE
    back = walk(network, packet(ADDRESS, Address.parse("10.20.0.99")), NODE)
    assert back.reason is Reason.NO_DESTINATION  # its own groups had nothing against it


def test_with_security_groups_they_decide() -> None:
    network = with_node(is_filtered=True)
    [client] = [row for row in network.interfaces.values() if row.id != NODE]
    [address] = client.private_addresses
    trace = walk(network, packet(address, ADDRESS), client.id)
    assert trace.reason is Reason.SECURITY_GROUP_INGRESS


@pytest.mark.parametrize("state", list(LoadBalancerState))
def test_its_nodes_take_what_arrives_while_it_is_active(state: LoadBalancerState) -> None:
    network = with_node(is_filtered=False)
    [balancer] = network.load_balancers.values()
    network = network.apply(put(replace(balancer, state=state)))
    [client] = [row for row in network.interfaces.values() if row.id != NODE]
    [address] = client.private_addresses
    trace = walk(network, packet(address, ADDRESS), client.id)
    is_active = state is LoadBalancerState.ACTIVE
    assert trace.reason is (Reason.DELIVERED if is_active else Reason.INSTANCE_NOT_RUNNING)


@pytest.mark.parametrize("is_there", [True, False])
def test_nobody_takes_what_arrives_once_the_load_balancer_is_gone(*, is_there: bool) -> None:
    network = with_node(is_filtered=False)
    change = Change() if is_there else delete(*network.load_balancers.values())
    network = network.apply(change)
    [client] = [row for row in network.interfaces.values() if row.id != NODE]
    [address] = client.private_addresses
    trace = walk(network, packet(address, ADDRESS), client.id)
    assert trace.reason is (Reason.DELIVERED if is_there else Reason.INSTANCE_NOT_RUNNING)
