"""The names of Network Load Balancers (Network Load Balancers guide, "DNS name").

| name | asked | answer |
|---|---|---|
| ``NAME-DIGITS.elb.REGION.amazonaws.com`` | anywhere | the addresses of its nodes that have targets to give to |
| ``us-east-1a.NAME-DIGITS.elb.REGION.amazonaws.com`` | anywhere | that of its node in the zone |

While no node has a healthy target, all are answered.  Those of an internal load balancer are private addresses; of an
internet-facing one they are public, wherever they are asked for.
"""

from __future__ import annotations

from realvpc.net.addresses import Address
from realvpc.net.domain_name import ancestors, canonical
from realvpc.net.load_balancer import PREFIX, LoadBalancer, domain_of
from realvpc.net.load_balancing import nodes_with_targets
from realvpc.net.names import AWS_DOMAIN
from realvpc.net.network import Network
from realvpc.net.network_interface import NetworkInterface
from realvpc.net.zones import REGIONS

from .node import Node, host, nothing

_DOMAINS = frozenset(f"{domain_of(region)}." for region in REGIONS)


def balancer_node(network: Network, name: str) -> Node | None:
    """What a canonical name is that load balancers give; None for any other."""
    if not name.endswith(f".{AWS_DOMAIN}"):
        return None
    for domain in ancestors(name):
        label, _, apex = domain.partition(".")
        if apex not in _DOMAINS:
            continue
        found = network.load_balancers.get(f"{PREFIX}-0{label.rpartition('-')[2]}")
        if found is None or found.is_leaving or canonical(found.dns_name) != domain:
            return nothing(apex)
        if domain == name:
            nodes = _KEPT.nodes_of(network, found)
        else:
            zone = name.removesuffix(f".{domain}")
            rows = network.interfaces_of(found.id)
            nodes = [row for row in rows if network.subnets[row.subnet_id].zone_name == zone]
        addresses = [each for row in nodes for each in _addresses(network, found, row)]
        return host(apex, name, *addresses) if addresses else nothing(apex)
    return None


class _Kept:
    """Which nodes have targets, of the network that was asked about last: whoever asks often has it worked out once."""

    def __init__(self) -> None:
        self._last: tuple[Network | None, dict[str, list[NetworkInterface]]] = (None, {})

    def nodes_of(self, network: Network, balancer: LoadBalancer) -> list[NetworkInterface]:
        of, found = self._last
        if of is not network:
            found = {}
            self._last = network, found
        if balancer.id not in found:
            found[balancer.id] = nodes_with_targets(network, balancer)
        return found[balancer.id]


_KEPT = _Kept()


def _addresses(network: Network, balancer: LoadBalancer, row: NetworkInterface) -> tuple[Address, ...]:
    if balancer.is_internal:
        return row.private_addresses
    public = network.public_address_of(row)
    return (public,) if public is not None else ()
