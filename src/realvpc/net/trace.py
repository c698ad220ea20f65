"""The Trace: every layer that a packet passed, and what became of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from msgspec import Struct

from .nat_flow import NatFlow
from .packet import PROTOCOL_NAMES, Flow, Packet
from .reasons import Layer, Reason

INTERNET = "internet"
"""Where packets from and to the world outside enter and leave; stands where an interface id would."""

ENDPOINTS = "endpoints"
"""Where interface endpoints lead: AWS's endpoint, for who comes through one; stands where an interface id would."""

AWS = "aws"
"""Where S3 and DynamoDB are (``aws_hosts``): to ``walk``, a part of the internet."""

SERVICES = "services"
"""Where the resolver and the instance metadata service are; stands where an interface id would."""


class Hop(Struct, frozen=True):
    """One decision: at ``layer``, ``resource`` (an id) let the packet pass or not, by ``rule`` (the rule, in words)."""

    layer: Layer
    resource: str
    rule: str
    passed: bool = True


class Sighting(Struct, frozen=True):
    """An interface saw the packet as it was then, leaving it or coming to it: see ``flow_record.py``."""

    interface_id: str
    is_egress: bool
    packet: Packet


class Trace(Struct, frozen=True, kw_only=True):
    """What ``walk`` found.

    ``packet`` is the packet as it arrived or was dropped, after any translation.  ``reason`` is DELIVERED or why not,
    ``resource`` the one that decided and ``vpc_id`` where.  ``delivered_to`` is an interface id, INTERNET,
    SERVICES or ENDPOINTS.
    ``tracked`` holds the flows that security groups remember, or remember otherwise, because of this packet,
    ``nat_flow`` the connection that a NAT gateway does.  ``sightings`` are the interfaces that saw the packet, in the
    order in which it came by.
    """

    sent: Packet
    packet: Packet
    hops: tuple[Hop, ...]
    reason: Reason
    resource: str
    vpc_id: str
    delivered_to: str | None = None
    tracked: frozenset[Flow] = frozenset()
    nat_flow: NatFlow | None = None
    sightings: tuple[Sighting, ...] = ()

    @property
    def delivered(self) -> bool:
        return self.reason is Reason.DELIVERED

    def sentence(self, language: Literal["en", "ja"] = "en", label: Callable[[str], str] = str) -> str:
        """Why, in one plain sentence; ``label`` may turn ids into names that people know."""
        template = self.reason.english if language == "en" else self.reason.japanese
        return template.format(
            source=self.packet.source,
            destination=self.packet.destination,
            protocol=_traffic(self.packet, *_WORDS[language]),
            resource=label(self.resource),
            vpc=label(self.vpc_id),
        )


_WORDS = {"en": ("port", "type", "code", "protocol"), "ja": ("ポート", "タイプ", "コード", "プロトコル")}


def _traffic(packet: Packet, port: str, type_: str, code: str, protocol: str) -> str:
    name = PROTOCOL_NAMES.get(packet.protocol)
    if name in ("tcp", "udp"):
        return f"{name.upper()} {port} {packet.destination_port}"
    if name in ("icmp", "icmpv6"):
        return f"{'ICMP' if name == 'icmp' else 'ICMPv6'} {type_} {packet.icmp_type} {code} {packet.icmp_code}"
    return f"{protocol} {packet.protocol}"
