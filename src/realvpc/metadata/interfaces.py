"""What metadata says of each network interface: ``network/interfaces/macs/<mac>/``."""

from __future__ import annotations

from realvpc.net.hostnames import private_dns_name, public_name
from realvpc.net.network import Network
from realvpc.net.network_interface import NetworkInterface

from .directory import Directory, directory


def interface_directory(network: Network, interface: NetworkInterface) -> Directory:
    vpc, subnet = network.vpcs[interface.vpc_id], network.subnets[interface.subnet_id]
    private, public = str(interface.private_address), interface.public_address
    return directory(
        {
            "device-number": str(interface.attachment.device_index if interface.attachment else 0),
            "interface-id": interface.id,
            "ipv4-associations": Directory({str(public): private}) if public is not None else None,
            "local-hostname": private_dns_name(interface.private_address, interface.region),
            "local-ipv4s": "\n".join(str(address) for address in interface.private_addresses),
            "mac": interface.mac_address,
            "owner-id": interface.account,
            "public-hostname": public_name(network.vpcs[interface.vpc_id], interface),
            "public-ipv4s": str(public) if public is not None else None,
            "security-group-ids": "\n".join(interface.group_ids),
            "security-groups": group_names(network, interface),
            "subnet-id": subnet.id,
            "subnet-ipv4-cidr-block": str(subnet.cidr),
            "vpc-id": vpc.id,
            "vpc-ipv4-cidr-block": str(vpc.primary_cidr),
            "vpc-ipv4-cidr-blocks": "\n".join(str(cidr) for cidr in vpc.cidrs),
        }
    )


def group_names(network: Network, interface: NetworkInterface) -> str:
    """One a line."""
    return "\n".join(network.security_groups[group_id].name for group_id in interface.group_ids)
