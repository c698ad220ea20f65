"""The names of the built-in internet, which everybody may ask for: its hosts, AWS's endpoints, and public hosted zones.

Nothing else exists there: without a way to the real one, nobody is asked.
"""

from __future__ import annotations

from realvpc.net.addresses import Address
from realvpc.net.domain_name import ancestors
from realvpc.net.names import Names
from realvpc.net.services import ENDPOINT, ENDPOINT_NAME, INTERNET_HOSTS
from realvpc.net.zones import REGIONS

from .hosted import hosted_node
from .node import Node, empty, host, nothing

REGIONAL_SERVICES = ("ec2", "ec2messages", "ssm", "ssmmessages", "sts")
GLOBAL_SERVICES = ("iam", "route53", "sts")
ROOT = "."

_ENDPOINTS = (
    *(f"{service}.{region}.amazonaws.com" for service in REGIONAL_SERVICES for region in REGIONS),
    *(f"{service}.amazonaws.com" for service in GLOBAL_SERVICES),
)
HOSTS: dict[str, Address] = {
    "localhost.": Address.parse("127.0.0.1"),  # RFC 6761
    f"{ENDPOINT_NAME}.": ENDPOINT,
    **{f"{name}.": address for name, address in INTERNET_HOSTS.items()},
    **{f"{name}.": ENDPOINT for name in _ENDPOINTS},
}
HOST_NAMES: dict[Address, str] = {address: name[:-1] for name, address in reversed(HOSTS.items())}
"""What an address is called: by the first of its names, without a trailing dot."""

_ABOVE = frozenset(above for name in HOSTS for above in ancestors(name)) - HOSTS.keys() | {ROOT}


def internet_node(names: Names, name: str) -> Node:
    """What the internet says of a canonical name.  A host there stays what it is, whatever zone somebody makes."""
    if name in HOSTS:
        return host(name.partition(".")[2] or ROOT, name, HOSTS[name])
    zone = names.public_hosted_zone_for(name)
    if zone is not None:
        return hosted_node(names, zone, name)
    return empty(ROOT) if name in _ABOVE else nothing(ROOT)
