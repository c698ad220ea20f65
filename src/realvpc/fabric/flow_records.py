"""What the program has gathered for flow logs: taken out of its maps, a part at a time.

It writes one of two maps, the one of the window that there is; what is in the other one belongs to the window before,
and is taken by whoever asks.  So a window is whole, and nobody gets a part of it twice.
"""

from __future__ import annotations

import time
from collections.abc import Mapping

from realvpc.net.flow_gathering import FLOWS_AT_A_TIME, Gathered, GatheredFlow

from .bpf.constants import ALL_INTERFACES
from .bpf.layout import FLOW_RECORD, FLOW_RECORD_KEY, INDEX_KEY, RECORD_TALLY, RECORD_TALLY_KEY, WINDOW
from .bpf.map import Map

_MAPS = ("even_records", "odd_records")
_PASSING_SECONDS = 0.02  # far more than a packet takes that is under way in the window before
_NANOSECONDS = 1_000_000_000


def take_flows(maps: Mapping[str, Map], *, turn: bool) -> Gathered:
    """A part of the last window; when nothing is left of it and ``turn`` is asked for, the present one becomes it."""
    window = _window(maps)
    taken, is_last = maps[_MAPS[(window + 1) % 2]].take(FLOWS_AT_A_TIME)
    is_turned = turn and is_last and not taken
    if is_turned:
        _forget_tallies(maps, window)
        window = (window + 1) % (1 << 32)
        maps["flow_windows"].update({INDEX_KEY.pack(0): WINDOW.pack(window)})
        time.sleep(_PASSING_SECONDS)
        taken, is_last = maps[_MAPS[(window + 1) % 2]].take(FLOWS_AT_A_TIME)
    booted = time.time_ns() - time.clock_gettime_ns(time.CLOCK_MONOTONIC)
    flows = tuple(_flow(key, value, booted) for key, value in taken.items())
    return Gathered(flows, _forget_tallies(maps, window) if is_last else {}, is_turned, is_last)


def _window(maps: Mapping[str, Map]) -> int:
    number: int = WINDOW.unpack(maps["flow_windows"].get(INDEX_KEY.pack(0)) or bytes(WINDOW.size))["number"]
    return number


def _forget_tallies(maps: Mapping[str, Map], window: int) -> dict[str, int]:
    """Those of other windows: how many packets each interface had no place for."""
    tallies = maps["record_tallies"]
    old = {
        key: (RECORD_TALLY_KEY.unpack(key)["interface"], RECORD_TALLY.unpack(value)["skipped"])
        for key, value in tallies.items().items()
        if RECORD_TALLY_KEY.unpack(key)["window"] != window
    }
    tallies.delete(old)
    return {_id(number): skipped for number, skipped in old.values() if skipped and number != ALL_INTERFACES}


def _id(number: int) -> str:
    """The other way round than ``number_of``."""
    return f"eni-0{number:016x}"


def _flow(key: bytes, value: bytes, booted: int) -> GatheredFlow:
    """``booted`` is when CLOCK_MONOTONIC began, in nanoseconds since 1970."""
    flow, record = FLOW_RECORD_KEY.unpack(key), FLOW_RECORD.unpack(value)
    return GatheredFlow(
        interface_id=_id(flow["interface"]),
        source=flow["source"],
        destination=flow["destination"],
        source_port=flow["source_port"],
        destination_port=flow["destination_port"],
        protocol=flow["protocol"],
        is_egress=bool(flow["is_egress"]),
        is_rejected=bool(flow["is_rejected"]),
        by_block_public_access=bool(flow["by_block_public_access"]),
        packets=record["packets"],
        octets=record["bytes"],
        first=(booted + record["first"]) // _NANOSECONDS,
        last=(booted + record["last"]) // _NANOSECONDS,
        tcp_flags=record["tcp_flags"],
    )
