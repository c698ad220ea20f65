"""What metadata says of each network interface: ``network/interfaces/macs/<mac>/``."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from realvpc.net.addresses import Address
from realvpc.net.hostnames import instance_private_name, private_dns_name, public_name
from realvpc.net.network import Network
from realvpc.net.network_interface import NetworkInterface

from .directory import Directory, Node, directory


def interface_directory(network: Network, interface: NetworkInterface) -> Directory:
    vpc, subnet = network.vpcs[interface.vpc_id], network.subnets[interface.subnet_id]
    public_addresses = network.public_addresses_of(interface)
    return directory(
        {
            "device-number": str(interface.attachment.device_index if interface.attachment else 0),
            "interface-id": interface.id,
            "ipv4-associations": _associations(public_addresses),
            "ipv6s": _lines(interface.ipv6_addresses),
            "ipv4-prefix": _lines(interface.ipv4_prefixes),
            "ipv6-prefix": _lines(interface.ipv6_prefixes),
            "local-hostname": _hostname(network, interface),
            "local-ipv4s": _lines(interface.private_addresses),
            "mac": interface.mac_address,
            "owner-id": interface.account,
            "public-hostname": public_name(vpc, network.public_address_of(interface)),
            "public-ipv4s": _lines(public_addresses.values()),
            "security-group-ids": "\n".join(interface.group_ids),
            "security-groups": group_names(network, interface),
            "subnet-id": subnet.id,
            "subnet-ipv4-cidr-block": str(subnet.cidr) if subnet.cidr else None,
            "subnet-ipv6-cidr-blocks": _lines(row.cidr for row in subnet.ipv6_cidr_associations),
            "vpc-id": vpc.id,
            "vpc-ipv4-cidr-block": str(vpc.primary_cidr),
            "vpc-ipv4-cidr-blocks": _lines(vpc.cidrs),
            "vpc-ipv6-cidr-blocks": _lines(vpc.ipv6_cidrs),
        }
    )


def _hostname(network: Network, interface: NetworkInterface) -> str | None:
    """By its primary address; of an IPv6-only interface that of its instance."""
    if interface.private_address is not None:
        return private_dns_name(interface.private_address, interface.region)
    instance = network.instance_of(interface)
    return instance_private_name(instance, interface) if instance else None


def _lines(values: Iterable[object]) -> str | None:
    """One a line; nothing at all without any."""
    return "\n".join(map(str, values)) or None


def _associations(public_addresses: Mapping[Address, Address]) -> Directory | None:
    """The private address that each public one is mapped to; nothing at all without any."""
    found: dict[str, Node] = {str(public): str(private) for private, public in public_addresses.items()}
    return Directory(found) if found else None


def group_names(network: Network, interface: NetworkInterface) -> str:
    """One a line."""
    return "\n".join(network.security_groups[group_id].name for group_id in interface.group_ids)
