"""Packets as bytes and back: Ethernet frames with right checksums (RFC 791, 792, 768, 9293)."""

from __future__ import annotations

import struct
from typing import Any

from realvpc.net.addresses import Address
from realvpc.net.icmp import ERRORS, has_identifier
from realvpc.net.packet import Packet
from realvpc.net.security_group import ICMP, TCP, UDP

ETHERNET = bytes(12) + b"\x08\x00"
IP_HEADER, ICMP_HEADER = 20, 8
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
    return IP_HEADER + {TCP: 20, UDP: 8, ICMP: ICMP_HEADER}.get(packet.protocol, 0)


def gso_size(packet: Packet) -> int:
    """The segment size that stands for a packet too large to carry here; 0 when its bytes are all there."""
    return packet.size - headers_length(packet) if packet.size > LARGEST else 0


def frame(packet: Packet, **options: Any) -> bytes:
    return ETHERNET + ip_packet(packet, **options)


def ip_packet(packet: Packet, *, flags: int = DONT_FRAGMENT, identification: int = 1, tcp_flags: int = 0x10) -> bytes:
    """``flags`` is the field of flags and fragment offset."""
    body = transport(packet, tcp_flags=tcp_flags)
    length = IP_HEADER + len(body)
    source, destination = packet.source.packed[12:], packet.destination.packed[12:]
    header = struct.pack(
        "!BBHHHBBH4s4s", 0x45, 0, length, identification, flags, 127, packet.protocol, 0, source, destination
    )
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + body


def transport(packet: Packet, *, tcp_flags: int = 0x10) -> bytes:
    """The transport header and as much payload as fills the packet."""
    fill = bytes(max(0, min(packet.size, LARGEST) - headers_length(packet)))
    ports = struct.pack("!HH", packet.source_port, packet.destination_port)
    if packet.protocol == TCP:
        return _summed(packet, ports + struct.pack("!IIBBHHH", 1, 1, 5 << 4, tcp_flags, 1024, 0, 0) + fill, 16)
    if packet.protocol == UDP:
        return _summed(packet, ports + struct.pack("!HH", 8 + len(fill), 0) + fill, 6)
    if packet.protocol == ICMP:
        if packet.quoted is not None:
            quoted = ip_packet(packet.quoted)[: IP_HEADER + 8]
            fill = quoted.ljust(len(fill), b"\0")
        identifier = packet.source_port if has_identifier(packet.protocol, packet.icmp_type) else 0
        data = struct.pack("!BBHHH", packet.icmp_type, packet.icmp_code, 0, identifier, 1) + fill
        return data[:2] + struct.pack("!H", checksum(data)) + data[4:]
    return fill


def read(data: bytes) -> Packet:
    """The packet in an Ethernet frame, after its checksums proved right."""
    ip = data[len(ETHERNET) :]
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
    return packet.source.packed[12:] + packet.destination.packed[12:] + struct.pack("!HH", packet.protocol, length)


def ipv4(data: bytes) -> Address:
    return Address(int.from_bytes(data, "big") | 0xFFFF << 32)


def _read_ip(ip: bytes, *, is_quote: bool = False) -> Packet:
    protocol, body = ip[9], ip[IP_HEADER:]
    source_port = destination_port = icmp_type = icmp_code = 0
    quoted = None
    if protocol in (TCP, UDP):
        source_port, destination_port = struct.unpack("!HH", body[:4])
    elif protocol == ICMP:
        icmp_type, icmp_code = body[0], body[1]
        if has_identifier(protocol, icmp_type):
            source_port = destination_port = int.from_bytes(body[4:6], "big")
        elif icmp_type in ERRORS[protocol] and not is_quote:
            quoted = _read_ip(body[ICMP_HEADER:], is_quote=True)
    return Packet(
        source=ipv4(ip[12:16]),
        destination=ipv4(ip[16:20]),
        protocol=protocol,
        source_port=source_port,
        destination_port=destination_port,
        icmp_type=icmp_type,
        icmp_code=icmp_code,
        size=int.from_bytes(ip[2:4], "big"),
        quoted=quoted,
    )


def _summed(packet: Packet, segment: bytes, offset: int) -> bytes:
    value = checksum(pseudo_header(packet, len(segment)) + segment)
    return segment[:offset] + struct.pack("!H", value) + segment[offset + 2 :]
