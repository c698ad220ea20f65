"""What flow logs write of a window into an upstream's buckets."""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from realvpc.api.service import Service
from realvpc.clock import Clock
from realvpc.daemon import flow_logs
from realvpc.daemon.flow_logs import FlowLogDelivery
from realvpc.daemon.object_store import ObjectStore, StoreAwayError
from realvpc.net.flow_gathering import Gathered
from realvpc.wire.origin import parse_origin
from tests.patience import PATIENCE_SECONDS

from ..api.build import make_subnet, make_vpc, put_instance
from ..api.conftest import MAIN, TOKYO, Client, new_service
from ..api.ec2.test_flow_logs import make_flow_log, make_role
from .test_flow_logs import ADDRESS, FAR, WINDOW, Node, flow, lines, long_ago


class Buckets(BaseHTTPRequestHandler):
    """An S3 that takes objects of one bucket."""

    taken: ClassVar[list[tuple[str, str, bytes]]] = []

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        is_there = self.path.startswith("/bucket/")
        if is_there:
            self.taken.append((self.path, self.headers["Authorization"], body))
        self.send_response(200 if is_there else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_request(self, code: object = "-", size: object = "-") -> None:
        pass


@pytest.fixture
def s3() -> Iterator[str]:
    """Its URL."""
    Buckets.taken.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Buckets) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def _to_bucket(client: Client, subnet_id: str, bucket: str = "bucket/to", **more: Any) -> str:
    made = client(
        "CreateFlowLogs",
        ResourceType="Subnet",
        ResourceIds=[subnet_id],
        TrafficType="ALL",
        LogDestinationType="s3",
        LogDestination=f"arn:aws:s3:::{bucket}",
        **more,
    )
    flow_log_id: str = made["FlowLogIds"][0]
    return flow_log_id


def _deliver_to(service: Service, url: str | None, *interfaces: str) -> None:
    long_ago(Client(service, MAIN, TOKYO))
    node = Node(([flow(each) for each in interfaces], {}))
    store = ObjectStore(parse_origin(url)) if url else None

    async def run() -> None:
        await FlowLogDelivery(service, node.take, lambda: datetime.now(UTC), store).deliver(WINDOW)

    asyncio.run(run())


@pytest.fixture
def with_s3() -> Client:
    return Client(new_service(Clock(), has_s3=True), MAIN, TOKYO)


def _status(client: Client, flow_log_id: str) -> tuple[str, str | None]:
    (row,) = client("DescribeFlowLogs", FlowLogIds=[flow_log_id])["FlowLogs"]
    return row["DeliverLogsStatus"], row.get("DeliverLogsErrorMessage")


def test_files_go_to_the_upstreams_buckets(with_s3: Client, s3: str) -> None:
    subnet_id = make_subnet(with_s3, make_vpc(with_s3))
    interface_id = with_s3("CreateNetworkInterface", SubnetId=subnet_id)["NetworkInterface"]["NetworkInterfaceId"]
    flow_log_id = _to_bucket(with_s3, subnet_id, LogFormat="${interface-id} ${srcaddr} ${dstport} ${action}")
    _deliver_to(with_s3.service, s3, interface_id)
    ((path, authorization, body),) = Buckets.taken
    assert path.startswith(f"/bucket/to/AWSLogs/{MAIN}/vpcflowlogs/{TOKYO}/")
    assert f"Credential={MAIN}/" in authorization
    text = gzip.decompress(body).decode()
    assert text == f"interface-id srcaddr dstport action\n{interface_id} {FAR} 80 ACCEPT\n"
    assert _status(with_s3, flow_log_id) == ("SUCCESS", None)


def test_a_bucket_that_is_not_there_is_told_until_it_is(with_s3: Client, s3: str) -> None:
    subnet_id = make_subnet(with_s3, make_vpc(with_s3))
    interface_id = with_s3("CreateNetworkInterface", SubnetId=subnet_id)["NetworkInterface"]["NetworkInterfaceId"]
    flow_log_id = _to_bucket(with_s3, subnet_id, "elsewhere")
    _deliver_to(with_s3.service, s3, interface_id)
    assert _status(with_s3, flow_log_id) == ("FAILED", "Access error")
    _deliver_to(with_s3.service, None, interface_id)
    assert _status(with_s3, flow_log_id)[1] == "Unknown error: there is no Amazon S3 here to deliver to"
    revision = with_s3.service.revision
    _deliver_to(with_s3.service, None, interface_id)
    assert with_s3.service.revision == revision + 1, "the test's own change"


