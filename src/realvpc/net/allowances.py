"""What one network interface may take of what all share, so that no flood of one is felt by another.

EC2 guide, "Monitor network performance for ENA settings": ``conntrack_allowance_exceeded`` counts the packets of new
flows that are dropped because an instance tracks as many as it may; AWS publishes no figure.
``linklocal_allowance_exceeded`` counts what exceeds 1,024 packets a second to the resolver, instance metadata and the
time service (VPC guide, "Amazon DNS quotas").
"""

from __future__ import annotations

from collections.abc import Collection

from .packet import Flow

FLOWS = 1 << 19
"""Flows that one host tracks, of all interfaces together."""

FLOWS_OF_INTERFACE = 1 << 17

LINKLOCAL_PACKETS = 1024
"""Packets a second that an interface may send to the link-local services; as many at once after a second of silence."""


def may_track(interface_id: str, flows: Collection[Flow]) -> bool:
    """Whether one more flow may begin at the interface while the host tracks ``flows``.

    An interface never has more flows than are left free, so that each that presses gets half of what the ones before
    it left at most: it takes some twenty to fill the table.
    """
    own = sum(flow.interface_id == interface_id for flow in flows)
    return own < min(FLOWS_OF_INTERFACE, FLOWS - len(flows))


def may_share(endpoint_interface_id: str, sender: str, flows: Collection[Flow]) -> bool:
    """Whether one more flow may begin at an interface endpoint: a sender, an interface by whatever address it is known
    there, never has more of them than it leaves to others, so that none fills it alone."""
    there = [flow.sender for flow in flows if flow.interface_id == endpoint_interface_id]
    return there.count(sender) < FLOWS_OF_INTERFACE - len(there)
