"""Random packets in a random network, leaning towards what decides a fate."""

from __future__ import annotations

from abc import ABC, abstractmethod
from random import Random
from typing import Any

from msgspec.structs import replace

from realvpc.net import aws_hosts
from realvpc.net.addresses import Address
from realvpc.net.elastic_ip import ElasticIp
from realvpc.net.icmp import has_identifier
from realvpc.net.nat64 import standing_for
from realvpc.net.network_interface import NetworkInterface
from realvpc.net.packet import Packet
from realvpc.net.peering import Peering
from realvpc.net.security_group import ICMP, ICMPV6, TCP, UDP
from realvpc.net.services import (
    IPV6_METADATA,
    IPV6_RESOLVER,
    METADATA,
    RESOLVER,
    endpoint_identity_of,
    identity_of,
    identity_over_endpoint,
    ipv6_endpoint_identity_of,
    ipv6_identity_of,
)
from realvpc.net.trace import ENDPOINTS, INTERNET, SERVICES, Trace
from realvpc.net.vpc import Vpc

PORTS = (0, 22, 80, 443, 40000, 65535)
INTERNET_HOSTS = ("198.19.0.1", "203.0.113.9", "8.8.8.8")
BORDERS = (  # the last and first addresses of what is private or never forwarded, and their neighbours
    *("9.255.255.255", "10.0.0.0", "10.255.255.255", "11.0.0.0", "100.63.255.255", "100.64.0.0", "100.127.255.255"),
    *("100.128.0.0", "126.255.255.255", "127.0.0.0", "128.0.0.0", "169.253.255.255", "169.254.0.0", "169.255.0.0"),
    *("172.15.255.255", "172.16.0.0", "172.31.255.255", "172.32.0.0", "192.167.255.255", "192.168.0.0"),
    *("11.255.255.255", "12.0.0.0", "12.255.255.255", "13.0.0.0", "198.19.127.255", "198.19.255.255", "198.20.0.0"),
    *("192.168.255.255", "192.169.0.0", "223.255.255.255", "224.0.0.0", "0.255.255.255", "1.0.0.0"),
)
IPV6_INTERNET_HOSTS = ("2001:2::1", "2001:2:0:1::9", "2606:4700::1111")
IPV6_BORDERS = ("fbff::", "fc00::", "fdff::1", "fe00::", "fe7f::1", "fec0::", "feff::1", "::2", "2001:db8:1:100::4")
IPV6_STRANGE = ("ff02::1", "::1", "::", "fe80::1", "2001:db8:1::77", "2001:db8:9::9", "fd00:1::9")
STRANGE = ("224.0.0.1", "255.255.255.255", "127.0.0.1", "169.254.1.1", "0.1.2.3", "10.0.3.77", "10.9.9.9", "100.64.9.9")
S3 = (
    *(str(aws_hosts.HOSTS[f"s3.{region}.amazonaws.com"]) for region in ("us-east-1", "ap-northeast-1")),
    "198.19.128.9",
)
SIZES = (84,) * 8 + (1500, 1501, 8500, 8501, 9001, 9002)


