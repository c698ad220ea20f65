"""Packets as bytes and back: Ethernet frames with right checksums (RFC 791, 792, 768, 9293; RFC 8200, 4443)."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from realvpc.fabric.bpf.constants import TcpFlag
from realvpc.net.addresses import Address
from realvpc.net.icmp import ERRORS, has_identifier
from realvpc.net.packet import Packet
from realvpc.net.security_group import ICMP, ICMPV6, TCP, UDP

ETHERNET, ETHERNET_IPV6 = bytes(12) + b"\x08\x00", bytes(12) + b"\x86\xdd"
IP_HEADER, IPV6_HEADER, ICMP_HEADER = 20, 40, 8
DONT_FRAGMENT, MORE_FRAGMENTS = 0x4000, 0x2000
LARGEST = 1600  # bytes that a test frame really carries; beyond it the size is that of a segment to be


def checksum(data: bytes) -> int:
    """The internet checksum (RFC 1071); 0 over data with its right checksum in it."""
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data[: len(data) // 2 * 2]))
    total += data[-1] << 8 if len(data) % 2 else 0
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def headers_length(packet: Packet) -> int:
    header, icmp = (IP_HEADER, ICMP) if packet.source.is_ipv4 else (IPV6_HEADER, ICMPV6)
    return header + {TCP: 20, UDP: 8, icmp: ICMP_HEADER}.get(packet.protocol, 0)


def gso_size(packet: Packet) -> int:
    """The segment size that stands for a packet too large to carry here; 0 when its bytes are all there."""
    return packet.size - headers_length(packet) if packet.size > LARGEST else 0


def frame(packet: Packet, **options: Any) -> bytes:
    if packet.source.is_ipv4:
        return ETHERNET + ip_packet(packet, **options)
    return ETHERNET_IPV6 + ipv6_packet(packet, tcp_flags=options.get("tcp_flags"))


def ip_packet(
    packet: Packet, *, flags: int = DONT_FRAGMENT, identification: int = 1, tcp_flags: int | None = None
) -> bytes:
    """``flags`` is the field of flags and fragment offset."""
    body = transport(packet, tcp_flags=tcp_flags)
    length = IP_HEADER + len(body)
    source, destination = packet.source.packed[12:], packet.destination.packed[12:]
    header = struct.pack(
        "!BBHHHBBH4s4s", 0x45, 0, length, identification, flags, 127, packet.protocol, 0, source, destination
    )
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + body


def ipv6_packet(packet: Packet, *, tcp_flags: int | None = None) -> bytes:
    body = transport(packet, tcp_flags=tcp_flags)
    return ipv6_header(packet, packet.protocol, len(body)) + body


def ipv6_header(packet: Packet, next_header: int, payload_length: int, hop_limit: int = 64) -> bytes:
    start = struct.pack("!IHBB", 6 << 28, payload_length, next_header, hop_limit)
    return start + packet.source.packed + packet.destination.packed


def transport(packet: Packet, *, tcp_flags: int | None = None) -> bytes:
    """The transport header and as much payload as fills the packet."""
    if tcp_flags is None:
        tcp_flags = TcpFlag.SYN if packet.opens else TcpFlag.ACK
    fill = bytes(max(0, min(packet.size, LARGEST) - headers_length(packet)))
    ports = struct.pack("!HH", packet.source_port, packet.destination_port)
    if packet.protocol == TCP:
        return _summed(packet, ports + struct.pack("!IIBBHHH", 1, 1, 5 << 4, tcp_flags, 1024, 0, 0) + fill, 16)
    if packet.protocol == UDP:
        return _summed(packet, ports + struct.pack("!HH", 8 + len(fill), 0) + fill, 6)
    if packet.protocol == (ICMP if packet.source.is_ipv4 else ICMPV6):
        if packet.quoted is not None:
            quoted = frame(packet.quoted)[len(ETHERNET) :]
            header = IP_HEADER if packet.source.is_ipv4 else IPV6_HEADER
            fill = quoted[: header + 8].ljust(len(fill), b"\0")
        identifier = packet.source_port if has_identifier(packet.protocol, packet.icmp_type) else 0
        data = struct.pack("!BBHHH", packet.icmp_type, packet.icmp_code, 0, identifier, 1) + fill
        if packet.protocol == ICMPV6:
            return _summed(packet, data, 2)
        return data[:2] + struct.pack("!H", checksum(data)) + data[4:]
    return fill


def read(data: bytes) -> Packet:
    """The packet in an Ethernet frame, after its checksums proved right."""
    ip = data[len(ETHERNET) :]
    if data[12:14] == ETHERNET_IPV6[12:]:
        return _read_ipv6(ip)
    assert checksum(ip[:IP_HEADER]) == 0, "IP header"
    packet = _read_ip(ip)
    body = ip[IP_HEADER:]
    if packet.protocol in (TCP, UDP):
        assert checksum(pseudo_header(packet, len(body)) + body) == 0, "TCP or UDP"
    elif packet.protocol == ICMP:
        assert checksum(body) == 0, "ICMP"
        if packet.quoted is not None:
            assert checksum(body[ICMP_HEADER : ICMP_HEADER + IP_HEADER]) == 0, "quoted IP header"
    return packet


def pseudo_header(packet: Packet, length: int) -> bytes:
    if packet.source.is_ipv4:
        return packet.source.packed[12:] + packet.destination.packed[12:] + struct.pack("!HH", packet.protocol, length)
    return packet.source.packed + packet.destination.packed + struct.pack("!II", length, packet.protocol)


def ipv4(data: bytes) -> Address:
    return Address(int.from_bytes(data, "big") | 0xFFFF << 32)


def _read_ip(ip: bytes, *, is_quote: bool = False) -> Packet:
    said = _read_transport(ip[9], ip[IP_HEADER:], ICMP, None if is_quote else _read_ip)
    size = int.from_bytes(ip[2:4], "big")
    return Packet(source=ipv4(ip[12:16]), destination=ipv4(ip[16:20]), protocol=ip[9], size=size, **said)


def _read_ipv6(ip: bytes, *, is_quote: bool = False) -> Packet:
    """Of a packet without extension headers."""
    source, destination = (Address(int.from_bytes(ip[at : at + 16], "big")) for at in (8, 24))
    body = ip[IPV6_HEADER:]
    said = _read_transport(ip[6], body, ICMPV6, None if is_quote else _read_ipv6)
    size = IPV6_HEADER + int.from_bytes(ip[4:6], "big")
    packet = Packet(source=source, destination=destination, protocol=ip[6], size=size, **said)
    if not is_quote and packet.protocol in (TCP, UDP, ICMPV6):
        assert checksum(pseudo_header(packet, len(body)) + body) == 0, "TCP, UDP or ICMPv6"
    return packet


def _read_transport(protocol: int, body: bytes, icmp: int, read_quote: Callable[..., Packet] | None) -> dict[str, Any]:
    if protocol in (TCP, UDP):
        source_port, destination_port = struct.unpack("!HH", body[:4])
        return {"source_port": source_port, "destination_port": destination_port}
    if protocol != icmp:
        return {}
    said: dict[str, Any] = {"icmp_type": body[0], "icmp_code": body[1]}
    if has_identifier(protocol, body[0]):
        said["source_port"] = said["destination_port"] = int.from_bytes(body[4:6], "big")
    elif body[0] in ERRORS[protocol] and read_quote is not None:
        said["quoted"] = read_quote(body[ICMP_HEADER:], is_quote=True)
    return said


def _summed(packet: Packet, segment: bytes, offset: int) -> bytes:
    value = checksum(pseudo_header(packet, len(segment)) + segment)
    return segment[:offset] + struct.pack("!H", value) + segment[offset + 2 :]
