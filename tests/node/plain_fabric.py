"""Network namespaces with addresses and no way between them, and a node process that serves machines in them.

Run as a program: `plain_fabric.py STATE_DIR RUN_DIR`.  The directory `faults` in RUN_DIR makes it fail: see `_fail`.
"""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

from realvpc.fabric import namespace
from realvpc.fabric.audit import Expected
from realvpc.fabric.finding import Finding
from realvpc.fabric.plan import Plan
from realvpc.instance import cgroups, loop
from realvpc.net.flow_gathering import Gathered
from realvpc.net.machine import Forward, LinkSpec
from realvpc.net.services import Listener
from realvpc.node.doorway import Doorway
from realvpc.node.isolation import Isolation
from realvpc.node.process import SOCKET, own_directory
from realvpc.node.server import Node


class PlainFabric:
    """A namespace per machine in `run_dir/ns`, with a veth pair whose both ends are inside."""

    def __init__(self, run_dir: Path) -> None:
        self._namespaces = run_dir / "ns"
        self._log = run_dir / "fabric.log"
        self._faults = run_dir / "faults"

    def open(self) -> None:
        self._namespaces.mkdir(exist_ok=True)

    def ensure_machine(
        self,
        name: str,
        links: tuple[LinkSpec, ...],
        pid: int | None = None,
        forwards: tuple[Forward, ...] | None = None,
    ) -> Path:
        self._fail("ensure_machine")
        path = self._namespaces / name
        is_plain = (self._faults / "user_namespaces").exists()
        if (namespace.create if is_plain else namespace.create_for_guest)(path):
            _run("nsenter", f"--net={path}", "ip", "link", "set", "lo", "up")
            for link in links:
                device = f"eth{link.device_index}"
                _run("nsenter", f"--net={path}", "ip", "link", "add", device, "type", "veth", "peer", "name", "far")
                for command in (
                    ("link", "set", "far", "up"),
                    ("link", "set", device, "address", link.mac_address, "mtu", str(link.mtu), "up"),
                    ("address", "add", f"{link.address}/{link.prefix_length}", "dev", device),
                ):
                    _run("nsenter", f"--net={path}", "ip", *command)
        self._note(f"ensure {name}")
        return path

    def remove_machine(self, name: str) -> None:
        path = self._namespaces / name
        namespace.remove(path)
        self._note(f"remove {name}")

    def machines(self) -> frozenset[str]:
        return frozenset(path.name for path in self._namespaces.iterdir())

    def apply(self, plan: Plan) -> None:
        self._fail("apply")
        self._note("apply")

    def faults(self) -> tuple[str, ...]:
        """The lines of `faults/tables`."""
        path = self._faults / "tables"
        return tuple(path.read_text().splitlines()) if path.exists() else ()

    def apply_delta(self, puts: Plan, deletes: Plan) -> None:
        self._fail("apply_delta")
        self._note("apply_delta")

    def drops(self, interface_id: str) -> dict[str, int]:
        return {"NO_ROUTE": int(interface_id[-1])}

    def take_flows(self, *, turn: bool) -> Gathered:
        return Gathered((), {}, is_turned=turn, is_last=True)

    def counters(self) -> dict[str, int]:
        while (self._faults / "slow_counters").exists():
            time.sleep(0.01)
        return {"NO_ROUTE": 3}

    def socket_in(self, name: str, interface_id: str | None = None, *, is_ipv6: bool = False) -> socket.socket:
        return namespace.run_in(self._namespaces / name, lambda: socket.socket(socket.AF_INET))

    def probe_in(self, name: str) -> socket.socket:
        return namespace.run_in(
            self._namespaces / name, lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP)
        )

    def listeners(self) -> tuple[socket.socket, ...]:
        """On the host's loopback, at ports of the kernel's choice."""
        return tuple(_listener(listener) for listener in Listener)

    def expected(self) -> Expected:
        return Expected(
            machines=frozenset(), visited=frozenset(), namespaces={}, links={}, edges={}, programs={}, maps={}
        )

    def look(self, expected: Expected, processes: Mapping[str, int], *, served: bool) -> tuple[Finding, ...]:
        return ()

    def look_at_table(self, name: str) -> tuple[Finding, ...]:
        return ()

    def next_turn(self) -> None: ...

    def mend(self, finding: Finding, pid: int | None = None) -> bool:
        return False

    def close(self) -> None:
        pass

    def destroy(self) -> None:
        self._fail("destroy")
        for name in self.machines():
            self.remove_machine(name)

    def _note(self, line: str) -> None:
        with self._log.open("a") as file:
            file.write(f"{line}\n")

    def _fail(self, what: str) -> None:
        """Fail as long as `faults/<what>` is there."""
        if (self._faults / what).exists():
            raise OSError(f"{what} is made to fail")


def _listener(listener: Listener) -> socket.socket:
    opened = socket.socket(socket.AF_INET, socket.SOCK_STREAM if listener.protocol == "tcp" else socket.SOCK_DGRAM)
    opened.bind(("127.0.0.1", 0))
    if listener.protocol == "tcp":
        opened.listen()
    return opened


def _run(*command: str) -> None:
    subprocess.run(command, check=True)


async def _serve(state_dir: Path, run_dir: Path) -> None:
    group = f"realvpc/{run_dir.name}"
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    node = Node(PlainFabric(run_dir), state_dir, run_dir, cgroups.probe(group), Isolation(), group, api_uid=65534)
    await node.open()
    await node.serve(Doorway(run_dir / SOCKET, 65534), stop)


if __name__ == "__main__":
    if Path(sys.argv[2], "faults", "volumes").exists():
        loop._CONTROL = Path(sys.argv[2], "faults", "no-loop-control")
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    directories = [Path(argument) for argument in sys.argv[1:3]]
    own_directory(directories[0], 0o700)
    own_directory(directories[1], 0o755)
    asyncio.run(_serve(*directories))
