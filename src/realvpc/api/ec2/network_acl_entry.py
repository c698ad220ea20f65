"""The rules of network ACLs (VPC guide, "Network ACL rules"; EC2 API Reference)."""

from __future__ import annotations

from msgspec.structs import replace

from realvpc.net.addresses import Cidr
from realvpc.net.network_acl import FIRST_NUMBER, LAST_NUMBER, AclEntry, NetworkAcl
from realvpc.net.quotas import RULES_PER_NETWORK_ACL
from realvpc.net.security_group import ANY_TYPE, PORT_MAXIMUM, PORT_MINIMUM
from realvpc.net.table import put

from ..core.cidr import parse_cidr
from ..core.context import Answer, Context, Request
from ..core.errors import AwsError, invalid_parameter_combination, invalid_parameter_value, missing_parameter
from ..core.lookup import named
from .ip_permission import read_protocol
from .network_acl import NETWORK_ACL, entries_of

_MAXIMUM_TYPE = 255


def create_network_acl_entry(ctx: Context, request: Request) -> Answer:
    """Raises NetworkAclEntryAlreadyExists, NetworkAclEntryLimitExceeded, and what is wrong with the rule."""
    acl = named(ctx, NETWORK_ACL, request, "NetworkAclId")
    entry = _read(request)
    if acl.entry(entry.number, is_egress=entry.is_egress) is not None:
        raise AwsError(
            "NetworkAclEntryAlreadyExists", f"The network acl entry identified by {entry.number} already exists."
        )
    # The quota counts the rules of both families, and those that deny all else (VPC guide, "Amazon VPC quotas").
    if sum(each.is_egress == entry.is_egress for each in entries_of(ctx, acl)) >= ctx.quota(RULES_PER_NETWORK_ACL):
        raise AwsError("NetworkAclEntryLimitExceeded", "The maximum number of network acl entries has been reached.")
    return Answer({}, put(_with(acl, entry)))


def replace_network_acl_entry(ctx: Context, request: Request) -> Answer:
    """Raises ``InvalidNetworkAclEntry.NotFound``, and what is wrong with the rule."""
    acl = named(ctx, NETWORK_ACL, request, "NetworkAclId")
    entry = _read(request)
    return Answer({}, put(_with(_without(acl, _existing(acl, entry.number, is_egress=entry.is_egress)), entry)))


def delete_network_acl_entry(ctx: Context, request: Request) -> Answer:
    """Raises ``InvalidNetworkAclEntry.NotFound``."""
    acl = named(ctx, NETWORK_ACL, request, "NetworkAclId")
    number = _number(request)
    return Answer({}, put(_without(acl, _existing(acl, number, is_egress=request["Egress"]))))


def _existing(acl: NetworkAcl, number: int, *, is_egress: bool) -> AclEntry:
    entry = acl.entry(number, is_egress=is_egress)
    if entry is None:
        raise AwsError(
            "InvalidNetworkAclEntry.NotFound", f"The network acl entry identified by {number} does not exist"
        )
    return entry


def _with(acl: NetworkAcl, entry: AclEntry) -> NetworkAcl:
    return replace(acl, entries=tuple(sorted((*acl.entries, entry))))


def _without(acl: NetworkAcl, entry: AclEntry) -> NetworkAcl:
    return replace(acl, entries=tuple(other for other in acl.entries if other != entry))


def _read(request: Request) -> AclEntry:
    """The rule that a request writes down.  Raises InvalidParameterValue, InvalidParameterCombination and
    MissingParameter."""
    entry = AclEntry(
        is_egress=request["Egress"],
        number=_number(request),
        allows=request["RuleAction"] == "allow",
        protocol=read_protocol(request["Protocol"]),
        cidr=_cidr(request),
    )
    if entry.has_ports:
        low, high = _pair(request, "PortRange", "From", "To")
        if not PORT_MINIMUM <= low <= high <= PORT_MAXIMUM:
            raise invalid_parameter_value(f"Invalid TCP/UDP port range ({low}, {high})")
        return replace(entry, low=low, high=high)
    if entry.has_types:
        low, high = _pair(request, "IcmpTypeCode", "Type", "Code")
        if not all(ANY_TYPE <= value <= _MAXIMUM_TYPE for value in (low, high)):
            raise invalid_parameter_value(f"Invalid ICMP type and code ({low}, {high})")
        return replace(entry, low=low, high=high)
    return entry


def _cidr(request: Request) -> Cidr:
    ipv4, ipv6 = request.get("CidrBlock"), request.get("Ipv6CidrBlock")
    if ipv4 and ipv6:
        raise invalid_parameter_combination("The parameter cidrBlock cannot be used with the parameter ipv6CidrBlock")
    if ipv4:
        return parse_cidr(ipv4, "cidrBlock")
    if ipv6:
        return parse_cidr(ipv6, "ipv6CidrBlock", ipv4=False)
    raise missing_parameter("cidrBlock")


def _pair(request: Request, member: str, *names: str) -> tuple[int, int]:
    given = request.get(member) or {}
    for name in names:
        if given.get(name) is None:
            raise missing_parameter(f"{member[0].lower()}{member[1:]}.{name.lower()}")
    low, high = (given[name] for name in names)
    return low, high


def _number(request: Request) -> int:
    number: int = request["RuleNumber"]
    if not FIRST_NUMBER <= number <= LAST_NUMBER:
        raise invalid_parameter_value(
            f"Value ({number}) for parameter ruleNumber is invalid. "
            f"It must be between {FIRST_NUMBER} and {LAST_NUMBER}."
        )
    return number
