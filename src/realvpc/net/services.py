"""What every interface reaches without a route: the resolver and the instance metadata service; and AWS's own endpoint.

The first two are link-local (VPC guide, "Amazon DNS server"; EC2 guide, "Instance metadata"): neither route tables nor
security groups nor network ACLs concern them.  The endpoint is a host of the built-in internet, so that an instance
reaches it as it would reach AWS: over an internet gateway and with a public address, or not at all.
"""

from __future__ import annotations

from .addresses import Address

METADATA = Address.parse("169.254.169.254")
METADATA_PORT = 80
RESOLVER = Address.parse("169.254.169.253")  # and the VPC's primary block plus two
RESOLVER_PORT = 53

ENDPOINT = Address.parse("198.19.0.10")
ENDPOINT_PORT = 80
ENDPOINT_NAME = "aws.test"  # RFC 6761 sets .test aside
ENDPOINT_URL = f"http://{ENDPOINT_NAME}"

INTERNET_HOSTS = {
    "one.example.com": Address.parse("198.19.0.1"),
    "two.example.com": Address.parse("198.19.0.2"),
}
"""The hosts of the built-in internet that answer, by name (RFC 2606 sets example.com aside)."""
