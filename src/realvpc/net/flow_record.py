"""What flow logs have of a packet: a record at each interface that saw it (VPC guide, "Flow log records").

An interface sees a packet where its security groups are asked, or those of a NAT gateway would be.  The action is what
security groups and network ACLs said there: what a route or a gateway drops afterwards was accepted, and nobody behind
them has seen it.  The program gathers the same (``fabric/bpf/src/record.h``).
"""

from __future__ import annotations

from msgspec import Struct

from .addresses import Address
from .flow_log import Action, FlowLog, logged_id
from .network import Network
from .network_interface import NetworkInterface
from .reasons import Reason
from .security_group import TCP, UDP
from .trace import Sighting, Trace

REFUSED_BY_RULES = frozenset(
    {
        Reason.SECURITY_GROUP_EGRESS,
        Reason.SECURITY_GROUP_INGRESS,
        Reason.NETWORK_ACL_EGRESS,
        Reason.NETWORK_ACL_INGRESS,
    }
)
REFUSED_BY_BLOCK_PUBLIC_ACCESS = Reason.VPC_BLOCK_PUBLIC_ACCESS

NO_RECORD = frozenset({Reason.DESTINATION_CHECK, Reason.CONNTRACK_ALLOWANCE_EXCEEDED, Reason.INSTANCE_NOT_RUNNING})
"""Dropped at the last interface, and not by what flow logs speak of."""


class FlowRecord(Struct, frozen=True, kw_only=True):
    """Of one packet at one interface; those of a minute that are alike become one line.  Ports are those of TCP and
    UDP, otherwise 0.  Addresses are the packet's as the interface saw them."""

    interface_id: str
    is_egress: bool
    action: Action
    by_block_public_access: bool
    source: Address
    destination: Address
    source_port: int
    destination_port: int
    protocol: int


def flow_logs_of(network: Network, interface: NetworkInterface) -> list[FlowLog]:
    """Those of the interface, of its subnet and of its VPC."""
    ids = interface.id, interface.subnet_id, interface.vpc_id
    return [row for each in ids for row in network.flow_logs.where(logged_id, each)]


def is_there(network: Network, row: FlowLog) -> bool:
    """Whether there is still what it is about."""
    return any(row.resource_id in table for table in (network.vpcs, network.subnets, network.interfaces))


def logged_actions(network: Network, interface: NetworkInterface) -> frozenset[Action]:
    """What is gathered at an interface: nothing unless it is an appliance's, or of an instance that runs."""
    rows = network.flow_logs and [row for row in flow_logs_of(network, interface) if row.is_gathered_for]
    if not rows:
        return frozenset()
    attachment, instance = interface.attachment, network.instance_of(interface)
    is_in_use = instance.machine_wanted if instance else attachment is not None and attachment.instance_id is None
    return frozenset().union(*(row.traffic_type.actions for row in rows)) if is_in_use else frozenset()


def records_of(network: Network, trace: Trace) -> tuple[FlowRecord, ...]:
    """In the order in which the packet came by."""
    seen = trace.sightings[:-1] if trace.reason in NO_RECORD else trace.sightings
    records = [_record(sighting) for sighting in seen]
    is_blocked = trace.reason is REFUSED_BY_BLOCK_PUBLIC_ACCESS
    if records and (is_blocked or trace.reason in REFUSED_BY_RULES):
        records[-1] = _record(seen[-1], Action.REJECT, by_block_public_access=is_blocked)
    return tuple(row for row in records if row.action in logged_actions(network, network.interfaces[row.interface_id]))


def _record(sighting: Sighting, action: Action = Action.ACCEPT, *, by_block_public_access: bool = False) -> FlowRecord:
    packet = sighting.packet
    has_ports = packet.protocol in (TCP, UDP)
    return FlowRecord(
        interface_id=sighting.interface_id,
        is_egress=sighting.is_egress,
        action=action,
        by_block_public_access=by_block_public_access,
        source=packet.source,
        destination=packet.destination,
        source_port=packet.source_port if has_ports else 0,
        destination_port=packet.destination_port if has_ports else 0,
        protocol=packet.protocol,
    )
