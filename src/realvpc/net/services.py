"""What every interface reaches without a route: the resolver and the instance metadata service; and AWS's own endpoint.

The first two are link-local (VPC guide, "Amazon DNS server"; EC2 guide, "Instance metadata"): neither route tables nor
security groups nor network ACLs concern them.  The endpoint is a host of the built-in internet, so that an instance
reaches it as it would reach AWS: over an internet gateway and with a public address, or not at all.
"""

from __future__ import annotations

from enum import Enum
from functools import lru_cache

from .addresses import ANY_IPV4, ANY_IPV6, LINK_LOCAL_IPV4, Address, Cidr
from .security_group import TCP, UDP

METADATA = Address.parse("169.254.169.254")
METADATA_PORT = 80
RESOLVER = Address.parse("169.254.169.253")  # and the VPC's primary block plus two
RESOLVER_PORT = 53
IPV6_METADATA = Address.parse("fd00:ec2::254")
IPV6_RESOLVER = Address.parse("fd00:ec2::253")

ENDPOINT = Address.parse("198.19.0.10")
ENDPOINT_PORT, ENDPOINT_TLS_PORT = 80, 443
ENDPOINT_NAME = "aws.test"  # RFC 6761 sets .test aside
ENDPOINT_URL = f"http://{ENDPOINT_NAME}"

REGIONAL_SERVICES = (
    *("ec2", "ec2-instance-connect", "ec2messages", "elasticloadbalancing"),
    *("logs", "servicequotas", "ssm", "ssmmessages", "sts"),
)
GLOBAL_SERVICES = ("iam", "route53", "sts")
CHECK_IP = Address.parse("198.19.0.11")
CHECK_IP_PORT = 80

ANY_ADDRESS = Address(ANY_IPV4.network)  # all that its namespace has
ANY_IPV6_ADDRESS = Address(ANY_IPV6.network)
AWS_HOSTS_PORT = 80  # of S3 and DynamoDB: see ``aws_hosts``

INTERNET_HOSTS = {
    "one.example.com": Address.parse("198.19.0.1"),
    "two.example.com": Address.parse("198.19.0.2"),
    "checkip.amazonaws.com": CHECK_IP,
}
"""The hosts of the built-in internet that answer a ping, by name (RFC 2606 sets example.com aside)."""

IPV6_INTERNET_HOSTS = {
    "one.example.com": Address.parse("2001:db8:ffff::1"),
    "two.example.com": Address.parse("2001:db8:ffff::2"),
}
"""Their IPv6 addresses, where no VPC's block is (RFC 3849 sets 2001:db8::/32 aside)."""

INTERNET_ADDRESSES = (*INTERNET_HOSTS.values(), ENDPOINT)
"""All that anybody has in the built-in internet, of IPv4."""

# Blocks overlap between VPCs, so a service is told by another address who asks.
IDENTITIES = Cidr.parse("10.0.0.0/8")
IDENTITIES_OF_VPC_ADDRESS = Cidr.parse("11.0.0.0/8")
IDENTITIES_OVER_ENDPOINT = Cidr.parse("12.0.0.0/8")
IDENTITY_BITS = 24

# An IPv6 address may be any of the interface's, so what tells it apart there is part of the identity: all that is not
# the same in the largest subnet, a /44.
IPV6_IDENTITIES = Cidr.parse("fc00::/20")
IPV6_OWN_BITS = 84
_IPV6_OWN = (1 << IPV6_OWN_BITS) - 1

# And so is AWS's endpoint told through whose interface it is asked, by an address that no VPC has and none forwards.
ENDPOINT_IDENTITIES = Cidr.parse("240.0.0.0/8")
IPV6_ENDPOINT_IDENTITIES = Cidr.parse("fc00:1000::/20")  # with what is the interface's own in its address, as above


def identity_of(interface_id: str, *, of_vpc_address: bool = False) -> Address:
    """The address by which the services know an interface: the last 24 bits of its id.

    ``of_vpc_address``: the resolver is asked at the VPC's own address, and has to answer from there.
    """
    block = IDENTITIES_OF_VPC_ADDRESS if of_vpc_address else IDENTITIES
    return block.at(identity_number(interface_id))


def link_local_of(interface_id: str) -> Address:
    """The address of IPv4 that an interface without any other has on its link, as DHCP gives it in an IPv6-only subnet:
    169.254.1.1 to 169.254.168.254, below the services.  Nobody but the interface knows it, so that others may have the
    same."""
    third, fourth = divmod(identity_number(interface_id) % (168 * 254), 254)
    return LINK_LOCAL_IPV4.at(third + 1 << 8 | fourth + 1)


def ipv6_identity_of(interface_id: str, source: Address) -> Address:
    """The address by which the services know an interface that asks from this one of its IPv6 addresses."""
    return _ipv6_identity(IPV6_IDENTITIES, interface_id, source)


def _ipv6_identity(block: Cidr, interface_id: str, address: Address) -> Address:
    return block.at(identity_number(interface_id) << IPV6_OWN_BITS | address & _IPV6_OWN)