@pytest.fixture
def closed_port() -> Iterator[int]:
    """Nobody listens there, and nobody else can."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def test_an_upstream_that_is_away_is_asked_once_in_a_window(
    with_s3: Client, closed_port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    subnet_id = make_subnet(with_s3, make_vpc(with_s3))
    interface_id = with_s3("CreateNetworkInterface", SubnetId=subnet_id)["NetworkInterface"]["NetworkInterfaceId"]
    ids = [_to_bucket(with_s3, subnet_id, f"bucket/{number}") for number in range(2)]
    asked: list[str] = []
    put = ObjectStore.put

    async def counted(self: ObjectStore, *args: Any) -> int:
        asked.append(args[3])
        return await put(self, *args)

    monkeypatch.setattr(ObjectStore, "put", counted)
    _deliver_to(with_s3.service, f"http://127.0.0.1:{closed_port}", interface_id)
    assert len(asked) == 1
    assert [_status(with_s3, each)[0] for each in ids] == ["FAILED", "FAILED"]


async def _hang_up(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.close()


async def _say_nonsense(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 smtp.example.com\r\n")
    writer.close()


@pytest.mark.parametrize("scheme", ["http", "https"])
@pytest.mark.parametrize("conduct", [None, _hang_up, _say_nonsense])
def test_whatever_an_upstream_does_that_is_no_answer_it_is_away(
    closed_port: int, conduct: Callable[..., Any] | None, scheme: str
) -> None:
    async def put() -> None:
        server = await asyncio.start_server(conduct, "127.0.0.1", 0) if conduct else None
        port = server.sockets[0].getsockname()[1] if server else closed_port
        store = ObjectStore(parse_origin(f"{scheme}://127.0.0.1:{port}"))
        with pytest.raises(StoreAwayError):
            await store.put(MAIN, TOKYO, "bucket", "key", b"content")
        if server:
            server.close()

    asyncio.run(put())


def test_nor_is_one_whose_name_nobody_knows() -> None:
    with pytest.raises(StoreAwayError):
        asyncio.run(ObjectStore(parse_origin("http://s3.invalid:4567")).put(MAIN, TOKYO, "bucket", "key", b"content"))


async def _take(*, turn: bool) -> Gathered:
    """Of a node that has gathered nothing: there is a line that says so."""
    return Gathered((), {}, is_turned=turn, is_last=True)


class Slow(ObjectStore):
    """Takes everything, by and by."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self.keys: list[str] = []
        self.before: Callable[[], None] = lambda: None

    async def put(self, account: str, region: str, bucket: str, key: str, content: bytes, seconds: float = 0) -> int:
        self.before()
        self.keys.append(key)
        await asyncio.sleep(self._seconds)
        return 200


def _windows(service: Service, store: ObjectStore) -> Callable[[], None]:
    """Delivers one after the other."""
    long_ago(Client(service, MAIN, TOKYO))
    delivery = FlowLogDelivery(service, _take, lambda: datetime.now(UTC), store)
    return lambda: asyncio.run(delivery.deliver(WINDOW))


def test_log_groups_do_not_wait_for_buckets(with_s3: Client) -> None:
    subnet_id = make_subnet(with_s3, make_vpc(with_s3))
    put_instance(with_s3, subnet_id, ADDRESS)
    of_group = make_flow_log(with_s3, subnet_id, role=make_role(with_s3), ResourceType="Subnet")
    ids = [_to_bucket(with_s3, subnet_id, f"bucket/{number}") for number in range(8)]
    for number in range(8, 100):
        if min(ids) < of_group:
            break
        ids.append(_to_bucket(with_s3, subnet_id, f"bucket/{number}"))
    store, found = Slow(0), list[int]()
    store.before = lambda: found.append(len(lines(with_s3)))
    _windows(with_s3.service, store)()
    assert found == [1] * len(ids)


def test_a_slow_upstream_has_so_much_of_a_window_and_nobodys_turn_never_comes(
    with_s3: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow_logs, "_STORE_SECONDS", 0.15)
    subnet_id = make_subnet(with_s3, make_vpc(with_s3))
    put_instance(with_s3, subnet_id, ADDRESS)
    ids = [_to_bucket(with_s3, subnet_id, f"bucket/{number}") for number in range(5)]
    store = Slow(0.1)
    deliver = _windows(with_s3.service, store)
    for window in range(1, 6):
        deliver()
        assert window <= len(store.keys) <= 2 * window
    assert {each for each in ids if any(each in key for key in store.keys)} == set(ids)


async def _say_wait(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while True:
            writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
            await writer.drain()
            await asyncio.sleep(0.1)
    writer.close()


async def _drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(OSError):
        while True:
            writer.write(b"H")
            await writer.drain()
            await asyncio.sleep(0.1)
    writer.close()


@pytest.mark.parametrize("conduct", [_say_wait, _drip])
def test_an_upstream_that_goes_on_saying_nothing_is_given_up(conduct: Callable[..., Any]) -> None:
    async def put() -> None:
        server = await asyncio.start_server(conduct, "127.0.0.1", 0)
        store = ObjectStore(parse_origin(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"))
        with pytest.raises(StoreAwayError):
            async with asyncio.timeout(PATIENCE_SECONDS):
                await store.put(MAIN, TOKYO, "bucket", "key", b"content", 0.3)
        server.close()

    asyncio.run(put())


def test_an_answer_without_an_end_is_not_read() -> None:
    async def endless(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        with contextlib.suppress(OSError):
            while True:
                writer.write(b"1\r\nx\r\n")
                await writer.drain()
                await asyncio.sleep(0.1)
        writer.close()

    async def put() -> int:
        server = await asyncio.start_server(endless, "127.0.0.1", 0)
        store = ObjectStore(parse_origin(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"))
        async with asyncio.timeout(PATIENCE_SECONDS):
            status = await store.put(MAIN, TOKYO, "bucket", "key", b"content")
        server.close()
        return status

    assert asyncio.run(put()) == 200


def test_no_parquet_is_written(with_s3: Client, s3: str) -> None:
    subnet_id = make_subnet(with_s3, make_vpc(with_s3))
    flow_log_id = _to_bucket(with_s3, subnet_id, DestinationOptions={
        "FileFormat": "parquet", "HiveCompatiblePartitions": False, "PerHourPartition": False
    })  # fmt: skip
    _deliver_to(with_s3.service, s3)
    assert Buckets.taken == []
    assert _status(with_s3, flow_log_id)[1] == "Unknown error: files are written as plain text here, and not as Parquet"
