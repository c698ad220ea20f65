"""What every interface reaches without a route: the resolver and the instance metadata service; and AWS's own endpoint.

The first two are link-local (VPC guide, "Amazon DNS server"; EC2 guide, "Instance metadata"): neither route tables nor
security groups nor network ACLs concern them.  The endpoint is a host of the built-in internet, so that an instance
reaches it as it would reach AWS: over an internet gateway and with a public address, or not at all.
"""

from __future__ import annotations

from enum import Enum

from .addresses import Address, Cidr
from .security_group import TCP, UDP

METADATA = Address.parse("169.254.169.254")
METADATA_PORT = 80
RESOLVER = Address.parse("169.254.169.253")  # and the VPC's primary block plus two
RESOLVER_PORT = 53

ENDPOINT = Address.parse("198.19.0.10")
ENDPOINT_PORT = 80
ENDPOINT_NAME = "aws.test"  # RFC 6761 sets .test aside
ENDPOINT_URL = f"http://{ENDPOINT_NAME}"

CHECK_IP = Address.parse("198.19.0.11")
CHECK_IP_PORT = 80

INTERNET_HOSTS = {
    "one.example.com": Address.parse("198.19.0.1"),
    "two.example.com": Address.parse("198.19.0.2"),
    "checkip.amazonaws.com": CHECK_IP,
}
"""The hosts of the built-in internet that answer a ping, by name (RFC 2606 sets example.com aside)."""

# Blocks overlap between VPCs, so a service is told by another address who asks.
IDENTITIES = Cidr.parse("10.0.0.0/8")
IDENTITIES_OF_VPC_ADDRESS = Cidr.parse("11.0.0.0/8")
IDENTITY_BITS = 24


def identity_of(interface_id: str, *, of_vpc_address: bool = False) -> Address:
    """The address by which the services know an interface: the last 24 bits of its id.

    ``of_vpc_address``: the resolver is asked at the VPC's own address, and has to answer from there.
    """
    block = IDENTITIES_OF_VPC_ADDRESS if of_vpc_address else IDENTITIES
    return block.at(identity_number(interface_id))


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
    return None


def is_served(destination: Address, protocol: int, port: int) -> bool:
    """Whether a service answers there; the VPC's own address stands for the resolver."""
    if destination == METADATA:
        return protocol == TCP and port == METADATA_PORT
    return protocol in (TCP, UDP) and port == RESOLVER_PORT


class Listener(Enum):
    """The sockets that the services are served on."""

    METADATA = "tcp", METADATA, METADATA_PORT
    RESOLVER_UDP = "udp", RESOLVER, RESOLVER_PORT
    RESOLVER_TCP = "tcp", RESOLVER, RESOLVER_PORT
    ENDPOINT = "tcp", ENDPOINT, ENDPOINT_PORT
    CHECK_IP = "tcp", CHECK_IP, CHECK_IP_PORT

    def __init__(self, protocol: str, address: Address, port: int) -> None:
        self.protocol = protocol
        self.address = address
        self.port = port