def ipv6_source(identity: Address, subnet: Cidr) -> Address:
    """The address of the interface that has the identity, in its subnet's block."""
    return Address(subnet.network & ~_IPV6_OWN | identity & _IPV6_OWN)


def endpoint_identity_of(interface_id: str) -> Address:
    """The address as which AWS's endpoint is asked through this interface of an interface endpoint."""
    return ENDPOINT_IDENTITIES.at(identity_number(interface_id))


def ipv6_endpoint_identity_of(interface_id: str, destination: Address) -> Address:
    """The same where it is asked at this one of the interface's IPv6 addresses."""
    return _ipv6_identity(IPV6_ENDPOINT_IDENTITIES, interface_id, destination)


def read_endpoint_identity(address: Address) -> int | None:
    """The number; None for what is no such address."""
    if address in IPV6_ENDPOINT_IDENTITIES:
        return address - IPV6_ENDPOINT_IDENTITIES.network >> IPV6_OWN_BITS
    return address - ENDPOINT_IDENTITIES.network if address in ENDPOINT_IDENTITIES else None


def is_of_endpoint(protocol: int, port: int) -> bool:
    """Whether an interface endpoint takes it."""
    return protocol == TCP and port == ENDPOINT_TLS_PORT


def identity_over_endpoint(interface_id: str) -> Address:
    """The address by which the services of AWS know an interface that comes over a gateway endpoint."""
    return IDENTITIES_OVER_ENDPOINT.at(identity_number(interface_id))


def identity_number(interface_id: str) -> int:
    """24 bits.  No two interfaces should have the same; if they do, services answer neither of them."""
    return int(interface_id[-IDENTITY_BITS // 4 :], 16)


def identity_digits(number: int) -> str:
    """The end of the id of the interface that has the number."""
    return f"{number:0{IDENTITY_BITS // 4}x}"


def read_identity(address: Address) -> tuple[int, bool] | None:
    """The number and whether the VPC's own address was asked; None for what is no identity."""
    for block in (IDENTITIES, IDENTITIES_OF_VPC_ADDRESS):
        if address in block:
            return address - block.network, block is IDENTITIES_OF_VPC_ADDRESS
    if address in IPV6_IDENTITIES:
        return address - IPV6_IDENTITIES.network >> IPV6_OWN_BITS, False
    return None


@lru_cache(1 << 12)
def asker(host: str) -> int | str:
    """Who asks from an identity, by the number of his interface; from elsewhere the host itself."""
    identity = read_identity(Address.parse(host))
    return identity[0] if identity else host


def is_metadata(destination: Address) -> bool:
    """Rather than the resolver, of what is asked at these addresses."""
    return destination in (METADATA, IPV6_METADATA)


def read_identity_over_endpoint(address: Address) -> int | None:
    """The number; None for what is no such identity."""
    return address - IDENTITIES_OVER_ENDPOINT.network if address in IDENTITIES_OVER_ENDPOINT else None


def is_served(destination: Address, protocol: int, port: int) -> bool:
    """Whether a service answers there; the VPC's own address stands for the resolver."""
    if is_metadata(destination):
        return protocol == TCP and port == METADATA_PORT
    return protocol in (TCP, UDP) and port == RESOLVER_PORT


class Listener(Enum):
    """The sockets that the services are served on; those of IPv6, the last ones, where the host has it."""

    METADATA = "tcp", METADATA, METADATA_PORT
    RESOLVER_UDP = "udp", RESOLVER, RESOLVER_PORT
    RESOLVER_TCP = "tcp", RESOLVER, RESOLVER_PORT
    ENDPOINT_TLS = "tcp", ENDPOINT, ENDPOINT_TLS_PORT
    ENDPOINT = "tcp", ENDPOINT, ENDPOINT_PORT  # from here on the name is this one's
    CHECK_IP = "tcp", CHECK_IP, CHECK_IP_PORT
    INTERFACE_ENDPOINT = "tcp", ANY_ADDRESS, ENDPOINT_TLS_PORT  # each of ENDPOINT_IDENTITIES
    AWS_HOSTS = "tcp", ANY_ADDRESS, AWS_HOSTS_PORT
    IPV6_METADATA = "tcp", IPV6_METADATA, METADATA_PORT
    IPV6_RESOLVER_UDP = "udp", IPV6_RESOLVER, RESOLVER_PORT
    IPV6_RESOLVER_TCP = "tcp", IPV6_RESOLVER, RESOLVER_PORT
    IPV6_INTERFACE_ENDPOINT = "tcp", ANY_IPV6_ADDRESS, ENDPOINT_TLS_PORT  # each of IPV6_ENDPOINT_IDENTITIES

    def __init__(self, protocol: str, address: Address, port: int) -> None:
        self.protocol = protocol
        self.address = address
        self.port = port


IPV4_LISTENERS = tuple(each for each in Listener if each.address.is_ipv4)
