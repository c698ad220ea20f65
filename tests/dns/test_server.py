"""The resolver on real sockets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count

import dns.asyncquery
import dns.edns
import dns.flags
import dns.message
import dns.rcode
import pytest
from msgspec.structs import replace

from realvpc.dns import server as dns_server
from realvpc.dns.message import LARGEST_QUESTION
from realvpc.dns.server import AROUND, CONNECTIONS, SHARE, Resolver
from realvpc.net.services import identity_of
from realvpc.net.table import Change, put
from realvpc.net.vpc import Vpc
from realvpc.store.state import State
from tests.patience import PATIENCE_SECONDS

from ..loopback import PORT, own_address
from .test_amazon import IP_A
from .test_message import LARGE, question
from .world import changed

ENI = "eni-0123456789abcdef0"
LOOPBACK, SERVER = "127.0.0.1", own_address()
_PORTS = count(PORT)


def network_of(base: State) -> State:
    """``base`` with one interface, which has an id like those of AWS: the identity comes from it."""
    one = replace(base.network.interfaces["eni-a"], id=ENI)
    return base.apply(Change(puts=(one,), deletes=tuple(base.network.interfaces.values())))


class LocalResolver(Resolver):
    """Takes whoever asks over the loopback for the interface."""

    def answer(self, peer: str, wire: bytes, *, over_tcp: bool = False) -> bytes | None:
        assert peer == LOOPBACK
        return super().answer(str(identity_of(ENI)), wire, over_tcp=over_tcp)


@asynccontextmanager
async def resolver(state: State) -> AsyncIterator[int]:
    """Serves on a port of the loopback."""
    port = next(_PORTS)
    tcp = socket.create_server((SERVER, port))
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind((SERVER, port))
    for each in (udp, tcp):
        each.setblocking(False)
    served = network_of(state)
    server = LocalResolver(lambda: served)
    tasks = [asyncio.create_task(serving) for serving in (server.on_udp(udp), server.on_tcp(tcp))]
    yield port
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


def test_udp_and_tcp_give_the_same_answer() -> None:
    async def run() -> None:
        async with resolver(LARGE) as port:
            query = question(IP_A)
            for ask in (dns.asyncquery.udp, dns.asyncquery.tcp):
                answer = await ask(query, SERVER, port=port, timeout=PATIENCE_SECONDS)
                assert [str(record) for record in answer.answer[0]] == ["10.20.0.207"]
            large = question("large.corp.example")
            cut = await dns.asyncquery.udp(large, SERVER, port=port, timeout=PATIENCE_SECONDS)
            assert cut.flags & dns.flags.TC
            whole, used_tcp = await dns.asyncquery.udp_with_fallback(large, SERVER, port=port, timeout=PATIENCE_SECONDS)
            assert used_tcp
            assert len(whole.answer[0]) == 400

    asyncio.run(run())


def test_several_questions_fit_on_one_connection() -> None:
    async def run() -> None:
        async with resolver(LARGE) as port:
            reader, writer = await asyncio.open_connection(SERVER, port)
            wires = [question(name).to_wire() for name in (IP_A, "one.example.com")]
            writer.write(b"".join(len(wire).to_bytes(2, "big") + wire for wire in wires))
            for wire in wires:
                length = int.from_bytes(await reader.readexactly(2), "big")
                assert (await reader.readexactly(length))[:2] == wire[:2]
            writer.write(b"\0\3abc")  # no question: the connection ends
            assert await reader.read() == b""
            writer.close()

    asyncio.run(run())


def test_garbage_and_half_questions_leave_the_server_as_it_was() -> None:
    async def run() -> None:
        async with resolver(LARGE) as port:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
                for wire in (b"", b"\xff" * 40, question(IP_A).to_wire()[:20]):
                    udp.sendto(wire, (SERVER, port))
            _, writer = await asyncio.open_connection(SERVER, port)
            writer.write(b"\xff\xffonly a little")
            writer.close()
            answer = await dns.asyncquery.tcp(question(IP_A), SERVER, port=port, timeout=PATIENCE_SECONDS)
            assert answer.answer

    asyncio.run(run())


def test_one_interface_has_so_many_connections() -> None:
    async def run() -> None:
        async with resolver(LARGE) as port:
            opened = [await asyncio.open_connection(SERVER, port) for _ in range(CONNECTIONS)]
            reader, writer = await asyncio.open_connection(SERVER, port)
            assert await reader.read() == b""
            for _, each in [*opened, (reader, writer)]:
                each.close()

    asyncio.run(run())


@pytest.mark.parametrize("peer", ["10.0.0.0", "127.0.0.1", "192.0.2.1"])
def test_a_stranger_hears_nothing(peer: str) -> None:
    async def run() -> None:
        state = network_of(LARGE)
        assert Resolver(lambda: state).answer(peer, question(IP_A).to_wire()) is None

    asyncio.run(run())


def test_questions_over_a_stream_take_of_the_share_however_cheap_their_answers_are() -> None:
    async def run() -> None:
        state = network_of(LARGE)
        other = replace(state.network.interfaces[ENI], id="eni-0123456789abcdef1")
        state = state.apply(put(other))
        server = Resolver(lambda: state, lambda: 0.0)  # a remembered answer costs next to nothing
        loop = asyncio.get_running_loop()
        stopped = loop.time()
        loop.time = lambda: stopped  # type: ignore[method-assign]
        wire = question(IP_A).to_wire()

        def answers(interface_id: str, times: int, *, over_tcp: bool) -> int:
            peer = str(identity_of(interface_id))
            return sum(server.answer(peer, wire, over_tcp=over_tcp) is not None for _ in range(times))

        most = round(SHARE / AROUND)
        assert answers(ENI, most + 5, over_tcp=True) == pytest.approx(most, abs=1)
        assert answers(ENI, 1, over_tcp=False) == 0
        assert answers(other.id, most + 5, over_tcp=False) == most + 5  # the fabric counts these packets
        stopped += 1
        assert answers(ENI, 1, over_tcp=True) == 1

    asyncio.run(run())


def test_an_interface_takes_a_share_of_the_time_and_leaves_the_rest_to_others() -> None:
    async def run() -> None:
        state = network_of(LARGE)
        other = replace(state.network.interfaces[ENI], id="eni-0123456789abcdef1")
        state = state.apply(put(other))
        ticks = count()  # each question takes a fortieth of a second
        server = Resolver(lambda: state, lambda: next(ticks) / 40)
        loop = asyncio.get_running_loop()
        stopped = loop.time()
        loop.time = lambda: stopped  # type: ignore[method-assign]

        def answers(interface_id: str) -> int:
            wires = (question(f"{number}.corp.example").to_wire() for number in range(40))
            return sum(server.answer(str(identity_of(interface_id)), wire) is not None for wire in wires)

        assert answers(ENI) == pytest.approx(SHARE * 40, abs=1)
        assert server.answer(str(identity_of(other.id)), question("corp.example").to_wire()) is not None
        loop.time = lambda: stopped + 1  # type: ignore[method-assign]
        assert answers(ENI) > 0

    asyncio.run(run())


def test_an_answer_that_is_remembered_is_for_the_vpc_and_the_network_that_it_came_from() -> None:
    async def run() -> None:
        state = network_of(LARGE)
        theirs = replace(state.network.interfaces[ENI], id="eni-0123456789abcdef1", vpc_id="vpc-b")
        states = [state.apply(put(theirs))]
        server = Resolver(lambda: states[-1])

        def ask(interface_id: str) -> str:
            query = question("corp.example")
            wire = server.answer(str(identity_of(interface_id)), query.to_wire())
            assert wire is not None
            answer = dns.message.from_wire(wire)
            assert query.is_response(answer)
            return dns.rcode.to_text(answer.rcode())

        assert [ask(ENI), ask(ENI), ask(theirs.id), ask(ENI)] == ["NOERROR", "NOERROR", "NXDOMAIN", "NOERROR"]
        states.append(changed(states[-1], Vpc, "vpc-a", enable_dns_hostnames=False))
        assert ask(ENI) == "NXDOMAIN"

    asyncio.run(run())


def test_padded_questions_are_answered_and_not_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dns_server, "LONGEST_REMEMBERED", 3000)

    async def run() -> None:
        state = network_of(LARGE)
        server = Resolver(lambda: state)
        query = question(IP_A)
        query.use_edns(options=[dns.edns.GenericOption(dns.edns.OptionType.PADDING, b"x" * 3000)])
        for wire in (query.to_wire(max_size=LARGEST_QUESTION), question(IP_A).to_wire()):
            assert server.answer(str(identity_of(ENI)), wire, over_tcp=True)
        assert len(server._known) == 1

    asyncio.run(run())


def test_who_asks_and_does_not_read_the_answers_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dns_server, "IDLE_SECONDS", 0.2)

    async def run() -> None:
        async with resolver(LARGE) as port:
            with socket.create_connection((SERVER, port)) as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                client.setblocking(False)
                loop = asyncio.get_running_loop()
                wire = question("large.corp.example").to_wire()
                with pytest.raises(ConnectionError):
                    async with asyncio.timeout(PATIENCE_SECONDS):
                        await loop.sock_sendall(client, 900 * (len(wire).to_bytes(2, "big") + wire))
                        while True:
                            await asyncio.sleep(0.05)
                            client.send(b"\0")

    asyncio.run(run())


def test_a_question_that_cannot_be_worked_out_gets_servfail(caplog: pytest.LogCaptureFixture) -> None:
    async def run() -> None:
        state = network_of(LARGE)
        zone = state.names.hosted_zone_for("vpc-a", "corp.example.")
        assert zone
        broken = [row for row in state.names.record_sets_of(zone.id) if row.type == "SOA"]
        state = state.apply(put(*(replace(row, values=("nonsense",)) for row in broken)))
        answer = Resolver(lambda: state).answer(str(identity_of(ENI)), question("corp.example").to_wire())
        assert answer is not None
        assert dns.message.from_wire(answer).rcode() == 2
        assert ENI in caplog.text

    asyncio.run(run())
