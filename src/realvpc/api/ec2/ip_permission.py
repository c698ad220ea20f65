"""IpPermissions: how requests write security group rules (EC2 API Reference, "IpPermission")."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any

from msgspec import Struct

from realvpc.net.addresses import Cidr
from realvpc.net.packet import PROTOCOL_NAMES, PROTOCOL_NUMBERS
from realvpc.net.security_group import (
    ANY_TYPE,
    ICMP,
    ICMPV6,
    PORT_MAXIMUM,
    PORT_MINIMUM,
    TCP,
    UDP,
    GroupReference,
    Peer,
    PrefixListReference,
    SecurityGroup,
    SecurityGroupRule,
)

from ..core.context import Context, Request
from ..core.errors import AwsError, invalid_parameter_combination, invalid_parameter_value, missing_parameter
from ..core.lookup import check_form, get, not_found
from ..core.parameters import parameter_name
from .permission import Traffic
from .prefix_list import PREFIX_LIST
from .prefix_list_use import check_references
from .security_group import SECURITY_GROUP, group_named

_DESCRIPTION = re.compile(r"[a-zA-Z0-9. _\-:/()#,@\[\]+=&;{}!$*]{0,255}")
_MAXIMUM_PROTOCOL, _MAXIMUM_TYPE = 255, 255
_FULL_ACCESS: tuple[dict[str, Any], ...] = (
    {"IpProtocol": "icmp", "FromPort": ANY_TYPE, "ToPort": ANY_TYPE},
    *({"IpProtocol": name, "FromPort": PORT_MINIMUM, "ToPort": PORT_MAXIMUM} for name in ("udp", "tcp")),
)  # AuthorizeSecurityGroupIngress, "SourceSecurityGroupName"


class RuleDraft(Struct, frozen=True):
    """A rule that a request writes down."""

    traffic: Traffic
    peer: Peer
    description: str | None

    def as_rule(self, rule_id: str, tags: dict[str, str], *, is_egress: bool) -> SecurityGroupRule:
        return SecurityGroupRule(
            id=rule_id,
            is_egress=is_egress,
            protocol=self.traffic.protocol,
            from_port=self.traffic.from_port,
            to_port=self.traffic.to_port,
            peer=self.peer,
            description=self.description,
            tags=tags,
        )


def permissions_of(request: Request, *, is_egress: bool) -> list[dict[str, Any]]:
    """The request's IpPermissions; the old flat parameters become one.

    SourceSecurityGroupName alone is full ICMP, UDP and TCP access from that group.  Raises InvalidParameterCombination
    when both are there, MissingParameter when neither is, InvalidParameterValue for a group's name in an egress rule.
    """
    permissions: list[dict[str, Any]] = request.get("IpPermissions") or []
    flat = {name: request[name] for name in ("IpProtocol", "FromPort", "ToPort") if request.get(name) is not None}
    cidr, group = request.get("CidrIp"), request.get("SourceSecurityGroupName")
    if permissions and (flat or cidr or group):
        raise invalid_parameter_combination("The parameter ipPermissions cannot be used with the parameter ipProtocol")
    if permissions:
        return permissions
    if not flat and not cidr and not group:
        raise missing_parameter("ipPermissions")
    if group and is_egress:
        raise _not_by_name(group)
    if group:
        if flat or cidr:
            excluded = parameter_name(next(iter(flat), "CidrIp"))
            raise invalid_parameter_combination(
                f"The parameter sourceSecurityGroupName cannot be used with the parameter {excluded}"
            )
        pair = {"GroupName": group, "UserId": request.get("SourceSecurityGroupOwnerId")}
        return [traffic | {"UserIdGroupPairs": [pair]} for traffic in _FULL_ACCESS]
    return [flat | {"IpRanges": [{"CidrIp": cidr}] if cidr else []}]


def read_permissions(
    ctx: Context, group: SecurityGroup, permissions: Iterable[dict[str, Any]], *, must_exist: bool = True
) -> list[RuleDraft]:
    """One draft per range and group of every permission.

    Raises InvalidParameterValue (protocol, ports, CIDR block, description), ``InvalidGroup.NotFound`` (a group that
    the VPC of ``group`` does not see; not with ``must_exist`` False, which is for revoking stale rules) and
    ``InvalidPrefixListID.NotFound``.
    """
    return [draft for permission in permissions for draft in _drafts(ctx, group, permission, must_exist=must_exist)]


def _drafts(ctx: Context, group: SecurityGroup, permission: dict[str, Any], *, must_exist: bool) -> Iterator[RuleDraft]:
    traffic = read_traffic(permission.get("IpProtocol"), permission.get("FromPort"), permission.get("ToPort"))
    sources = 0
    for entry in permission.get("IpRanges") or []:
        sources += 1
        yield RuleDraft(traffic, read_cidr(entry.get("CidrIp"), is_ipv4=True), read_description(entry))
    for entry in permission.get("Ipv6Ranges") or []:
        sources += 1
        yield RuleDraft(traffic, read_cidr(entry.get("CidrIpv6"), is_ipv4=False), read_description(entry))
    for entry in permission.get("PrefixListIds") or []:
        sources += 1
        reference = read_prefix_list(ctx, group, entry.get("PrefixListId") or "", must_exist=must_exist)
        yield RuleDraft(traffic, reference, read_description(entry))
    for entry in permission.get("UserIdGroupPairs") or []:
        sources += 1
        pair = read_reference(
            ctx, group, entry.get("GroupId"), entry.get("UserId"), entry.get("GroupName"), must_exist=must_exist
        )
        yield RuleDraft(traffic, pair, read_description(entry))
    if not sources:
        raise AwsError(
            "MissingParameter", "Missing source specification: include source security group or CIDR information"
        )


def read_traffic(protocol: str | None, from_port: int | None, to_port: int | None) -> Traffic:
    """Raises InvalidParameterValue without a protocol, and for a protocol or a port range that cannot be."""
    if not protocol:
        raise invalid_parameter_value(
            "Invalid value 'null' for protocol. VPC security group rules must specify protocols explicitly."
        )
    number = read_protocol(protocol)
    if number in (TCP, UDP):
        return _ports(number, from_port, to_port)
    if number in (ICMP, ICMPV6):
        return _type_and_code(number, from_port, to_port)
    return Traffic(number, ANY_TYPE, ANY_TYPE)


def read_protocol(text: str) -> int:
    """The number of a protocol that is given by number or name; -1 for all.  Raises InvalidParameterValue."""
    number = PROTOCOL_NUMBERS.get(text.lower())
    if number is not None:
        return number
    if not re.fullmatch(r"-1|[0-9]{1,3}", text, re.ASCII) or int(text) > _MAXIMUM_PROTOCOL:
        raise invalid_parameter_value(f"Invalid value '{text}' for IP protocol. Unknown protocol.")
    return int(text)


def _ports(protocol: int, from_port: int | None, to_port: int | None) -> Traffic:
    if from_port is None or to_port is None:
        raise invalid_parameter_value(
            "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange."
        )
    for port in (from_port, to_port):
        if not PORT_MINIMUM <= port <= PORT_MAXIMUM:
            raise AwsError("InvalidPermission.Malformed", f"TCP/UDP port ({port}) out of range")
    if from_port > to_port:
        raise invalid_parameter_value(f"Invalid {PROTOCOL_NAMES[protocol].upper()} port range ({from_port},{to_port})")
    return Traffic(protocol, from_port, to_port)


def _type_and_code(protocol: int, type_: int | None, code: int | None) -> Traffic:
    if protocol == ICMPV6 and type_ is None and code is None:
        type_ = code = ANY_TYPE
    if type_ is None or code is None:
        raise invalid_parameter_value("Invalid value 'Must specify both from and to ports with ICMP.' for portRange.")
    for value, what in ((type_, "type"), (code, "code")):
        if not ANY_TYPE <= value <= _MAXIMUM_TYPE:
            raise AwsError("InvalidPermission.Malformed", f"ICMP {what} ({value}) out of range")
    if type_ == ANY_TYPE and code != ANY_TYPE:
        raise AwsError("InvalidPermission.Malformed", f"ICMP code ({code}) needs a type that is not -1")
    return Traffic(protocol, type_, code)


def read_cidr(text: str | None, *, is_ipv4: bool) -> Cidr:
    """A block with its host bits cleared, as AWS keeps it.  Raises InvalidParameterValue."""
    try:
        cidr = Cidr.parse(text or "")
    except ValueError:
        cidr = None
    if cidr is None or cidr.is_ipv4 != is_ipv4:
        raise invalid_parameter_value(f"CIDR block {text or ''} is malformed")
    return cidr


def read_description(entry: dict[str, Any]) -> str | None:
    """Raises InvalidParameterValue."""
    description: str | None = entry.get("Description") or None
    if description is not None and not _DESCRIPTION.fullmatch(description):
        raise invalid_parameter_value(
            "Invalid rule description. Valid descriptions are strings less than 256 characters from the following "
            "set:  a-zA-Z0-9. _-:/()#,@[]+=&;{}!$*"
        )
    return description


def read_reference(
    ctx: Context,
    group: SecurityGroup,
    group_id: str | None,
    owner: str | None,
    name: str | None = None,
    *,
    must_exist: bool = True,
) -> GroupReference:
    """The group that a rule of ``group`` names: of the same VPC, or of a VPC that is actively peered in this Region.

    A group of another account must be named together with its owner, and by a name only groups of the default VPC name
    each other.
    """
    if not group_id and not name:
        raise missing_parameter("groupId")
    if not group_id:
        group_id = _group_named(ctx, group, owner, name or "").id
    check_form(SECURITY_GROUP, group_id)
    if not must_exist:
        return GroupReference(group_id, owner or ctx.account)
    referenced = ctx.network.security_groups.get(group_id)
    if referenced is None or referenced.account != (owner or ctx.account) or referenced.region != ctx.region:
        raise not_found(SECURITY_GROUP, group_id)
    if ctx.network.share_a_vpc(group, referenced):
        return GroupReference(group_id, referenced.account)
    peering = ctx.network.active_peering_between(group.vpc_id, referenced.vpc_id)
    if peering is None:
        if referenced.account != ctx.account:
            raise not_found(SECURITY_GROUP, group_id)  # as for one that nobody has: no way to learn of other accounts'
        raise AwsError(SECURITY_GROUP.not_found, "You have specified two resources that belong to different networks.")
    return GroupReference(group_id, referenced.account, peering.id)


def _group_named(ctx: Context, group: SecurityGroup, owner: str | None, name: str) -> SecurityGroup:
    """Raises InvalidParameterValue, ``InvalidGroup.NotFound``."""
    if ctx.default_vpc is None or group.vpc_id != ctx.default_vpc.id or owner not in (None, "", ctx.account):
        raise _not_by_name(name)
    return group_named(ctx, name)


def _not_by_name(name: str) -> AwsError:
    return invalid_parameter_value(
        f"Invalid value '{name}' for groupName. You may not reference Amazon VPC security groups by name. "
        "Please use the corresponding id for this operation."
    )


def read_prefix_list(
    ctx: Context, group: SecurityGroup, prefix_list_id: str, *, must_exist: bool = True
) -> PrefixListReference:
    """Raises ``InvalidPrefixListId.Malformed``, ``InvalidPrefixListID.NotFound``, PrefixListReferenceLimitExceeded."""
    check_form(PREFIX_LIST, prefix_list_id)
    if must_exist:
        get(ctx, PREFIX_LIST, prefix_list_id)
        check_references(ctx.network.groups_naming_list(prefix_list_id), group.id)
    return PrefixListReference(prefix_list_id)
