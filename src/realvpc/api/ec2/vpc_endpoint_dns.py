"""The DNS options of VPC endpoints, and what private DNS asks of the VPC (PrivateLink guide, "Private DNS")."""

from __future__ import annotations

from msgspec import Struct

from realvpc.net.vpc_endpoint import VpcEndpoint
from realvpc.net.vpc_endpoint_services import EndpointService, EndpointType

from ..core.context import Context, Request
from ..core.errors import invalid_parameter
from ..core.parameters import refuse

_RECORDS = {EndpointType.GATEWAY: ("service-defined", "ipv4"), EndpointType.INTERFACE: ("ipv4",)}


class DnsSettings(Struct, frozen=True, kw_only=True):
    """``record_ip_type`` is of which family the addresses are that names resolve to."""

    private_dns_enabled: bool
    private_dns_only_inbound: bool
    record_ip_type: str


def read_dns(request: Request, service: EndpointService, old: VpcEndpoint | None = None) -> DnsSettings:
    """What a request says, with ``old`` for what it does not say.  Private DNS is on unless a service has a gateway,
    and then, where it is asked for, for inbound resolvers alone.

    Raises InvalidParameter.
    """
    is_gateway, records = service.type is EndpointType.GATEWAY, _RECORDS[service.type]
    options = request.get("DnsOptions") or {}
    refuse(options, ("PrivateDnsPreference", "PrivateDnsSpecifiedDomains"))
    enabled = request.get("PrivateDnsEnabled")
    if is_gateway and enabled:
        raise invalid_parameter("Private DNS is only supported for Interface type VPC Endpoint.")
    if enabled is None:
        enabled = old.private_dns_enabled if old else not (is_gateway or service.has_gateway)
    only_inbound = options.get("PrivateDnsOnlyForInboundResolverEndpoint")
    if only_inbound is not None and not (service.has_gateway and enabled):
        raise invalid_parameter(
            "PrivateDnsOnlyForInboundResolverEndpoint is only supported with private DNS, for services that have both "
            "gateway and interface endpoints."
        )
    if only_inbound is None:
        only_inbound = old.private_dns_only_inbound if old and old.private_dns_enabled else service.has_gateway
    record = options.get("DnsRecordIpType") or (old.dns_record_ip_type if old else records[0])
    if record not in records:
        raise invalid_parameter(f"The DNS record IP type {record} is not supported for this endpoint.")
    wanted = request.get("IpAddressType") or "ipv4"
    if wanted != "ipv4":
        raise invalid_parameter(f"The IP address type {wanted} is not supported by the service {service.name}.")
    return DnsSettings(
        private_dns_enabled=enabled, private_dns_only_inbound=enabled and only_inbound, record_ip_type=record
    )


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
