"""Pings from inside an instance, and what their output says."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from msgspec import Struct

REALVPC = str(Path(sys.executable).parent / "realvpc")
"""This installation's own command."""

_COUNTS = re.compile(r"(\d+) packets transmitted, (\d+) received")
_TTL = re.compile(r"ttl=(\d+)")


class Ping(Struct, frozen=True):
    """One run of ``ping``; ``ttl`` is that of the first answer, ``output`` all that it printed."""

    command: str
    output: str
    sent: int
    received: int
    ttl: int | None

    @property
    def loss_percent(self) -> float:
        return 100.0 * (self.sent - self.received) / self.sent


class PingError(Exception):
    """``ping`` could not even be run; the text is what it said."""


def ping(state_dir: Path, instance_id: str, address: str, *, count: int = 4) -> Ping:
    """Ping ``address`` from the instance: ``count`` echo requests, a fifth of a second apart.  Raises PingError."""
    words = ["ping", "-c", str(count), "-i", "0.2", "-W", "1", address]
    done = subprocess.run(
        [REALVPC, "exec", "--state", str(state_dir), "--user", "ssm-user", instance_id, "--", *words],
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
    )  # fmt: skip
    return read(" ".join(words), done.stdout, done.stderr)


def read(command: str, output: str, errors: str = "") -> Ping:
    """Make sense of what ``ping`` printed (iputils).  Raises PingError when it did not get as far as counting."""
    counts = _COUNTS.search(output)
    if counts is None:
        raise PingError((errors or output).strip().removeprefix("realvpc: ") or f"{command} printed nothing")
    ttl = _TTL.search(output)
    return Ping(command, output.strip(), int(counts[1]), int(counts[2]), int(ttl[1]) if ttl else None)
