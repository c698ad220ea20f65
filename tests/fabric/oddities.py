"""What the law cannot say of a packet, because its packets have no bytes and are alone: sent beside one that it knows.

Wrong bytes and pieces of a packet are dropped before any layer looks at them, or at the first NAT gateway; of the
link-local services nothing is left of the allowance, or of the host's flows only a few are.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import NamedTuple
from unittest.mock import patch

from msgspec.structs import replace

from realvpc.fabric.bpf import layout
from realvpc.fabric.bpf.constants import ALL_INTERFACES, ALL_NAT_GATEWAYS
from realvpc.fabric.bpf.layout import number_of
from realvpc.net import allowances, nat_flow
from realvpc.net.network import Network
from realvpc.net.packet import Packet
from realvpc.net.reasons import Reason
from realvpc.net.security_group import UDP
from realvpc.net.trace import INTERNET, SERVICES, Trace

from .frames import MORE_FRAGMENTS, frame
from .kernel import Kernel
from .program import set_tally

_SHORT, _LONG = b"\x00\x13", b"\xff\xff"  # total length, payload length
_OTHER = b"\x88\xb5"  # an EtherType for experiments
_LATER = 185  # a fragment offset
_NEVER = 40_000  # identifications from here on are no first fragment's


class Odd(NamedTuple):
    """A frame, and what becomes of it: of ``trace`` its reason and its sightings count."""

    data: bytes
    trace: Trace


def odd(random: Random, network: Network, packet: Packet, at: str, trace: Trace) -> Odd | None:
    """Something odd about the packet, the rarest that is to be had."""
    rare = _first_fragment(packet, at, network, trace) or _too_often(packet, at, network, trace)
    return rare or random.choice((_other_protocol, _malformed, _later_fragment))(random, network, packet, at, trace)


def _dropped(trace: Trace, reason: Reason, sightings: int = 0) -> Trace:
    return replace(trace, reason=reason, delivered_to=None, sightings=trace.sightings[:sightings])


def _other_protocol(_: Random, network: Network, packet: Packet, at: str, trace: Trace) -> Odd | None:
    if at not in network.interfaces:
        return None  # of edges none is counted
    data = frame(packet)
    return Odd(data[:12] + _OTHER + data[14:], _dropped(trace, Reason.UNSUPPORTED_PROTOCOL))


def _malformed(random: Random, network: Network, packet: Packet, at: str, trace: Trace) -> Odd | None:
    if at not in network.interfaces and at != INTERNET:
        return None
    data = frame(packet)
    wrong = data[:16] + _SHORT + data[18:] if packet.source.is_ipv4 else data[:18] + _LONG + data[20:]
    return Odd(random.choice((wrong, data[:-4])), _dropped(trace, Reason.MALFORMED_PACKET))


def _later_fragment(random: Random, network: Network, packet: Packet, at: str, trace: Trace) -> Odd | None:
    if not packet.source.is_ipv4 or (at not in network.interfaces and at != INTERNET):
        return None
    data = frame(packet, flags=_LATER, identification=random.randrange(_NEVER, 1 << 16))
    return Odd(data, _dropped(trace, Reason.FRAGMENT_WITHOUT_FIRST))


def _first_fragment(packet: Packet, at: str, network: Network, trace: Trace) -> Odd | None:
    """Of what a NAT gateway would look at, and does not: it carries those of UDP alone."""
    of_nat = [hop for hop in trace.hops if hop.resource.startswith("nat-")]
    if not packet.source.is_ipv4 or packet.quoted is not None or packet.protocol == UDP:
        return None
    is_out = any(hop.rule.startswith("TCP, UDP") and hop.passed for hop in of_nat)
    first_back = next((hop for hop in of_nat if hop.rule.startswith(("destination becomes", "no connection"))), None)
    if (at in network.interfaces and is_out and of_nat[0].rule.startswith("the source is in")) or (
        at == INTERNET and first_back is not None
    ):
        return Odd(frame(packet, flags=MORE_FRAGMENTS), _dropped(trace, Reason.NAT_FRAGMENT, sightings=1))
    return None


def _too_often(packet: Packet, at: str, network: Network, trace: Trace) -> Odd | None:
    is_asking = trace.delivered_to == SERVICES and at in network.interfaces
    return Odd(frame(packet), _dropped(trace, Reason.LINKLOCAL_ALLOWANCE_EXCEEDED)) if is_asking else None


def send(kernel: Kernel, what: Odd, at: str) -> Reason | None:
    """What the program says."""
    if what.trace.reason is not Reason.LINKLOCAL_ALLOWANCE_EXCEEDED:
        return Reason.by_number(kernel.run(what.data, at).reason)
    buckets, key = kernel.loaded.maps["buckets"], layout.ID.pack(number_of(at))
    full = time.clock_gettime_ns(time.CLOCK_MONOTONIC) + 3600 * 10**9
    buckets.update({key: layout.BUCKET.pack(full)})
    run = kernel.run(what.data, at)
    buckets.delete([key])
    return Reason.by_number(run.reason)


@contextmanager
def pressed(kernel: Kernel, flows: int, nat_flows: int) -> Iterator[None]:
    """As on a host that has room for so many flows and connections and no more: for the law by what it is told there
    is, for the program by what others seem to have."""
    set_tally(kernel, ALL_INTERFACES, allowances.FLOWS - flows)
    set_tally(kernel, ALL_NAT_GATEWAYS, nat_flow.FLOWS - nat_flows)
    with patch.object(allowances, "FLOWS", flows), patch.object(nat_flow, "FLOWS", nat_flows):
        yield
