"""A balancer between VPCs whose addresses are all the same, and those who talk through it."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from msgspec.structs import replace

from realvpc.fabric import namespace
from realvpc.fabric.fabric import Fabric
from realvpc.fabric.plan import compile_plan
from realvpc.net.machine import Forward, LinkSpec, Target
from realvpc.net.network import Network
from tests.patience import PATIENCE_SECONDS

from .hosts import ALL_IN, ALL_OUT, host, link_spec, number, vpc

PORT, AT_TARGETS = 80, 8080
FIRST, SECOND = number("i", 1), number("i", 2)  # targets
NEAR, ONE, OTHER, TWIN = (number("i", index) for index in (3, 4, 5, 6))  # clients: in the provider's VPC, and elsewhere
BALANCER = number("nlb", 1)
OWN, OF_ONE, OF_OTHER = (number("eni", index) for index in (11, 12, 13))  # the balancer's interfaces
OWN_ADDRESS, ENDPOINT = "10.0.0.4", "10.0.0.8"
OWN_IPV6, ENDPOINT_IPV6 = "2001:db8:0:100::11", "2001:db8:0:200::12"
TARGETS = {FIRST: ("10.0.0.5", "2001:db8:0:100::1"), SECOND: ("10.0.0.8", "2001:db8:0:100::2")}
ARRIVALS = {
    OWN: (OWN_ADDRESS, OWN_IPV6),
    OF_ONE: (ENDPOINT, ENDPOINT_IPV6),
    OF_OTHER: (ENDPOINT, "2001:db8:0:300::13"),
}
BRIEFLY = 0.3  # seconds in which an answer would have come


def network() -> Network:
    """Three VPCs 10.0.0.0/16: the provider's, with the targets, and two of clients, where ENDPOINT is the balancer.

    Addresses are the same wherever they can be: a client's is a target's or the balancer's own, an endpoint's is a
    target's.
    """
    blocks = {index: f"2001:db8:0:{index}00::" for index in (1, 2, 3)}
    rows = [
        row
        for index, block in blocks.items()
        for row in vpc(index, "10.0.0.0/16", ipv6=f"{block}/56", rules=(ALL_IN, ALL_OUT))
    ]
    for index, vpc_index, address in (
        (1, 1, TARGETS[FIRST][0]),
        (2, 1, TARGETS[SECOND][0]),
        (3, 1, "10.0.0.7"),
        (4, 2, "10.0.0.5"),
        (5, 3, OWN_ADDRESS),
        (6, 3, "10.0.0.5"),
        (11, 1, OWN_ADDRESS),
        (12, 2, ENDPOINT),
        (13, 3, ENDPOINT),
    ):
        rows += host(index, vpc_index, address, ipv6=f"{blocks[vpc_index]}{index}")
    return Network.of(*rows)


def links(network: Network) -> tuple[LinkSpec, ...]:
    """Of the balancer."""
    rows = (network.interfaces[name] for name in ARRIVALS)
    return tuple(replace(link_spec(network, row), device_index=at) for at, row in enumerate(rows))


def bring_up(fabric: Fabric) -> None:
    """Targets and clients, without the balancer."""
    world = network()
    for name in (*TARGETS, NEAR, ONE, OTHER, TWIN):
        fabric.ensure_machine(name, (link_spec(world, world.interfaces[name.replace("i-", "eni-")]),))
    fabric.apply(compile_plan(world))


def forwards(*targets: str, protocol: Literal["tcp", "udp"] = "tcp", is_ipv6: bool = False) -> tuple[Forward, ...]:
    """What comes by any of its links for PORT goes on to these machines."""
    return tuple(
        Forward(
            protocol=protocol,
            interface_id=interface_id,
            address=addresses[is_ipv6],
            port=PORT,
            source_interface_id=OWN,
            source=ARRIVALS[OWN][is_ipv6],
            targets=tuple(Target(TARGETS[name][is_ipv6], AT_TARGETS) for name in targets),
        )
        for interface_id, addresses in ARRIVALS.items()
    )


def opened(place: Path, kind: socket.SocketKind = socket.SOCK_STREAM, *, is_ipv6: bool = False) -> socket.socket:
    family = socket.AF_INET6 if is_ipv6 else socket.AF_INET
    made = namespace.run_in(place, lambda: socket.socket(family, kind))
    made.settimeout(PATIENCE_SECONDS)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    return made


@contextlib.contextmanager
def serving(name: str, place: Path) -> Iterator[list[socket.socket]]:
    """Whoever asks at AT_TARGETS, by TCP or UDP, hears the machine's id, from where it was asked, and what was said.

    Yields the connections that there are, and have been.
    """
    accepted: list[socket.socket] = []
    stream, datagram = (opened(place, kind, is_ipv6=True) for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM))
    for each in (stream, datagram):
        each.settimeout(None)
        each.bind(("::", AT_TARGETS))
    stream.listen(512)

    def answer(said: bytes, peer: tuple[str, int]) -> bytes:
        return b" ".join((name.encode(), peer[0].removeprefix("::ffff:").encode(), said))

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, peer = stream.accept()
                accepted.append(connection)
                threading.Thread(target=talk, args=(connection, peer), daemon=True).start()

    def talk(connection: socket.socket, peer: tuple[str, int]) -> None:
        with connection, contextlib.suppress(OSError):
            while said := connection.recv(1 << 12):
                connection.sendall(answer(said, peer))

    def receive() -> None:
        with contextlib.suppress(OSError):
            while (received := datagram.recvfrom(1 << 16))[1]:  # nobody, once it is shut down
                datagram.sendto(answer(*received), received[1])

    threads = [threading.Thread(target=each) for each in (accept, receive)]
    for thread in threads:
        thread.start()
    try:
        yield accepted
    finally:
        for each in (stream, datagram):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()
        for thread in threads:
            thread.join()


class Connection:
    """A client's, which closes by reset: its port is free at once."""

    def __init__(
        self, place: Path, address: str = ENDPOINT, *, port: int = PORT, source: tuple[str, int] | None = None
    ) -> None:
        self.socket = opened(place, is_ipv6=":" in address)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        try:
            if source:
                self.socket.bind(source)
            self.socket.connect((address, port))
        except BaseException:
            self.socket.close()
            raise

    def ask(self, said: str = "hello") -> tuple[str, str, str]:
        """Which machine answers, from where it was asked, and what it heard."""
        self.socket.sendall(said.encode())
        name, peer, heard = self.socket.recv(1 << 12).decode().split(" ")
        return name, peer, heard

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()


def asked(place: Path, address: str = ENDPOINT) -> str:
    """Which machine answers a new connection."""
    with Connection(place, address) as connection:
        return connection.ask()[0]


def is_silent(place: Path, address: str, port: int) -> bool:
    """Whether nothing at all comes back for a connection."""
    with opened(place, is_ipv6=":" in address) as caller:
        caller.settimeout(BRIEFLY)
        try:
            caller.connect((address, port))
        except TimeoutError:
            return True
        except OSError:
            pass
        return False


def balance(fabric: Fabric, given: tuple[Forward, ...]) -> None:
    """Let the balancer forward this, by all its links."""
    fabric.ensure_machine(BALANCER, links(network()), forwards=given)