class RandomPackets(ABC):
    """Made from what a random network has."""

    random: Random
    vpcs: list[Vpc]
    interfaces: list[NetworkInterface]
    gateway_interfaces: list[NetworkInterface]
    endpoint_interfaces: list[NetworkInterface]
    elastic_ips: list[ElasticIp]
    peerings: list[Peering]

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    @abstractmethod
    def _id(self, prefix: str) -> str:
        """One that nothing has yet."""

    def packet(self, past: list[tuple[str, Trace]]) -> tuple[Packet, str]:
        """A packet and where it enters.  ``past`` has what was delivered so far, and where that entered."""
        if past and self.chance(0.35):
            return self._answer(*self.random.choice(past[-30:]))
        if past and self.chance(0.15):
            at, trace = self.random.choice(past)
            again = trace.sent  # perhaps larger, on a way that is remembered
            return (again if again.quoted else replace(again, size=self.random.choice((again.size, *SIZES)))), at
        if self.with_ipv6 and self.chance(0.5):
            return self._ipv6_packet()
        if self.chance(0.1):
            return self._asking()
        if self.endpoint_interfaces and self.chance(0.1):
            return self._private_link()
        if self.gateway_interfaces and self.chance(0.06):
            return self._through_nat()
        if self.chance(0.1):
            return self._to_s3()
        if self.chance(0.03):
            asked = identity_over_endpoint(self.random.choice([*(row.id for row in self.interfaces), self._id("eni")]))
            return self._between(Address.parse(self.random.choice(S3)), asked), INTERNET
        if self.chance(0.15):
            source = Address.parse(self.random.choice([*INTERNET_HOSTS * 10, "10.0.0.4", *BORDERS]))
            return self._between(source, self._destination(public=0.9)), INTERNET
        if self.chance(0.01):
            return self._between(Address.parse("10.0.0.4"), self._destination()), self._id("eni")
        sender = self.random.choice(self.interfaces)
        source = sender.ipv4_on_link
        if self.chance(0.15):
            resolver = next(row for row in self.vpcs if row.id == sender.vpc_id).resolver
            source = self.random.choice([*_ipv4(sender), self._destination(), self._destination(), resolver])
        return self._between(source, self._destination()), sender.id

    @property
    def with_ipv6(self) -> list[NetworkInterface]:
        return [row for row in self.interfaces if row.ipv6_slots]

    def _ipv6_packet(self) -> tuple[Packet, str]:
        """From no address that stays on its link: what is said there is not the law's affair."""
        if self.chance(0.15):
            return self._asking_over_ipv6()
        endpoints = [row for row in self.endpoint_interfaces if row.ipv6_addresses]
        if endpoints and self.chance(0.1):
            return self._private_link_over_ipv6(self.random.choice(endpoints))
        if self.chance(0.2):
            source = Address.parse(self.random.choice([*IPV6_INTERNET_HOSTS * 5, *IPV6_BORDERS]))
            return self._between(source, self._ipv6_destination()), INTERNET
        sender = self.random.choice(self.with_ipv6)
        source = self.random.choice(_ipv6(sender))
        if self.chance(0.15):
            strange = Address.parse(self.random.choice(IPV6_BORDERS))
            source = self.random.choice([strange, *_ipv6(self.random.choice(self.with_ipv6))])
            sender = self.random.choice(self.interfaces)
        return self._between(source, self._ipv6_destination()), sender.id

    def _ipv6_destination(self) -> Address:
        if self.gateway_interfaces and self.chance(0.4):
            return standing_for(self._destination())
        if self.chance(0.25):
            return Address.parse(self.random.choice([*IPV6_INTERNET_HOSTS * 4, *IPV6_STRANGE * 2, *IPV6_BORDERS]))
        return self.random.choice(_ipv6(self.random.choice(self.with_ipv6)))

    def _to_s3(self) -> tuple[Packet, str]:
        """From any of the sender's addresses, or another's."""
        sender = self.random.choice([row for row in self.interfaces if len(_ipv4(row)) > 1] or self.interfaces)
        source = self.random.choice([*_ipv4(sender) * 2, self._destination()])
        return self._between(source, Address.parse(self.random.choice(S3))), sender.id

    def _through_nat(self) -> tuple[Packet, str]:
        """What a NAT gateway may carry, from its VPC: into another one, mostly a peered one, or to the internet."""
        gateway = self.random.choice(self.gateway_interfaces)
        near = [row for row in self.interfaces if row.vpc_id == gateway.vpc_id and row.subnet_id != gateway.subnet_id]
        sides = [peering.far_side(gateway.vpc_id) for peering in self.peerings]
        peered = {side.vpc_id for side in sides if side}
        far = [row for row in self.interfaces if row.vpc_id in peered and self.chance(0.9)]
        sender = self.random.choice(near or self.interfaces)
        destination = Address.parse(self.random.choice(INTERNET_HOSTS))
        if far:
            destination = self.random.choice(_ipv4(self.random.choice(far)))
        fields: dict[str, Any] = {"source": sender.ipv4_on_link, "destination": destination}
        protocol = self.random.choice((TCP, UDP))
        fields["opens"] = protocol == TCP
        ports = self.random.choices(PORTS[1:], k=2)
        return Packet(protocol=protocol, source_port=ports[0], destination_port=ports[1], **fields), sender.id

    def _asking(self) -> tuple[Packet, str]:
        """To the resolver or the metadata service, or from there to anybody."""
        interface = self.random.choice(self.interfaces)
        service = self.random.choice((METADATA, RESOLVER, interface.ipv4_on_link))
        if self.chance(0.1):
            identity = identity_of(self.random.choice([interface.id, self._id("eni")]), of_vpc_address=self.chance(0.5))
            return self._between(service, self.random.choice([identity, interface.ipv4_on_link])), SERVICES
        vpc = next(row for row in self.vpcs if row.id == interface.vpc_id)
        source = self.random.choice([*_ipv4(interface), interface.ipv4_on_link, self._destination()])
        packet = self._between(source, self.random.choice([METADATA, RESOLVER, vpc.resolver]))
        if packet.protocol in (TCP, UDP):
            packet = replace(packet, destination_port=self.random.choice((53, 53, 80, 443)))
        return packet, interface.id

    def _asking_over_ipv6(self) -> tuple[Packet, str]:
        interface = self.random.choice(self.with_ipv6)
        service = self.random.choice((IPV6_METADATA, IPV6_RESOLVER))
        own = self.random.choice(_ipv6(interface))
        foreign = self.random.choice(_ipv6(self.random.choice(self.with_ipv6)))
        if self.chance(0.2):
            source = self.random.choice([own, foreign])
            asker = self.random.choice([interface.id, interface.id, self.random.choice(self.interfaces).id])
            answer = self._between(service, self.random.choice([*[ipv6_identity_of(asker, source)] * 5, own]))
            return answer, SERVICES
        source = self.random.choice([own, own, own, foreign])
        packet = self._between(source, service)
        if packet.protocol in (TCP, UDP):
            packet = replace(packet, destination_port=self.random.choice((53, 53, 80, 443)))
        return packet, interface.id

    def _private_link(self) -> tuple[Packet, str]:
        """To AWS's endpoint, mostly as clients ask; or from there, in an interface's place that may be none."""
        interface, sender = self.random.choice(self.endpoint_interfaces), self.random.choice(self.interfaces)
        if self.chance(0.2):
            answering = self.random.choice([interface.id] * 3 + [sender.id, self._id("eni")])
            return self._between(endpoint_identity_of(answering), sender.ipv4_on_link), ENDPOINTS
        near = [row for row in self.interfaces if row.vpc_id == interface.vpc_id]
        sender = self.random.choice(near) if near and self.chance(0.8) else sender
        packet = self._between(sender.ipv4_on_link, interface.ipv4_on_link)
        is_asking = packet.protocol == TCP and self.chance(0.8)
        return replace(packet, destination_port=443) if is_asking else packet, sender.id

    def _private_link_over_ipv6(self, interface: NetworkInterface) -> tuple[Packet, str]:
        """The same; and to an address that is not the interface's, or from the internet."""
        near = [row for row in self.with_ipv6 if row.vpc_id == interface.vpc_id and self.chance(0.9)]
        [own], sender = interface.ipv6_addresses, self.random.choice(near or self.with_ipv6)
        source = self.random.choice(_ipv6(sender))
        if self.chance(0.2):
            answering = self.random.choice([interface.id] * 4 + [sender.id, self._id("eni")])
            identity = ipv6_endpoint_identity_of(answering, self.random.choice([own, own, own, source]))
            return self._between(identity, source), ENDPOINTS
        if self.chance(0.1):
            return self._between(Address.parse(self.random.choice(IPV6_INTERNET_HOSTS)), own), INTERNET
        packet = self._between(source, own)
        is_asking = packet.protocol == TCP and self.chance(0.8)
        return replace(packet, destination_port=443) if is_asking else packet, sender.id

    def _destination(self, public: float = 0.2) -> Address:
        receiver = self.random.choice(self.interfaces + self.gateway_interfaces + self.endpoint_interfaces)
        if self.chance(0.15):
            return Address.parse(self.random.choice([*INTERNET_HOSTS * 4, *S3 * 8, *STRANGE * 2, *BORDERS]))
        mapped = [receiver.public_address, *(row.public_address for row in self._elastic_ips_of(receiver))]
        reached = [address for address in mapped if address is not None]
        if reached and self.chance(public):
            return self.random.choice(reached)
        return self.random.choice(_ipv4(receiver))

    def _elastic_ips_of(self, interface: NetworkInterface) -> list[ElasticIp]:
        return [row for row in self.elastic_ips if row.association and row.association.interface_id == interface.id]

    def _between(self, source: Address, destination: Address) -> Packet:
        icmp, other = (ICMP, ICMPV6) if source.is_ipv4 else (ICMPV6, ICMP)
        protocol = self.random.choice((icmp, icmp, TCP, TCP, UDP, UDP, 47, 132, other))
        fields: dict[str, Any] = {"source": source, "destination": destination, "size": self.random.choice(SIZES)}
        if protocol == icmp:
            return self._icmp(fields)
        ports = self.random.choices(PORTS, k=2) if protocol in (TCP, UDP) else (0, 0)
        fields["opens"] = protocol == TCP and self.chance(0.6)
        return Packet(protocol=protocol, source_port=ports[0], destination_port=ports[1], **fields)

    def _icmp(self, fields: dict[str, Any]) -> Packet:
        is_ipv4 = fields["source"].is_ipv4
        protocol, error = (ICMP, 3) if is_ipv4 else (ICMPV6, 1)
        if self.chance(0.15):
            between = [self._destination() if is_ipv4 else self._ipv6_destination() for _ in range(2)]
            quoted = Packet(source=between[0], destination=between[1], protocol=UDP, destination_port=80)
            return Packet(protocol=protocol, icmp_type=error, icmp_code=3, quoted=quoted, **fields)
        kinds = (8, 8, 8, 0, 13, 14, 40, 41) if is_ipv4 else (128, 128, 128, 129, 100, 200)
        fields["icmp_type"] = kind = self.random.choice(kinds)
        fields["icmp_code"] = self.random.choice((0, 0, 0, 1))
        identifier = self.random.randint(1, 3) if has_identifier(protocol, kind) else 0
        return Packet(protocol=protocol, source_port=identifier, destination_port=identifier, **fields)

    def _answer(self, entered: str, trace: Trace) -> tuple[Packet, str]:
        """The reply, or an ICMP error about it, from where the packet arrived; sometimes what comes next that way."""
        assert trace.delivered_to is not None
        arrived = trace.packet
        protocol, errors = (ICMP, (3, 11)) if arrived.source.is_ipv4 else (ICMPV6, (1, 2, 3))
        if self.chance(0.25) and arrived.quoted is None:
            error = Packet(
                source=arrived.destination,
                destination=arrived.source,
                protocol=protocol,
                icmp_type=self.random.choice(errors),
                icmp_code=self.random.randint(0, 4),
                quoted=arrived,
            )
            return error, trace.delivered_to
        if arrived.quoted is not None or self.chance(0.1):
            return trace.sent, entered
        if arrived.protocol == protocol and self.chance(0.3):  # no answer, although it has the same identifier
            is_query = has_identifier(protocol, arrived.icmp_type)
            kinds = ((0, 8, 13, 14) if protocol == ICMP else (128, 129)) if is_query else (40,)
            other = replace(arrived.reply(), icmp_type=self.random.choice(kinds), icmp_code=self.random.choice((0, 1)))
            return other, trace.delivered_to
        reply = arrived.reply()
        is_foreign = arrived.protocol in (ICMP, ICMPV6) and arrived.protocol != protocol  # nobody reads its types
        return replace(reply, icmp_type=0) if is_foreign else reply, trace.delivered_to


def _ipv4(interface: NetworkInterface) -> list[Address]:
    """Its addresses, and one of each prefix that is delegated to it; without any, what it asks services from."""
    return [
        *(interface.private_addresses or (interface.ipv4_on_link,)),
        *(prefix.at(3) for prefix in interface.ipv4_prefixes),
    ]


def _ipv6(interface: NetworkInterface) -> list[Address]:
    """The same of IPv6: of each prefix the first one, the last one, and one between."""
    delegated = [prefix.at(place) for prefix in interface.ipv6_prefixes for place in (0, 7, prefix.size - 1)]
    return [*interface.ipv6_addresses, *delegated]
