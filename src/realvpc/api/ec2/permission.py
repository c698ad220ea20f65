"""Security group rules as responses show them: in permissions, in pairs, in words (EC2 API, "IpPermission")."""

from __future__ import annotations

from msgspec import Struct

from realvpc.net.addresses import Cidr
from realvpc.net.packet import PROTOCOL_NAMES
from realvpc.net.peering import Peering, PeeringStatus
from realvpc.net.security_group import (
    ALL_PROTOCOLS,
    ANY_TYPE,
    ICMP,
    ICMPV6,
    TCP,
    UDP,
    GroupReference,
    Peer,
    PrefixListReference,
    SecurityGroup,
    SecurityGroupRule,
    peer_id,
)

from ..core.context import Context, Response


class Traffic(Struct, frozen=True):
    """Protocol and ports (or ICMP type and code), as a ``SecurityGroupRule`` has them."""

    protocol: int
    from_port: int
    to_port: int


def protocol_name(protocol: int) -> str:
    """``tcp``, ``udp``, ``icmp``, ``icmpv6``, or the number."""
    return PROTOCOL_NAMES.get(protocol, str(protocol))


def protocol_spellings(protocol: int) -> tuple[str, str]:
    """What filters find it by: its number as well as its name."""
    return str(protocol), protocol_name(protocol)


def has_ports(protocol: int) -> bool:
    """Whether responses show FromPort and ToPort in a permission of this protocol."""
    return protocol in (TCP, UDP, ICMP, ICMPV6)


def rule_in_words(rule: SecurityGroupRule) -> str:
    """The rule as AWS's messages quote it: ``peer: 0.0.0.0/0, TCP, from port: 22, to port: 22, ALLOW``."""
    peer = peer_id(rule.peer) or rule.peer
    parts = [f"peer: {peer}", "ALL" if rule.protocol == ALL_PROTOCOLS else protocol_name(rule.protocol).upper()]
    if rule.protocol in (TCP, UDP):
        parts += [f"from port: {rule.from_port}", f"to port: {rule.to_port}"]
    elif rule.protocol in (ICMP, ICMPV6):
        parts += [f"type: {_or_all(rule.from_port)}", f"code: {_or_all(rule.to_port)}"]
    return ", ".join([*parts, "ALLOW"])


def _or_all(value: int) -> str:
    return "ALL" if value == ANY_TYPE else str(value)


def render_permissions(ctx: Context, group: SecurityGroup, *, is_egress: bool) -> list[Response]:
    """The rules of one direction, grouped by protocol and ports, in the order in which they came."""
    grouped: dict[Traffic, Response] = {}
    for rule in group.rules:
        if rule.is_egress != is_egress:
            continue
        traffic = Traffic(rule.protocol, rule.from_port, rule.to_port)
        if traffic not in grouped:
            grouped[traffic] = _empty_permission(traffic)
        permission, member = grouped[traffic], _member(rule.peer)
        if permission[member] is _NO_PEERS:
            permission[member] = []
        described = {"Description": rule.description} if rule.description else {}
        permission[member].append(_render_peer(ctx, group, rule.peer) | described)
    return list(grouped.values())


_NO_PEERS: list[Response] = []
"""One for all permissions, and never changed: a page of groups has 200,000 of them, and the collector looks at each."""


def _empty_permission(traffic: Traffic) -> Response:
    ports = {"FromPort": traffic.from_port, "ToPort": traffic.to_port} if has_ports(traffic.protocol) else {}
    return {
        "IpProtocol": protocol_name(traffic.protocol),
        **ports,
        "UserIdGroupPairs": _NO_PEERS,
        "IpRanges": _NO_PEERS,
        "Ipv6Ranges": _NO_PEERS,
        "PrefixListIds": _NO_PEERS,
    }


def _member(peer: Peer) -> str:
    match peer:
        case GroupReference():
            return "UserIdGroupPairs"
        case PrefixListReference():
            return "PrefixListIds"
        case Cidr(is_ipv4=True):
            return "IpRanges"
    return "Ipv6Ranges"


def _render_peer(ctx: Context, group: SecurityGroup, peer: Peer) -> Response:
    match peer:
        case GroupReference():
            return render_pair(ctx, group, peer)
        case PrefixListReference(prefix_list_id):
            return {"PrefixListId": prefix_list_id}
    return {"CidrIp" if peer.is_ipv4 else "CidrIpv6": str(peer)}


def render_pair(ctx: Context, group: SecurityGroup, reference: GroupReference) -> Response:
    """What a rule of ``group`` refers to; over a peering connection also the VPC, the connection and its status.

    The connection is the active one, where the two VPCs have been peered again since the rule was made.
    """
    pair: Response = {"UserId": reference.account, "GroupId": reference.group_id}
    if reference.peering_id is None:
        return pair
    peering = ctx.network.peerings.get(reference.peering_id)
    vpc_id = _vpc_of(ctx, reference, peering)
    if vpc_id is not None:
        peering = ctx.network.active_peering_between(group.vpc_id, vpc_id) or peering
    return pair | {
        "VpcId": vpc_id,
        "VpcPeeringConnectionId": peering.id if peering else reference.peering_id,
        "PeeringStatus": str(peering.status_at(ctx.now) if peering else PeeringStatus.DELETED),
    }


def _vpc_of(ctx: Context, reference: GroupReference, peering: Peering | None) -> str | None:
    referenced = ctx.network.security_groups.get(reference.group_id)
    if referenced is not None:
        return referenced.vpc_id
    if peering is None:
        return None
    return next(
        (side.vpc_id for side in (peering.requester, peering.accepter) if side.account == reference.account), None
    )
