"""The hosts of S3 and DynamoDB in the built-in internet, one of each in every Region: what their prefix lists lead to.

They are reached as on AWS, over an internet gateway with a public address or over a gateway endpoint without one, and
answer a ping and TCP connections.  In a namespace of their own one socket serves all of them.
"""

from __future__ import annotations

from .addresses import Address
from .aws_prefix_lists import SERVICES_IPV4, aws_prefix_lists
from .domain_name import MAXIMUM_NAME, ancestors
from .zones import REGIONS

SERVICES = ("dynamodb", "s3")
BLOCK = SERVICES_IPV4
"""Whatever is sent there over a gateway goes to that namespace, whether a host has the address or not."""

HOSTS: dict[str, Address] = {
    f"{service}.{region}.amazonaws.com": row.entries[0].cidr.at(1)
    for region in REGIONS
    for service in SERVICES
    for row in aws_prefix_lists(region)
    if row.name == f"com.amazonaws.{region}.{service}"
}
"""By the name of the service in the Region."""

_OF_ENDPOINTS = {f"{service}.{region}.vpce.amazonaws.com" for region in REGIONS for service in SERVICES}


def service_at(host: str) -> str | None:
    """The service that a name is of, be there a bucket in front of it (S3 guide, "Virtual hosting of buckets"), or the
    name of an interface endpoint to it."""
    if len(host) > MAXIMUM_NAME:
        return None
    for above in ancestors(f"{host}."):
        if above[:-1] in HOSTS or above[:-1] in _OF_ENDPOINTS or above == "s3.amazonaws.com.":
            return above.partition(".")[0]
    return None


ADDRESSES = frozenset(HOSTS.values())
