"""The default DHCP options set of each account and Region (VPC guide, "DHCP option sets").

It says what every machine here is told: the Region's internal domain and the Amazon DNS server.  There are no others,
so nothing is stored.
"""

from __future__ import annotations

import hashlib

from realvpc.net.hostnames import internal_domain
from realvpc.net.resource import Resource

from .context import Answer, Context, Request, Response
from .describe import FilterValues, describe, render_tags
from .lookup import Kind


class DhcpOptions(Resource, frozen=True, kw_only=True):
    """``options`` maps names to values, as ``domain-name-servers`` to ``("AmazonProvidedDNS",)``."""

    options: dict[str, tuple[str, ...]]


_DHCP_OPTIONS = Kind(
    DhcpOptions,
    "dopt",
    "InvalidDhcpOptionID.NotFound",
    "InvalidDhcpOptionsId.Malformed",
    "dhcpOption ID",
    "dhcp-options",
)


def default_options_id(account: str, region: str) -> str:
    """The id of the default set: always the same for one account in one Region."""
    digest = hashlib.sha256(f"dhcp-options/{account}/{region}".encode()).hexdigest()
    return f"dopt-0{digest[:16]}"


def default_options(account: str, region: str) -> DhcpOptions:
    return DhcpOptions(
        id=default_options_id(account, region),
        account=account,
        region=region,
        options={"domain-name": (internal_domain(region),), "domain-name-servers": ("AmazonProvidedDNS",)},
    )


def describe_dhcp_options(ctx: Context, request: Request) -> Answer:
    options = default_options(ctx.account, ctx.region)
    return describe(
        ctx,
        request,
        _DHCP_OPTIONS,
        ids="DhcpOptionsIds",
        result="DhcpOptions",
        render=_render,
        filters=_FILTERS,
        rows={options.id: options},
    )


def _render(ctx: Context, options: DhcpOptions) -> Response:
    return {
        "DhcpOptionsId": options.id,
        "OwnerId": options.account,
        "DhcpConfigurations": [
            {"Key": key, "Values": [{"Value": value} for value in values]} for key, values in options.options.items()
        ],
        "Tags": render_tags(options.tags),
    }


_FILTERS: dict[str, FilterValues[DhcpOptions]] = {
    "dhcp-options-id": lambda ctx, row: [row.id],
    "key": lambda ctx, row: row.options,
    "value": lambda ctx, row: [value for values in row.options.values() for value in values],
}
