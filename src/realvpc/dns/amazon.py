"""The names that AWS gives, as the resolver of one VPC knows them (VPC guide, "DNS attributes for your VPC"; peering
guide, "Enable DNS resolution for a VPC peering connection"; Route 53 guide, "Domain names that VPC Resolver creates
autodefined system rules for").

A VPC *names its hosts* when both of its DNS attributes are on.  It *opens its names* to itself, and over an active
peering connection when its own side of that allows DNS resolution and both VPCs name their hosts.

INTERNAL is the Region's domain of private names (``ap-northeast-1.compute.internal``), PUBLIC the one of public names
(``ap-northeast-1.compute.amazonaws.com``).

| name | asked | answer |
|---|---|---|
| ``ip-10-20-0-7.INTERNAL`` | in the Region, for RFC 1918 space and the asker's own | the address, whoever has it |
| | where a VPC of that Region that holds the address opens its names | the address |
| ``i-….INTERNAL`` | where its VPC opens its names, if the instance wants such records | its addresses |
| ``ec2-198-18-3-7.PUBLIC`` | where its VPC opens its names | its private address |
| | elsewhere, if its VPC names its hosts | its public address |
| ``7.0.20.10.in-addr.arpa`` | where the ``ip-`` name is answered | that name |
| ``7.3.18.198.in-addr.arpa`` | anywhere, for an Elastic IP address with a name of its own | that name |
| | anywhere, if its VPC names its hosts | the ``ec2-`` name |
| ``….ip6.arpa`` | where ``i-….INTERNAL`` leads to the address | that name |
| ``instance-data.INTERNAL`` | in the Region | 169.254.169.254 |

Private names are unknown in a VPC that does not name its hosts.  Only those of instances have IPv6 addresses.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from realvpc.net.addresses import RFC1918, Address, Cidr
from realvpc.net.domain_name import ancestors
from realvpc.net.hostnames import (
    internal_domain,
    private_dns_name,
    public_domain,
    public_name,
    read_ip_name,
    read_public_label,
)
from realvpc.net.network import Network
from realvpc.net.services import METADATA
from realvpc.net.vpc import Vpc
from realvpc.net.zones import REGIONS

from .internet import HOST_NAMES
from .node import PUBLIC_NAME_TTL, TTL, Node, empty, host, nothing, pointer

REVERSE, REVERSE_IPV6 = "in-addr.arpa.", "ip6.arpa."
METADATA_LABEL = "instance-data"
_PRIVATE_DOMAINS = {f"{internal_domain(region)}.": region for region in REGIONS}
_PUBLIC_DOMAINS = {f"{public_domain(region)}.": region for region in REGIONS}
_NIBBLE, _NIBBLES = re.compile(r"[0-9a-f]"), 32
_OCTET = re.compile(r"0|[1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5]")


def amazon_node(network: Network, asker: Vpc, name: str) -> Node | None:
    """What a zone of AWS says of a canonical name in the VPC ``asker``; None for a name outside these zones."""
    for domain in ancestors(name):
        label = name.removesuffix(domain).removesuffix(".")
        ttl = TTL
        if domain in _PRIVATE_DOMAINS and asker.names_hosts:
            addresses = _private(network, asker, _PRIVATE_DOMAINS[domain], label)
        elif domain in _PUBLIC_DOMAINS:
            addresses, ttl = _public(network, asker, name, label), PUBLIC_NAME_TTL
        elif domain == REVERSE:
            return _reverse(network, asker, name)
        elif domain == REVERSE_IPV6:
            return _reverse_ipv6(network, asker, name)
        else:
            continue
        if not label:
            return empty(domain)
        return host(domain, name, *addresses, ttl=ttl) if addresses else nothing(domain)
    return None


def opens_to(network: Network, owner: Vpc, asker: Vpc) -> bool:
    """Whether ``owner`` lets ``asker`` resolve its names to private addresses."""
    if not (owner.names_hosts and asker.names_hosts):
        return False
    if owner.id == asker.id:
        return True
    peering = network.active_peering_between(asker.id, owner.id)
    side = peering.side_of_vpc(owner.id) if peering else None
    return side is not None and side.allow_dns_resolution


def _opening_peers(network: Network, asker: Vpc) -> Iterator[Vpc]:
    sides = (peering.far_side(asker.id) for peering in network.peerings_of(asker.id) if peering.is_active)
    peers = (network.vpcs[side.vpc_id] for side in sides if side)
    return (peer for peer in peers if opens_to(network, peer, asker))


def _private(network: Network, asker: Vpc, region: str, label: str) -> tuple[Address, ...]:
    if label == METADATA_LABEL:
        return (METADATA,) if region == asker.region else ()
    address = read_ip_name(label)
    if address is not None:
        return (address,) if _has_ip_name(network, asker, region, address) else ()
    instance = network.instances.get(label)
    if instance is None or instance.region != region:
        return ()
    interfaces = network.interfaces_of(instance.id)  # none once it is terminated
    if not interfaces or not opens_to(network, network.vpcs[interfaces[0].vpc_id], asker):
        return ()
    private = interfaces[0].private_addresses[:1] if instance.enable_resource_name_dns_a_record else ()
    return private + (interfaces[0].ipv6_addresses if instance.enable_resource_name_dns_aaaa_record else ())


def _has_ip_name(network: Network, asker: Vpc, region: str, address: Address) -> bool:
    if region == asker.region and (_rfc1918(address) or asker.holds(address)):
        return True
    return any(peer.region == region and peer.holds(address) for peer in _opening_peers(network, asker))


def _public(network: Network, asker: Vpc, name: str, label: str) -> tuple[Address, ...]:
    address = read_public_label(label)
    found = network.behind_public_address(address) if address is not None else None
    if address is None or found is None:
        return ()
    interface, private = found
    owner = network.vpcs[interface.vpc_id]
    if f"{public_name(owner, address)}." != name:
        return ()
    return (private if opens_to(network, owner, asker) else address,)


# -- reverse names ---------------------------------------------------------------------------------------------------


def _reverse(network: Network, asker: Vpc, name: str) -> Node:
    labels = name.removesuffix(REVERSE).removesuffix(".").split(".")
    if labels == [""]:
        return empty(REVERSE)
    if len(labels) > 4 or not all(map(_OCTET.fullmatch, labels)):
        return nothing(REVERSE)
    if len(labels) < 4:
        return empty(REVERSE)
    address = Address.parse(".".join(reversed(labels)))
    if asker.names_hosts:
        if address == METADATA:
            return pointer(name, name, f"{METADATA_LABEL}.{internal_domain(asker.region)}")
        for block, region in _private_blocks(network, asker):
            if address in block:
                return pointer(_reverse_apex(block, labels), name, private_dns_name(address, region))
    target = _public_name_of(network, address) or HOST_NAMES.get(address)
    return pointer(REVERSE, name, target) if target else nothing(REVERSE)


def _reverse_ipv6(network: Network, asker: Vpc, name: str) -> Node:
    labels = name.removesuffix(REVERSE_IPV6).removesuffix(".").split(".")
    if labels == [""]:
        return empty(REVERSE_IPV6)
    if len(labels) > _NIBBLES or not all(map(_NIBBLE.fullmatch, labels)):
        return nothing(REVERSE_IPV6)
    if len(labels) < _NIBBLES:
        return empty(REVERSE_IPV6)
    address = Address(int("".join(reversed(labels)), 16))
    for vpc in () if address.is_ipv4 else (asker, *_opening_peers(network, asker)):
        interface = network.interface_at(vpc.id, address)
        instance = network.instance_of(interface) if interface else None
        if instance is not None:
            target = f"{instance.id}.{internal_domain(instance.region)}"
            if address in _private(network, asker, instance.region, instance.id):
                return pointer(REVERSE_IPV6, name, target)
    host_name = HOST_NAMES.get(address)
    return pointer(REVERSE_IPV6, name, host_name) if host_name and not address.is_ipv4 else nothing(REVERSE_IPV6)


def _private_blocks(network: Network, asker: Vpc) -> Iterator[tuple[Cidr, str]]:
    """The blocks whose addresses have ``ip-`` names in this VPC, with the Region of the name; the first one counts."""
    yield from ((block, asker.region) for block in asker.cidrs)
    yield from ((block, peer.region) for peer in _opening_peers(network, asker) for block in peer.cidrs)
    yield from ((block, asker.region) for block in RFC1918)


def _reverse_apex(block: Cidr, labels: list[str]) -> str:
    """The zone of an address (its octets, the last one first) in the block: as general as whole octets allow."""
    octets = min(-(-block.prefix_length // 8), 3)
    return ".".join((*labels[4 - octets :], REVERSE))


def _public_name_of(network: Network, address: Address) -> str | None:
    elastic = network.elastic_ip_with(address)
    if elastic is not None and elastic.domain_name is not None:
        return elastic.domain_name.removesuffix(".")
    found = network.behind_public_address(address)
    return public_name(network.vpcs[found[0].vpc_id], address) if found else None


def _rfc1918(address: Address) -> bool:
    return any(address in block for block in RFC1918)
