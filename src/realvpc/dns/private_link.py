"""The names of interface endpoints (PrivateLink guide, "Access an AWS service using an interface VPC endpoint").

| name | asked | answer |
|---|---|---|
| ``vpce-…-….ssm.us-east-1.vpce.amazonaws.com`` | anywhere | the addresses of all its interfaces |
| ``vpce-…-…-us-east-1a.ssm.us-east-1.vpce.amazonaws.com`` | anywhere | those of its interface in the zone |
| ``ssm.us-east-1.amazonaws.com`` | in its VPC, with private DNS, if that names its hosts | as the first |

Of which families these are, the endpoint's DNS record IP type says.  The last ones hide what the internet says of them
and of all names below.
"""

from __future__ import annotations

import re

from realvpc.net.addresses import Address
from realvpc.net.domain_name import ancestors
from realvpc.net.names import AWS_DOMAIN
from realvpc.net.network import Network
from realvpc.net.vpc import Vpc
from realvpc.net.vpc_endpoint import VpcEndpoint

from .node import Node, host, nothing

_OF_ENDPOINT = re.compile(r"(vpce-[0-9a-f]{17})-[0-9a-f]{8}(?:-[a-z0-9-]+)?\Z")
_WILD = "*."
_BUCKETS = "s3"  # whose names stand in front of the endpoint's


def endpoint_node(network: Network, asker: Vpc, name: str) -> Node | None:
    """What a canonical name is that interface endpoints give, in the VPC ``asker``; None for any other."""
    if not name.endswith(f".{AWS_DOMAIN}"):
        return None
    return _private_node(network, asker, name) or _public_node(network, name)


def _private_node(network: Network, asker: Vpc, name: str) -> Node | None:
    if not asker.names_hosts:
        return None
    for endpoint in network.vpc_endpoints_of(asker.id):
        for private in endpoint.private_names:
            apex = f"{private.removeprefix(_WILD)}."
            if name == apex and private.startswith(_WILD):
                continue  # of which something else may know
            if name == apex or (name.endswith(f".{apex}") and private.startswith(_WILD)):
                return host(apex, name, *endpoint.resolved(_addresses(network, endpoint)))
    below = {f"{private}." for each in network.vpc_endpoints_of(asker.id) for private in each.private_names}
    apex = next((domain for domain in ancestors(name) if domain in below), "")
    return nothing(apex) if apex else None


def _public_node(network: Network, name: str) -> Node | None:
    for domain in ancestors(name):
        label, _, apex = domain.partition(".")
        found = _OF_ENDPOINT.match(label)
        endpoint = network.vpc_endpoints.get(found[1]) if found else None
        if endpoint is None or endpoint.is_gateway:
            continue
        if domain != name and endpoint.service.label != _BUCKETS:
            return nothing(apex)
        if domain == f"{endpoint.regional_name}.":
            return host(apex, name, *endpoint.resolved(_addresses(network, endpoint)))
        for row in network.interfaces_of(endpoint.id):
            if domain == f"{endpoint.zonal_name(network.subnets[row.subnet_id].zone_name)}.":
                return host(apex, name, *endpoint.resolved(row.addresses))
        return nothing(apex)
    return None


def _addresses(network: Network, endpoint: VpcEndpoint) -> list[Address]:
    return [address for row in network.interfaces_of(endpoint.id) for address in row.addresses]
