"""A course for packets, from one namespace to another, and how fast they run it."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from msgspec import Struct

from .contest import Figures

UNITS = {"TCP transactions": "1/s", "TCP throughput": "Gbit/s"}
TOOLS = {"iperf3": "iperf3", "sockperf": "sockperf", "nsenter": "util-linux", "taskset": "util-linux"}
"""Commands that the measurement needs, and the Debian packages that have them."""

TOOLS_IPV6 = {tool: package for tool, package in TOOLS.items() if tool != "sockperf"}

_PORT_STREAM, _PORT_TRANSACTIONS = 5201, 11111
_SENDING_CORE, _RECEIVING_CORE = "0", "1"
_OWN = (sys.executable, "-I", "-S", str(Path(__file__).with_name("transactions.py")))
_LATENCY = re.compile(r"avg-latency=([\d.]+)")


class BenchError(Exception):
    """The measurement cannot be made; the text says why."""


class Course(Struct, frozen=True):
    """From a client's namespace to a server in another one."""

    client: Path
    server: Path
    address: str

    @property
    def is_ipv6(self) -> bool:
        return ":" in self.address


def check_tools(tools: Mapping[str, str] = TOOLS) -> None:
    """``tools`` are commands and the packages that have them.  Raises BenchError."""
    missing = sorted({package for tool, package in tools.items() if shutil.which(tool) is None})
    if missing:
        raise BenchError(f"missing tools: apt-get install {' '.join(missing)}")


def forget(directory: Path) -> None:
    """Remove an empty directory, and the one above it with the last."""
    directory.rmdir()
    with suppress(OSError):  # another course is still in there
        directory.parent.rmdir()


def measure(course: Course, *, seconds: int) -> Figures:
    """Request and answer of one byte on one core, then a stream across two cores."""
    transactions = _transactions_ipv6(course, seconds) if course.is_ipv6 else _transactions(course, seconds)
    output = _run(course, ["iperf3", "-J", "-c", course.address, "-p", str(_PORT_STREAM), "-t", str(seconds)])
    stream = json.loads(output)["end"]["sum_received"]["bits_per_second"]
    return transactions | {"TCP throughput": stream / 1e9}


def _transactions(course: Course, seconds: int) -> Figures:
    port = str(_PORT_TRANSACTIONS)
    output = _run(course, ["sockperf", "pp", "--tcp", "-i", course.address, "-p", port, "-t", str(seconds)])
    latency = _LATENCY.search(output)  # half of a round trip, in microseconds
    if latency is None:
        raise BenchError(f"sockperf told no latency:\n{output}")
    return {"TCP transactions": 1e6 / (2 * float(latency[1]))}


def _transactions_ipv6(course: Course, seconds: int) -> Figures:
    """Not every sockperf speaks IPv6."""
    output = _run(course, [*_OWN, "ask", course.address, str(_PORT_TRANSACTIONS), str(seconds)])
    return {"TCP transactions": float(output)}


@contextmanager
def serving(course: Course) -> Iterator[None]:
    """Both servers, for as long as the course is used."""
    port = str(_PORT_TRANSACTIONS)
    answering = [*_OWN, "serve", port] if course.is_ipv6 else ["sockperf", "sr", "--tcp", "-p", port]
    transactions = ["taskset", "-c", _SENDING_CORE, *answering]
    stream = ["taskset", "-c", _RECEIVING_CORE, "iperf3", "-s", "-p", str(_PORT_STREAM)]
    servers = [
        subprocess.Popen(inside(course.server, words), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for words in (transactions, stream)
    ]
    try:
        time.sleep(0.5)  # until they listen: neither tool says when
        for server in servers:
            if server.poll() is not None:
                raise BenchError(f"{server.args!r} ended at once with exit code {server.returncode}")
        yield
    finally:
        for server in servers:
            server.kill()
            server.wait()


def _run(course: Course, words: list[str]) -> str:
    words = inside(course.client, ["taskset", "-c", _SENDING_CORE, *words])
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise BenchError(f"{' '.join(words)} failed:\n{done.stdout}{done.stderr}")
    return done.stdout


def inside(where: Path, words: list[str]) -> list[str]:
    return ["nsenter", f"--net={where}", *words]
