"""A packet, and the flow that it belongs to."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from .addresses import Address
from .icmp import IcmpType, answering
from .security_group import ICMP, ICMPV6, TCP, UDP

PROTOCOL_NUMBERS = {"icmp": ICMP, "tcp": TCP, "udp": UDP, "icmpv6": ICMPV6}
PROTOCOL_NAMES = {number: name for name, number in PROTOCOL_NUMBERS.items()}
ECHO_REQUEST = IcmpType.ECHO_REQUEST
DEFAULT_SIZE = 84  # bytes: what ping sends


class Packet(Struct, frozen=True, kw_only=True):
    """The part of an IP packet that decides its fate.

    Ports are those of TCP and UDP; an ICMP query or reply carries its identifier in both.  ``quoted`` is the packet
    that an ICMP error message speaks of.  ``opens`` is set of a TCP segment with which a connection begins (SYN without
    ACK).  ``size`` counts the bytes of the IP packet.
    """

    source: Address
    destination: Address
    protocol: int
    source_port: int = 0
    destination_port: int = 0
    icmp_type: int = 0
    icmp_code: int = 0
    opens: bool = False
    size: int = DEFAULT_SIZE
    quoted: Packet | None = None

    def reply(self) -> Packet:
        """The packet that answers this one."""
        return replace(
            self,
            source=self.destination,
            destination=self.source,
            source_port=self.destination_port,
            destination_port=self.source_port,
            icmp_type=answering(self.protocol, self.icmp_type),
            opens=False,
        )

    def with_source(self, source: Address) -> Packet:
        """Source NAT; in an ICMP error the quoted packet, which travelled the other way, is translated with it."""
        quoted = self.quoted
        if quoted is not None and quoted.destination == self.source:
            quoted = replace(quoted, destination=source)
        return replace(self, source=source, quoted=quoted)

    def with_destination(self, destination: Address) -> Packet:
        """Destination NAT, the quoted packet of an ICMP error included."""
        quoted = self.quoted
        if quoted is not None and quoted.source == self.destination:
            quoted = replace(quoted, source=destination)
        return replace(self, destination=destination, quoted=quoted)


class Flow(Struct, frozen=True, eq=False):
    """A tracked flow at one network interface, seen from that interface.

    Of ICMP it has the type that the interface sends: 8 (and 0 comes back) in a flow of pings that began here.
    No part of what it is: ``sender``, the interface whose share of an interface endpoint it takes, and ``gateway``,
    that of the NAT gateway in a peered VPC from which it came and to which its answers return.
    """

    interface_id: str
    protocol: int
    local: Address
    remote: Address
    local_port: int
    remote_port: int
    icmp_type: int = 0
    icmp_code: int = 0
    sender: str = ""
    gateway: str = ""

    def _what_it_is(self) -> tuple[object, ...]:
        ends = self.local, self.remote, self.local_port, self.remote_port
        return (self.interface_id, self.protocol, *ends, self.icmp_type, self.icmp_code)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Flow) and self._what_it_is() == other._what_it_is()

    def __ne__(self, other: object) -> bool:  # msgspec's own would go by identity
        return not self == other

    def __hash__(self) -> int:
        return hash(self._what_it_is())

    @classmethod
    def leaving(cls, interface_id: str, packet: Packet) -> Flow:
        return cls(
            interface_id,
            packet.protocol,
            packet.source,
            packet.destination,
            packet.source_port,
            packet.destination_port,
            packet.icmp_type,
            packet.icmp_code,
        )

    @classmethod
    def arriving(cls, interface_id: str, packet: Packet) -> Flow:
        return cls(
            interface_id,
            packet.protocol,
            packet.destination,
            packet.source,
            packet.destination_port,
            packet.source_port,
            answering(packet.protocol, packet.icmp_type),
            packet.icmp_code,
        )
