"""The names of interface endpoints (PrivateLink guide, "Access an AWS service using an interface VPC endpoint").

| name | asked | answer |
|---|---|---|
| ``vpce-…-….ssm.us-east-1.vpce.amazonaws.com`` | anywhere | the addresses of all its interfaces |
| ``vpce-…-…-us-east-1a.ssm.us-east-1.vpce.amazonaws.com`` | anywhere | those of its interface in the zone |
| ``vpce-…-….vpce-svc-….us-east-1.vpce.amazonaws.com`` | anywhere | the same, of an account's own service |
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
_IN_FRONT = ("bucket", "accesspoint", "control")


def endpoint_node(network: Network, asker: Vpc, name: str) -> Node | None:
    """What a canonical name is that interface endpoints give, in the VPC ``asker``; None for any other."""
    found = _private_node(network, asker, name)  # of an account's own service it is of any domain
    return found if found or not name.endswith(f".{AWS_DOMAIN}") else _public_node(network, name)


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


def bucket_names(network: Network, name: str) -> tuple[str, ...] | None:
    """The names in the certificate of what a client calls so, if that stands in front of a name of an interface
    endpoint to S3: those of buckets, of access points and of accounts (S3 guide, "AWS PrivateLink for Amazon S3").

    ``name`` is in lower case, without a trailing dot.
    """
    for domain in ancestors(f"{name}."):
        endpoint = _endpoint_of(network, domain.partition(".")[0])
        if endpoint is None or endpoint.service.label != _BUCKETS or _addressed(network, endpoint, domain) is None:
            continue
        front, own = name.removesuffix(f".{domain[:-1]}"), domain[:-1]
        label, _, kind = front.partition(".")
        is_one = bool(label) and front != name and (not kind or kind in _IN_FRONT)
        return (f"*.{own}", *(f"*.{each}.{own}" for each in _IN_FRONT)) if is_one else None
    return None


def _endpoint_of(network: Network, label: str) -> VpcEndpoint | None:
    """The interface endpoint whose names begin so."""
    found = _OF_ENDPOINT.match(label)
    endpoint = network.vpc_endpoints.get(found[1]) if found else None
    return endpoint if endpoint is not None and not endpoint.is_gateway else None


def _addressed(network: Network, endpoint: VpcEndpoint, domain: str) -> list[Address] | None:
    """Where one of its own names leads; None for what is none."""
    if domain == f"{endpoint.regional_name}.":
        return endpoint.resolved(_addresses(network, endpoint))
    for row in network.interfaces_of(endpoint.id):
        if domain == f"{endpoint.zonal_name(network.subnets[row.subnet_id].zone_name)}.":
            return endpoint.resolved(row.addresses)
    return None


def _public_node(network: Network, name: str) -> Node | None:
    for domain in ancestors(name):
        label, _, apex = domain.partition(".")
        endpoint = _endpoint_of(network, label)
        if endpoint is None:
            continue
        if domain != name and endpoint.service.label != _BUCKETS:
            return nothing(apex)
        addresses = _addressed(network, endpoint, domain)
        return nothing(apex) if addresses is None else host(apex, name, *addresses)
    return None


def _addresses(network: Network, endpoint: VpcEndpoint) -> list[Address]:
    return [address for row in network.interfaces_of(endpoint.id) for address in row.addresses]
