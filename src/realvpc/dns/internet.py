"""The names of the built-in internet, which everybody may ask for: its hosts, AWS's endpoints, and public hosted zones.

Nothing else exists there: without a way to the real one, nobody is asked.
"""

from __future__ import annotations

from functools import cache

from realvpc.net import aws_hosts
from realvpc.net.addresses import Address
from realvpc.net.domain_name import ancestors
from realvpc.net.instance_connect_endpoint import zone_of
from realvpc.net.names import Names
from realvpc.net.services import (
    ENDPOINT,
    ENDPOINT_NAME,
    GLOBAL_SERVICES,
    INTERNET_HOSTS,
    IPV6_INTERNET_HOSTS,
    REGIONAL_SERVICES,
)
from realvpc.net.vpc_endpoint_services import EndpointType, endpoint_services
from realvpc.net.zones import REGIONS

from .hosted import hosted_node
from .node import Node, empty, host, nothing

ROOT = "."

_ENDPOINTS_OF_ALL = tuple(f"{service}.amazonaws.com" for service in GLOBAL_SERVICES)
_ENDPOINTS = (
    *(f"{service}.{region}.amazonaws.com" for service in REGIONAL_SERVICES for region in REGIONS),
    *_ENDPOINTS_OF_ALL,
)
_TUNNELS = {f"{zone_of(region)}." for region in REGIONS}
_IPV4: dict[str, Address] = {
    "localhost.": Address.parse("127.0.0.1"),  # RFC 6761
    f"{ENDPOINT_NAME}.": ENDPOINT,
    **{f"{name}.": address for name, address in INTERNET_HOSTS.items()},
    **{f"{name}.": ENDPOINT for name in _ENDPOINTS},
    **{f"{name}.": address for name, address in aws_hosts.HOSTS.items()},
    "s3.amazonaws.com.": aws_hosts.HOSTS["s3.us-east-1.amazonaws.com"],  # of old
}
_IPV6: dict[str, Address] = {f"{name}.": address for name, address in IPV6_INTERNET_HOSTS.items()}
HOSTS: dict[str, tuple[Address, ...]] = {
    name: (address, *([_IPV6[name]] if name in _IPV6 else [])) for name, address in _IPV4.items()
}
HOST_NAMES: dict[Address, str] = {
    address: name[:-1] for name, addresses in reversed(HOSTS.items()) for address in addresses
}
"""What an address is called: by the first of its names, without a trailing dot."""

_WITH_BUCKETS = frozenset(name for name in HOSTS if name.startswith("s3."))
"""Names that those of buckets are in front of (S3 guide, "Virtual hosting of buckets")."""

_ABOVE = frozenset(
    above for name in (*HOSTS, *(f"eice-.{domain}" for domain in _TUNNELS)) for above in ancestors(name)
) - HOSTS.keys() | {ROOT}


def certified_names(name: str) -> tuple[str, ...] | None:
    """The names in the certificate of a host that a client calls so, if it is AWS's endpoint: the name itself, or one
    wildcard for the names of interface endpoints to a service, or of EC2 Instance Connect Endpoints.  What stands in
    front of one of these, ``private_link.bucket_names`` knows."""
    wanted = name.lower().rstrip(".")
    region = next((label for label in reversed(wanted.split(".")) if label in REGIONS), "")
    known = _certified(region)
    return next(((each,) for each in (wanted, f"*.{wanted.partition('.')[2]}") if each in known), None)


@cache
def _certified(region: str) -> frozenset[str]:
    """What certificates in a Region may say; those of no Region where it is empty."""
    if not region:
        return frozenset({*_ENDPOINTS_OF_ALL, ENDPOINT_NAME})
    to_interfaces = [each for each in endpoint_services(region) if each.type is EndpointType.INTERFACE]
    return frozenset(
        {
            *(f"{service}.{region}.amazonaws.com" for service in REGIONAL_SERVICES),
            f"*.{zone_of(region)}",
            *(f"*.{each.base_name}" for each in to_interfaces),
            *(name for each in to_interfaces for name in each.private_names),
        }
    )


def internet_node(names: Names, name: str) -> Node:
    """What the internet says of a canonical name.  A host there stays what it is, whatever zone somebody makes."""
    label, _, domain = name.partition(".")
    if domain in _TUNNELS and label.startswith("eice-"):
        return host(domain, name, ENDPOINT)
    if name in HOSTS:
        return host(name.partition(".")[2] or ROOT, name, *HOSTS[name])
    service = next((above for above in ancestors(name) if above in _WITH_BUCKETS), None)
    if service is not None:
        return host(service, name, *HOSTS[service])
    zone = names.public_hosted_zone_for(name)
    if zone is not None:
        return hosted_node(names, zone, name)
    return empty(ROOT) if name in _ABOVE else nothing(ROOT)
