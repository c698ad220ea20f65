"""The stub resolver of an instance (RFC 1034, section 5.3.1): names as its own programs would find them."""

from __future__ import annotations

import contextlib
from ipaddress import ip_address

from realvpc.net.dhcp_options import AMAZON_PROVIDED_DNS
from realvpc.net.domain_name import canonical

from .resolve import resolve, resolve_with_dns64
from .sources import Sources

_LOCALHOST = "127.0.0.1", "::1"


def known_address(sources: Sources, instance_id: str, host: str, *, ipv6: bool = False) -> str | None:
    """The address that an instance knows a host by: one that it is, its own, or what the VPC's resolver says.

    None when there is none of that family, or when the VPC's DHCP options name other servers than Amazon's.
    """
    if host == "localhost":
        return _LOCALHOST[ipv6]
    with contextlib.suppress(ValueError):
        return str(ip_address(host)) if (ip_address(host).version == 6) == ipv6 else None
    interfaces = sources.network.interfaces_of(instance_id)
    if not interfaces:
        return None
    vpc = sources.network.vpcs[interfaces[0].vpc_id]
    options = sources.names.dhcp_options_of(vpc)
    if options is None or not vpc.enable_dns_support or AMAZON_PROVIDED_DNS not in options.name_servers:
        return None
    has_dns64 = sources.network.subnets[interfaces[0].subnet_id].enable_dns64
    answer = resolve_with_dns64 if has_dns64 else resolve
    kind = "AAAA" if ipv6 else "A"
    domains = options.search_domains if "." not in host else ()
    for name in (host, *(f"{host}.{domain}" for domain in domains)):
        with contextlib.suppress(ValueError):
            for records in answer(sources, vpc, canonical(name), kind).answer:
                if records.type == kind:
                    return records.values[0]
    return None
