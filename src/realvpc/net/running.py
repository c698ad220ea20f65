"""Whether somebody takes what arrives at an interface."""

from __future__ import annotations

from .network import Network
from .network_interface import NetworkInterface


def has_machine(network: Network, interface: NetworkInterface) -> bool:
    """An instance that runs has it, or an appliance that takes packets itself: an EC2 Instance Connect Endpoint, or a
    load balancer that is active, or in the VPC of an endpoint that leads to one."""
    instance = network.instance_of(interface)
    if instance is not None:
        return instance.machine_wanted
    owner = interface.attachment.owner_id if interface.attachment else ""
    endpoint = network.vpc_endpoints.get(owner)
    if endpoint is not None:
        return endpoint.is_connected and not endpoint.leads_to_aws
    balancer = network.load_balancers.get(owner)
    return balancer.is_active if balancer is not None else owner in network.instance_connect_endpoints
