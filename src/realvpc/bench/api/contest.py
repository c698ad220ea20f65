"""The contest: every case, with one and with eight connections, in alternating rounds."""

from __future__ import annotations

import contextlib
import statistics
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from msgspec import Struct

from .cases import Case, World, fill
from .load import LoadError, run
from .servers import REALVPC, Server, ServerError, contenders

CONNECTIONS = (1, 8)

__all__ = ["LoadError", "Result", "ServerError", "compete"]


class Result(Struct, frozen=True, kw_only=True):
    """Of one case with so many connections: requests per second of each contender, a figure a round, and RealVPC's
    median against each other's within a round.  ``refused`` counts what each contender failed to do.  ``generator`` is
    the share of the time that the generator itself worked, ``stall`` the longest that RealVPC's loop stood still, in
    milliseconds."""

    case: str
    connections: int
    rates: dict[str, list[float]]
    ratios: dict[str, float]
    refused: dict[str, int]
    generator: float
    stall: float | None


def compete(
    names: tuple[str, ...], cases: tuple[Case, ...], rounds: int, cache: Path, say: Callable[[str], None]
) -> list[Result]:
    """All contenders run all the time; only one is asked at a time.  Raises LoadError, ServerError."""
    with tempfile.TemporaryDirectory(prefix="realvpc-bench-") as work, contextlib.ExitStack() as running:
        servers: list[Server] = []
        for name, start in contenders(names, cache, Path(work), say).items():
            say(f"starting and filling {name}")
            servers.append(running.enter_context(start()))
        worlds = {server.name: fill(server) for server in servers}
        return [
            _contest(case, connections, servers, worlds, rounds, say) for case in cases for connections in CONNECTIONS
        ]


def _contest(
    case: Case,
    connections: int,
    servers: list[Server],
    worlds: dict[str, World],
    rounds: int,
    say: Callable[[str], None],
) -> Result:
    rates: dict[str, list[float]] = {server.name: [] for server in servers}
    refused = {server.name: 0 for server in servers}
    worked = waited = 0.0
    stalls: list[float] = []
    for number in range(-1, rounds):  # a warm-up round is thrown away
        for server in servers if number % 2 else servers[::-1]:
            requests = case.prepare(server, worlds[server.name], case.requests)
            server.stall()
            load = run(server.address, requests, connections)
            stall = server.stall()
            if number < 0:
                continue
            rates[server.name].append(load.rate)
            refused[server.name] += load.refused
            if server.name == REALVPC:
                if load.refused:
                    raise LoadError(f"{case.name} is refused: {load.bodies[-1][:500].decode(errors='replace')}")
                worked, waited = worked + load.generator, waited + load.seconds
                stalls += [stall] if stall is not None else []
    ratios = {
        name: statistics.median(ours / theirs for ours, theirs in zip(rates[REALVPC], rates[name], strict=True))
        for name in rates
        if name != REALVPC and REALVPC in rates
    }
    say(
        f"{case.name}, {connections} connection(s): "
        + ", ".join(f"{n} {statistics.median(r):,.0f}/s" for n, r in rates.items())
    )
    return Result(
        case=case.name,
        connections=connections,
        rates=rates,
        ratios=ratios,
        refused=refused,
        generator=worked / waited if waited else 0.0,
        stall=max(stalls, default=None),
    )


def record(results: list[Result]) -> list[dict[str, Any]]:
    """As data, for ``--json``."""
    return [{name: getattr(row, name) for name in row.__struct_fields__} for row in results]
