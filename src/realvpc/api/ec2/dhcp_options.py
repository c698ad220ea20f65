"""DHCP option sets (VPC guide, "DHCP option sets"; EC2 API Reference).

A set cannot be changed: one makes another and associates that.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from msgspec.structs import replace

from realvpc.net.addresses import Address
from realvpc.net.dhcp_options import (
    AMAZON_PROVIDED_DNS,
    NO_OPTIONS_ID,
    DhcpOptions,
    default_options,
    default_options_id,
)
from realvpc.net.machine import MAXIMUM_DOMAIN_LENGTH
from realvpc.net.table import put

from ..core.context import Answer, Context, Request, Response
from ..core.describe import deleting, describing
from ..core.errors import AwsError, dependency_violation, invalid_parameter_value, missing_parameter
from ..core.lookup import get, named
from ..core.noun import Derived, Noun, of_row
from ..core.tags import render_tags, tags_on_creation
from .vpc import VPC

_MAXIMUM_SERVERS = 4  # of each address family, as far as the option takes both
_NODE_TYPES = ("1", "2", "4", "8")  # RFC 2132, section 8.7
_LEASE_SECONDS = range(140, 1 << 31)
_DOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*", re.IGNORECASE)


def create_dhcp_options(ctx: Context, request: Request) -> Answer:
    """Raises MissingParameter without options, and InvalidParameterValue for an unknown one or a bad value."""
    options: dict[str, tuple[str, ...]] = {}
    for number, configuration in enumerate(request["DhcpConfigurations"], start=1):
        key = configuration.get("Key")
        if not key:
            raise missing_parameter(f"dhcpConfiguration.{number}.key")
        if key in options:
            raise invalid_parameter_value(f"Value ({key}) for parameter key is invalid. Duplicate DHCP option.")
        if key not in _READERS:
            raise invalid_parameter_value(f"Value ({key}) for parameter name is invalid. Unknown DHCP option")
        if not configuration.get("Values"):
            raise missing_parameter(f"dhcpConfiguration.{number}.value")
        options[key] = _READERS[key](key, tuple(configuration["Values"]))
    made = DhcpOptions(
        id=ctx.new_id(DHCP_OPTIONS.prefix),
        account=ctx.account,
        region=ctx.region,
        tags=tags_on_creation(request, DHCP_OPTIONS.tag_type),
        options=options,
    )
    return Answer({"DhcpOptions": _render(made)}, put(made))


def _servers(key: str, values: tuple[str, ...]) -> tuple[str, ...]:
    """Addresses; one value may hold several, separated by commas."""
    texts = [text.strip() for value in values for text in value.split(",")]
    families = [_is_ipv4(key, text) for text in texts]
    with_ipv6 = key == "ntp-servers"
    if not all(families) and key == "netbios-name-servers":
        raise _invalid(key, ",".join(texts), "NetBIOS name servers have IPv4 addresses.")
    counts = (families.count(True), families.count(False)) if with_ipv6 else (len(families),)
    if max(counts) > _MAXIMUM_SERVERS:
        raise _invalid(key, ",".join(texts), f"At most {_MAXIMUM_SERVERS} servers can be specified.")
    return tuple(dict.fromkeys(texts))


def _is_ipv4(key: str, text: str) -> bool:
    if text == AMAZON_PROVIDED_DNS and key == "domain-name-servers":
        return True
    try:
        return Address.parse(text).is_ipv4
    except ValueError:
        raise _invalid(key, text, "This is not an IP address.") from None


def _domain(key: str, values: tuple[str, ...]) -> tuple[str, ...]:
    [value] = _single(key, values)
    names = [name for name in value.split(" ") if name]
    if not names or any(len(name) > MAXIMUM_DOMAIN_LENGTH or not _DOMAIN.fullmatch(name) for name in names):
        raise _invalid(key, value, "This is not a domain name.")
    return (" ".join(names),)


def _node_type(key: str, values: tuple[str, ...]) -> tuple[str, ...]:
    [value] = _single(key, values)
    if value not in _NODE_TYPES:
        raise _invalid(key, value, f"Expecting one of {', '.join(_NODE_TYPES)}.")
    return (value,)


def _lease_time(key: str, values: tuple[str, ...]) -> tuple[str, ...]:
    [value] = _single(key, values)
    if not (value.isascii() and value.isdecimal() and len(value) <= 10 and int(value) in _LEASE_SECONDS):
        raise _invalid(key, value, f"Expecting {_LEASE_SECONDS.start} to {_LEASE_SECONDS.stop - 1} seconds.")
    return (value,)


def _single(key: str, values: tuple[str, ...]) -> tuple[str, ...]:
    if len(values) > 1:
        raise _invalid(key, ",".join(values), "Only one value can be specified.")
    return values


def _invalid(key: str, value: str, why: str) -> AwsError:
    return invalid_parameter_value(f"Value ({value}) for parameter {key} is invalid. {why}")


_READERS: dict[str, Callable[[str, tuple[str, ...]], tuple[str, ...]]] = {
    "domain-name": _domain,
    "domain-name-servers": _servers,
    "ipv6-address-preferred-lease-time": _lease_time,
    "netbios-name-servers": _servers,
    "netbios-node-type": _node_type,
    "ntp-servers": _servers,
}


def associate_dhcp_options(ctx: Context, request: Request) -> Answer:
    """Give a VPC another set, or none (``default``); its machines learn of it when they boot.

    Raises ``InvalidVpcID.NotFound``, ``InvalidDhcpOptionID.NotFound``.
    """
    vpc = named(ctx, VPC, request, "VpcId")
    options_id = request["DhcpOptionsId"]
    if options_id != NO_OPTIONS_ID:
        get(ctx, DHCP_OPTIONS, options_id)
    return Answer({}, put(replace(vpc, dhcp_options_id=options_id)))


def _render(options: DhcpOptions) -> Response:
    return {
        "DhcpOptionsId": options.id,
        "OwnerId": options.account,
        "DhcpConfigurations": [
            {"Key": key, "Values": [{"Value": value} for value in values]} for key, values in options.options.items()
        ],
        "Tags": render_tags(options.tags),
    }


def _one(ctx: Context, options_id: str) -> DhcpOptions | None:
    row = ctx.state.names.dhcp_options.get(options_id)
    if row is None and options_id == default_options_id(ctx.account, ctx.region):
        return default_options(ctx.account, ctx.region)
    return row if row is not None and ctx.sees(row) else None


def _all(ctx: Context) -> Iterable[DhcpOptions]:
    default = default_options(ctx.account, ctx.region)
    return {default.id: default, **{row.id: row for row in ctx.visible(ctx.state.names.dhcp_options)}}.values()


DHCP_OPTIONS = Noun(
    type=DhcpOptions,
    prefix="dopt",
    not_found="InvalidDhcpOptionID.NotFound",
    malformed="InvalidDhcpOptionsId.Malformed",
    words="dhcpOption ID",
    tag_type="dhcp-options",
    ids="DhcpOptionsIds",
    result="DhcpOptions",
    render=of_row(_render),
    filters={
        "dhcp-options-id": ".id",
        "key": "DhcpConfigurations[].Key",
        "value": "DhcpConfigurations[].Values[].Value",
    },
    derived=Derived(one=_one, all=_all),
)


def _check_unused(ctx: Context, options: DhcpOptions) -> None:
    """Raises DependencyViolation while a VPC has it; OperationNotPermitted for the default set, which every Region has
    here."""
    if any(vpc.dhcp_options_id == options.id for vpc in ctx.visible(ctx.network.vpcs)):
        raise dependency_violation("dhcpOptions", options.id)
    if options.id == default_options_id(options.account, options.region):
        raise AwsError("OperationNotPermitted", f"The default dhcpOptions '{options.id}' cannot be deleted.")


describe_dhcp_options = describing(DHCP_OPTIONS)
delete_dhcp_options = deleting(DHCP_OPTIONS, "DhcpOptionsId", _check_unused)
