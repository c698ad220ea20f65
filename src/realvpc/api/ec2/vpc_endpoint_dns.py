"""The families of VPC endpoints, their DNS options, and what private DNS asks of the VPC (PrivateLink guide, "IP
address types", "DNS record IP type", "Private DNS")."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from realvpc.net.vpc_endpoint import VpcEndpoint
from realvpc.net.vpc_endpoint_services import EndpointService, EndpointType

from ..core.context import Context, Request
from ..core.errors import invalid_parameter
from ..core.parameters import refuse
from .endpoint_service_use import check_verified

_RECORDS: Mapping[EndpointType, Mapping[str, tuple[str, ...]]] = {
    EndpointType.GATEWAY: {"ipv4": ("service-defined", "ipv4")},
    EndpointType.INTERFACE: {
        "ipv4": ("ipv4",),
        "dualstack": ("dualstack", "ipv4", "ipv6", "service-defined"),
        "ipv6": ("ipv6",),
    },
}
"""By IP address type the DNS record IP types that go with it, the default first."""


class DnsSettings(Struct, frozen=True, kw_only=True):
    """``ip_address_type`` is of which families interfaces have addresses, ``record_ip_type`` of which those are that
    names resolve to."""

    private_dns_enabled: bool
    private_dns_only_inbound: bool
    ip_address_type: str
    record_ip_type: str


def read_dns(
    ctx: Context, request: Request, service: EndpointService, old: VpcEndpoint | None = None, *, is_accepted: bool
) -> DnsSettings:
    """What a request says, with ``old`` for what it does not say.  Private DNS is on unless a service has a gateway,
    and then, where it is asked for, for inbound resolvers alone.  It is off until a service has accepted the endpoint.

    Raises InvalidParameter.
    """
    is_gateway = service.type is EndpointType.GATEWAY
    options = request.get("DnsOptions") or {}
    refuse(options, ("PrivateDnsPreference", "PrivateDnsSpecifiedDomains"))
    enabled = request.get("PrivateDnsEnabled")
    if is_gateway and enabled:
        raise invalid_parameter("Private DNS is only supported for Interface type VPC Endpoint.")
    if enabled and service.is_owned:
        check_verified(ctx, service)
    if enabled and not is_accepted:
        raise invalid_parameter(
            f"Private DNS can't be enabled because the service {service.name} has not accepted the VPC endpoint."
        )
    if enabled is None:
        wished = not (is_gateway or service.has_gateway) and bool(service.private_names)
        enabled = is_accepted and (old.private_dns_enabled if old else wished)
    only_inbound = options.get("PrivateDnsOnlyForInboundResolverEndpoint")
    if only_inbound is not None and not (service.has_gateway and enabled):
        raise invalid_parameter(
            "PrivateDnsOnlyForInboundResolverEndpoint is only supported with private DNS, for services that have both "
            "gateway and interface endpoints."
        )
    if only_inbound is None:
        only_inbound = old.private_dns_only_inbound if old and old.private_dns_enabled else service.has_gateway
    ip_address_type, record = _families(request, service, old)
    return DnsSettings(
        private_dns_enabled=enabled,
        private_dns_only_inbound=enabled and only_inbound,
        ip_address_type=ip_address_type,
        record_ip_type=record,
    )


def _families(request: Request, service: EndpointService, old: VpcEndpoint | None) -> tuple[str, str]:
    """The IP address type and the DNS record IP type, which stays as long as it goes with the other.

    Raises InvalidParameter.
    """
    wanted = request.get("IpAddressType") or (old.ip_address_type if old else "ipv4")
    records = _RECORDS[service.type].get(wanted)
    if records is None or (service.is_owned and wanted != "ipv4"):
        raise invalid_parameter(f"The IP address type {wanted} is not supported by the service {service.name}.")
    record = (request.get("DnsOptions") or {}).get("DnsRecordIpType")
    if record and record not in records:
        raise invalid_parameter(f"The DNS record IP type {record} is not supported for this endpoint.")
    kept = old.dns_record_ip_type if old and old.dns_record_ip_type in records else records[0]
    return wanted, record or kept


def needs_gateway(endpoint: VpcEndpoint, other: VpcEndpoint) -> bool:
    """Whether its private names, which are for inbound resolvers alone, need ``other`` for the VPC itself."""
    return endpoint.private_dns_only_inbound and other.is_gateway and other.service_name == endpoint.service_name


def check_private_names(ctx: Context, endpoint: VpcEndpoint) -> None:
    """Raises InvalidParameter unless the VPC can have its private names, and no other endpoint has them."""
    if not endpoint.private_dns_enabled:
        return
    vpc = ctx.network.vpcs[endpoint.vpc_id]
    if not (vpc.enable_dns_support and vpc.enable_dns_hostnames):
        raise invalid_parameter(
            "Enabling private DNS requires both enableDnsSupport and enableDnsHostnames VPC attributes set to true "
            f"for {vpc.id}"
        )
    others = [row for row in ctx.network.vpc_endpoints_of(vpc.id) if row.id != endpoint.id]
    if endpoint.private_dns_only_inbound and not any(needs_gateway(endpoint, row) for row in others):
        raise invalid_parameter(
            f"To set PrivateDnsOnlyForInboundResolverEndpoint to true, the VPC {vpc.id} must have a Gateway endpoint "
            "for the service."
        )
    taken = {name for row in others if row.private_dns_enabled for name in row.service.private_names}
    taken |= {zone.name.removesuffix(".") for zone in ctx.state.names.hosted_zones_of(vpc.id)}
    for name in endpoint.service.private_names:
        if name in taken:
            raise invalid_parameter(
                "private-dns-enabled cannot be set because there is already a conflicting DNS domain for "
                f"{name} in the VPC {vpc.id}"
            )
