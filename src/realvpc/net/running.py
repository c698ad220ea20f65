"""Whether somebody takes what arrives at an interface."""

from __future__ import annotations

from .network import Network
from .network_interface import NetworkInterface


def has_machine(network: Network, interface: NetworkInterface) -> bool:
    """An instance that runs has it, or an appliance that takes packets itself: an EC2 Instance Connect Endpoint."""
    instance = network.instance_of(interface)
    if instance is not None:
        return instance.machine_wanted
    return interface.attachment is not None and interface.attachment.owner_id in network.instance_connect_endpoints
