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

    An interface never has more flows than are left free, so that the more interfaces press, the smaller is the share
    of each, and who has few flows always finds room.
    """
    own = sum(flow.interface_id == interface_id for flow in flows)
    return own < min(FLOWS_OF_INTERFACE, FLOWS - len(flows))
