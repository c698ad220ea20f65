"""The services that every interface reaches, asked with real packets from namespaces that know nothing of them."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from threading import Thread

import pytest
from msgspec.structs import replace

from realvpc.fabric import namespace
from realvpc.fabric.fabric import Fabric
from realvpc.fabric.plan import compile_plan
from realvpc.net.addresses import Address
from realvpc.net.network import Network
from realvpc.net.services import (
    ENDPOINT,
    IPV6_METADATA,
    IPV6_RESOLVER,
    METADATA,
    RESOLVER,
    Listener,
    identity_of,
    ipv6_identity_of,
)
from realvpc.net.table import put
from realvpc.net.trace import INTERNET, SERVICES
from tests.patience import PATIENCE_SECONDS
from tests.running import eventually

from .hosts import Rule, bring_up, host, inside, number, ping_in_vain, vpc
from .test_fabric import counted, either_way

pytestmark = pytest.mark.root

SAME = "10.20.0.7"
CLOSED: tuple[Rule, ...] = ()  # security groups that admit nothing
A, B = number("i", 1), number("i", 2)
BRIEFLY = 0.5  # seconds, where nothing is to come
VPC_RESOLVER = "10.20.0.2"


def two_of_the_same() -> Network:
    """Two VPCs with the same block, the same addresses in them, and closed security groups."""
    vpcs = [*vpc(1, "10.20.0.0/16", rules=CLOSED), *vpc(2, "10.20.0.0/16", rules=CLOSED)]
    return Network.of(*vpcs, *host(1, 1, SAME, public="198.18.0.10"), *host(2, 2, SAME))


@contextmanager
def served(fabric: Fabric) -> Iterator[None]:
    """Every service tells who asks it, over UDP and TCP."""
    sockets = dict(zip(Listener, fabric.listeners(), strict=True))
    with ExitStack() as stack:
        for listener, opened in sockets.items():
            stack.enter_context(closing(opened))
            stack.callback(_wake, opened)
            Thread(target=_tell_tcp if listener.protocol == "tcp" else _tell_udp, args=(opened,), daemon=True).start()
        yield


def _wake(opened: socket.socket) -> None:
    with suppress(OSError):  # it has no peer, and who waits for one goes on nevertheless
        opened.shutdown(socket.SHUT_RDWR)


def _tell_tcp(listening: socket.socket) -> None:
    while True:
        try:
            connection, who = listening.accept()
        except OSError:
            return
        with connection:
            connection.sendall(who[0].encode())


def _tell_udp(bound: socket.socket) -> None:
    while True:
        try:
            _, client = bound.recvfrom(100)
        except OSError:
            return
        if client is None:  # it was shut down
            return
        bound.sendto(client[0].encode(), client)


def asked(
    fabric: Fabric,
    machine: str,
    to: str,
    port: int,
    protocol: str,
    source: str = "",
    *,
    patience: float = PATIENCE_SECONDS,
) -> str:
    """What the service says to the machine: by which address it knows it; empty when nobody answers."""

    def ask() -> str:
        kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
        with socket.socket(socket.AF_INET6 if ":" in to else socket.AF_INET, kind) as client:
            client.settimeout(patience)
            try:
                if source:
                    client.bind((source, 0))
                client.connect((to, port))
                if protocol == "udp":
                    client.send(b"?")
                return client.recv(100).decode()
            except OSError:
                return ""

    return namespace.run_in(fabric.namespace(machine), ask)


def unanswered(fabric: Fabric, machine: str, to: str, port: int, protocol: str, source: str = "") -> bool:
    return asked(fabric, machine, to, port, protocol, source, patience=BRIEFLY) == ""


@either_way
def test_each_interface_is_known_by_itself_although_its_address_is_not_unique(fabric: Fabric) -> None:
    bring_up(fabric, two_of_the_same())
    with served(fabric):
        for index, machine in ((1, A), (2, B)):
            interface = number("eni", index)
            assert asked(fabric, machine, str(METADATA), 80, "tcp") == str(identity_of(interface))
            for protocol in ("tcp", "udp"):
                assert asked(fabric, machine, str(RESOLVER), 53, protocol) == str(identity_of(interface))
                vpcs = str(identity_of(interface, of_vpc_address=True))
                assert asked(fabric, machine, VPC_RESOLVER, 53, protocol) == vpcs


IPV6, MORE_IPV6 = "2001:db8:1::7", "2001:db8:1::cafe:9"


def dual_stack() -> Network:
    """As above; A has two IPv6 addresses and wants its metadata over IPv6, B has one and does not."""
    vpcs = [
        *vpc(1, "10.20.0.0/16", ipv6="2001:db8:1::/56", rules=CLOSED),
        *vpc(2, "10.20.0.0/16", ipv6="2001:db8:2::/56", rules=CLOSED),
    ]
    network = Network.of(*vpcs, *host(1, 1, SAME, ipv6=IPV6), *host(2, 2, SAME, ipv6="2001:db8:2::7"))
    a, b, row = network.instances[A], network.instances[B], network.interfaces[number("eni", 1)]
    options = replace(a.metadata_options, http_protocol_ipv6="enabled")
    return network.apply(
        put(
            replace(a, instance_type="t3.micro", metadata_options=options),
            replace(b, instance_type="t3.micro"),
            replace(row, ipv6_addresses=(*row.ipv6_addresses, Address.parse(MORE_IPV6))),
        )
    )


@either_way
def test_over_ipv6_an_interface_is_known_by_itself_and_may_ask_from_each_of_its_addresses(fabric: Fabric) -> None:
    bring_up(fabric, dual_stack())
    with served(fabric):
        for source in (IPV6, MORE_IPV6):
            name = str(ipv6_identity_of(number("eni", 1), Address.parse(source)))
            assert asked(fabric, A, str(IPV6_METADATA), 80, "tcp", source) == name
            for protocol in ("tcp", "udp"):
                assert asked(fabric, A, str(IPV6_RESOLVER), 53, protocol, source) == name
        assert asked(fabric, A, str(METADATA), 80, "tcp") == str(identity_of(number("eni", 1))), "of IPv4 as before"


def test_metadata_over_ipv6_has_to_be_wanted_and_the_resolver_has_not(fabric: Fabric) -> None:
    bring_up(fabric, dual_stack())
    with served(fabric):
        assert unanswered(fabric, B, str(IPV6_METADATA), 80, "tcp")
        assert fabric.counters()["SERVICE_NOT_OVER_IPV6"] > 0
        for protocol in ("tcp", "udp"):
            assert asked(fabric, B, str(IPV6_RESOLVER), 53, protocol) != ""


def test_an_older_instance_type_reaches_neither_over_ipv6(fabric: Fabric) -> None:
    network = dual_stack()
    bring_up(fabric, network)
    fabric.apply(compile_plan(network.apply(put(replace(network.instances[A], instance_type="t2.micro")))))
    with served(fabric):
        assert unanswered(fabric, A, str(IPV6_METADATA), 80, "tcp")
        assert unanswered(fabric, A, str(IPV6_RESOLVER), 53, "udp")


def test_nobody_asks_in_anothers_name_over_ipv6(fabric: Fabric) -> None:
    bring_up(fabric, dual_stack())
    foreign = inside(fabric, A, "ip", "address", "add", "2001:db8:1::99/128", "dev", "eth0", "nodad")
    subprocess.run(foreign, check=True)
    with served(fabric):

        def is_refused() -> bool:  # once its kernel takes the address for its own, and has found the router
            assert unanswered(fabric, A, str(IPV6_METADATA), 80, "tcp", "2001:db8:1::99")
            return fabric.counters()["SOURCE_CHECK"] > 0

        eventually(is_refused, what="that a packet is refused")


def test_namespaces_of_services_forward_nothing_and_soon_forget_whoever_falls_silent(
    fabric: Fabric, tmp_path: Path
) -> None:
    """Whatever the host does; whose own settings stay as they are."""
    bring_up(fabric, two_of_the_same())
    settings = [Path("/proc/sys/net/ipv4", name) for name in ("ip_forward", "tcp_orphan_retries")]

    def values() -> list[str]:
        return [setting.read_text().strip() for setting in settings]

    before = values()
    for name in (INTERNET, SERVICES):
        assert namespace.run_in(tmp_path / "fabric" / "ns" / name, values) == ["0", "2"]
    assert values() == before


def test_only_what_is_served_is_reached(fabric: Fabric) -> None:
    bring_up(fabric, two_of_the_same())

    def nobody(to: str, port: int, protocol: str) -> Callable[[], None]:
        def ask() -> None:
            assert unanswered(fabric, A, to, port, protocol)

        return ask

    with served(fabric):
        for to, port, protocol in ((str(METADATA), 81, "tcp"), (str(METADATA), 80, "udp"), (VPC_RESOLVER, 80, "tcp")):
            assert counted(fabric, nobody(to, port, protocol)).keys() == {"NOT_SERVED"}
        assert counted(fabric, lambda: ping_in_vain(fabric, A, str(RESOLVER))) == {"NOT_SERVED": 3}
        assert counted(fabric, nobody("169.254.169.1", 80, "tcp")).keys() == {"NOT_UNICAST"}


def test_without_dns_support_the_resolver_is_silent_and_metadata_is_not(fabric: Fabric) -> None:
    network = two_of_the_same()
    off = replace(network.vpcs[number("vpc", 1)], enable_dns_support=False)
    bring_up(fabric, network)
    fabric.apply(compile_plan(network.apply(put(off))))
    with served(fabric):
        assert unanswered(fabric, A, VPC_RESOLVER, 53, "udp")
        assert unanswered(fabric, A, str(RESOLVER), 53, "udp")
        assert fabric.counters()["DNS_SUPPORT_DISABLED"] == 2
        assert asked(fabric, A, str(METADATA), 80, "tcp") == str(identity_of(number("eni", 1)))
        assert asked(fabric, B, VPC_RESOLVER, 53, "udp") != ""


def test_the_endpoint_is_reached_as_the_internet_is(fabric: Fabric) -> None:
    open_out = (Rule(is_egress=True),)
    network = Network.of(
        *vpc(1, "10.20.0.0/16", rules=open_out), *host(1, 1, SAME, public="198.18.0.10"), *host(2, 1, "10.20.0.8")
    )
    bring_up(fabric, network)
    with served(fabric):
        assert asked(fabric, A, str(ENDPOINT), 80, "tcp") == "198.18.0.10"
        assert unanswered(fabric, B, str(ENDPOINT), 80, "tcp"), "it has no public address"


FLOOD = """
import socket, sys
s = socket.socket(type=socket.SOCK_DGRAM); s.connect((sys.argv[1], 53)); question = bytes(8000)
print("ready", flush=True)
while True:
    s.send(question)
"""


def test_the_questions_of_one_machine_are_answered_while_another_floods_the_resolver(fabric: Fabric) -> None:
    bring_up(fabric, two_of_the_same())
    flood = inside(fabric, A, sys.executable, "-c", FLOOD, str(RESOLVER))
    with served(fabric), subprocess.Popen(flood, stdout=subprocess.PIPE) as flooding:
        try:
            assert flooding.stdout is not None
            assert flooding.stdout.readline() == b"ready\n"
            answers = [asked(fabric, B, str(RESOLVER), 53, "udp") for _ in range(200)]
        finally:
            flooding.kill()
    assert answers == [str(identity_of(number("eni", 2)))] * 200
    assert fabric.counters()["LINKLOCAL_ALLOWANCE_EXCEEDED"] > 0


def test_a_machine_has_a_socket_opened_in_its_own_namespace(fabric: Fabric) -> None:
    bring_up(fabric, two_of_the_same())
    with closing(fabric.socket_in(B)) as client, served(fabric):
        client.settimeout(PATIENCE_SECONDS)
        client.connect((str(METADATA), 80))
        assert client.recv(100).decode() == str(identity_of(number("eni", 2)))
