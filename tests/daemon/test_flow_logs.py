"""What flow logs write of a window: who reads it finds every line, once, in the stream of the interface."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from msgspec.structs import replace

from realvpc.api.service import Service
from realvpc.clock import Clock
from realvpc.daemon import flow_logs
from realvpc.daemon.flow_logs import FlowLogDelivery
from realvpc.net.addresses import Address
from realvpc.net.flow_gathering import Gathered, GatheredFlow
from realvpc.net.flow_line import Window
from realvpc.net.log_group import LogEvent
from realvpc.net.quotas import LOG_GROUPS, LOG_STREAMS
from realvpc.net.table import delete, put
from realvpc.node.answer import NodeLostError
from tests.patience import PATIENCE_SECONDS

from ..api.build import make_subnet, make_vpc, put_instance
from ..api.conftest import MAIN, TOKYO, Client, give_quota, new_service
from ..api.ec2.test_flow_logs import MAY_WRITE, document, make_flow_log, make_role, the_flow_log

ADDRESS, FAR = "10.20.0.5", "10.30.0.7"
NOW = int(datetime.now(UTC).timestamp())
WINDOW = Window(NOW - 60, NOW)


@pytest.fixture
def service() -> Service:
    return new_service(Clock())


@pytest.fixture
def client(service: Service) -> Client:
    return Client(service, MAIN, TOKYO)


@pytest.fixture
def subnet_id(client: Client) -> str:
    return make_subnet(client, make_vpc(client))


def flow(interface_id: str, *, port: int = 80, at: int = 5, rejected: bool = False) -> GatheredFlow:
    return GatheredFlow(
        interface_id=interface_id,
        source=Address.parse(FAR).packed,
        destination=Address.parse(ADDRESS).packed,
        source_port=40000,
        destination_port=port,
        protocol=6,
        is_egress=False,
        is_rejected=rejected,
        by_block_public_access=False,
        packets=2,
        octets=120,
        first=WINDOW.start + at,
        last=WINDOW.start + at + 1,
        tcp_flags=0,
    )


class Node:
    """Tells parts of a window, each once."""

    def __init__(self, *parts: tuple[list[GatheredFlow], dict[str, int]], left: int = 0) -> None:
        """``left`` of the parts are of the window before, which nobody has taken."""
        self.parts = list(parts) or [([], {})]
        self.left = left
        self.asked: list[bool] = []

    async def take(self, *, turn: bool) -> Gathered:
        self.asked.append(turn)
        flows, skipped = self.parts.pop(0)
        is_turned = turn and self.left == 0
        self.left = max(0, self.left - 1)
        return Gathered(tuple(flows), skipped, is_turned=is_turned, is_last=not self.parts)


def deliver(service: Service, node: Node, *, before: Callable[[], None] = lambda: None) -> None:
    async def run() -> None:
        delivery = FlowLogDelivery(service, node.take, lambda: datetime.now(UTC))
        before()
        await delivery.deliver(WINDOW)

    asyncio.run(run())


def test_what_roles_may_is_asked_beside_the_loop(
    client: Client, subnet_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """There may be many flow logs, with roles of long policies: nothing else waits for them."""
    make_flow_log(client, subnet_id, role=make_role(client), ResourceType="Subnet")
    asked_on: list[threading.Thread] = []

    def obstacle(state: object, row: object) -> str:
        asked_on.append(threading.current_thread())
        return "Access error"

    monkeypatch.setattr(flow_logs, "obstacle", obstacle)
    deliver(client.service, Node())
    assert [each is threading.main_thread() for each in asked_on] == [False]


def long_ago(client: Client) -> None:
    """The flow logs were made before the window."""
    older = datetime(2026, 1, 1, tzinfo=UTC)
    rows = client.service.state.network.flow_logs.values()
    client.service.report(lambda ctx: put(*(replace(row, created_at=older) for row in rows)), "test")


def lines(client: Client, group: str = "flows") -> list[tuple[str, str]]:
    """Stream and line, in the order of time."""
    found = client("FilterLogEvents", of="logs", logGroupName=group)["events"]
    return [(row["logStreamName"], row["message"]) for row in found]


def test_a_line_for_each_flow_in_the_stream_of_the_interface(client: Client, subnet_id: str) -> None:
    role, (_, interface_id) = make_role(client), put_instance(client, subnet_id, ADDRESS)
    make_flow_log(client, subnet_id, role=role, ResourceType="Subnet")
    long_ago(client)
    deliver(client.service, Node(([flow(interface_id), flow(interface_id, port=22, at=3, rejected=True)], {})))
    start = WINDOW.start
    assert lines(client) == [
        (
            f"{interface_id}-all",
            f"2 {MAIN} {interface_id} {FAR} {ADDRESS} 40000 22 6 2 120 {start + 3} {start + 4} REJECT OK",
        ),
        (
            f"{interface_id}-all",
            f"2 {MAIN} {interface_id} {FAR} {ADDRESS} 40000 80 6 2 120 {start + 5} {start + 6} ACCEPT OK",
        ),
    ]
    [stream] = client("DescribeLogStreams", of="logs", logGroupName="flows")["logStreams"]
    assert stream["firstEventTimestamp"] == (start + 3) * 1000


@pytest.mark.parametrize(("traffic", "ports"), [("ACCEPT", [80]), ("REJECT", [22]), ("ALL", [22, 80])])
def test_only_the_traffic_that_a_flow_log_asks_for(
    client: Client, subnet_id: str, traffic: str, ports: list[int]
) -> None:
    role, (_, interface_id) = make_role(client), put_instance(client, subnet_id, ADDRESS)
    make_flow_log(client, subnet_id, role=role, ResourceType="Subnet", TrafficType=traffic)
    long_ago(client)
    deliver(client.service, Node(([flow(interface_id), flow(interface_id, port=22, at=3, rejected=True)], {})))
    assert [int(line.split()[6]) for _, line in lines(client)] == ports
    assert {stream for stream, _ in lines(client)} == {f"{interface_id}-{traffic.lower()}"}


def test_silence_and_what_found_no_place_are_said(client: Client, subnet_id: str) -> None:
    role = make_role(client)
    _, silent = put_instance(client, subnet_id, ADDRESS, number=1)
    _, loud = put_instance(client, subnet_id, "10.20.0.9", number=2)
    make_flow_log(client, subnet_id, role=role, ResourceType="Subnet")
    long_ago(client)
    deliver(client.service, Node(([flow(loud)], {loud: 7})))
    rest = f"- - - - - - - {WINDOW.start} {WINDOW.end} -"
    found = lines(client)
    assert (f"{silent}-all", f"2 {MAIN} {silent} {rest} NODATA") in found
    assert (f"{loud}-all", f"2 {MAIN} {loud} {rest} SKIPDATA") in found
    assert len(found) == 3


def test_a_window_comes_in_parts_and_with_what_is_left_of_the_one_before(client: Client, subnet_id: str) -> None:
    role, (_, interface_id) = make_role(client), put_instance(client, subnet_id, ADDRESS)
    make_flow_log(client, subnet_id, role=role, ResourceType="Subnet")
    long_ago(client)
    node = Node(*(([flow(interface_id, port=port)], {}) for port in range(1, 5)), left=2)
    deliver(client.service, node)
    assert sorted(int(line.split()[6]) for _, line in lines(client)) == [1, 2, 3, 4]
    assert node.asked == [True, True, True, False]


def test_an_interface_that_is_gone_meanwhile_has_its_lines(client: Client, subnet_id: str) -> None:
    role, (_, interface_id) = make_role(client), put_instance(client, subnet_id, ADDRESS)
    make_flow_log(client, subnet_id, role=role, ResourceType="Subnet")
    long_ago(client)

    def gone() -> None:
        client.service.report(lambda ctx: delete(ctx.network.interfaces[interface_id]), "test")

    deliver(client.service, Node(([flow(interface_id)], {})), before=gone)
    assert [stream for stream, _ in lines(client)] == [f"{interface_id}-all"]


def test_each_flow_log_has_its_own_and_one_of_the_vpc_covers_the_subnet(client: Client, subnet_id: str) -> None:
    role, (_, interface_id) = make_role(client), put_instance(client, subnet_id, ADDRESS)
    vpc_id = client.service.state.network.subnets[subnet_id].vpc_id
    make_flow_log(client, vpc_id, role=role, LogGroupName="a", LogFormat="${action} ${flow-direction}")
    make_flow_log(client, interface_id, role=role, ResourceType="NetworkInterface", LogGroupName="b")
    long_ago(client)
    deliver(client.service, Node(([flow(interface_id)], {})))
    assert lines(client, "a") == [(f"{interface_id}-all", "ACCEPT ingress")]
    assert len(lines(client, "b")) == 1


def test_one_that_was_made_just_now_says_nothing_of_before(client: Client, subnet_id: str) -> None:
    role, _ = make_role(client), put_instance(client, subnet_id, ADDRESS)
    make_flow_log(client, subnet_id, role=role, ResourceType="Subnet")
    deliver(client.service, Node())
    assert client("DescribeLogGroups", of="logs")["logGroups"] == []


def test_what_is_left_from_before_a_flow_log_is_not_written(client: Client, subnet_id: str) -> None:
    """While there is none nobody takes what was gathered for the last one."""
    role, (_, interface_id) = make_role(client), put_instance(client, subnet_id, ADDRESS)
    make_flow_log(client, subnet_id, role=role, ResourceType="Subnet")
    made = datetime.fromtimestamp(WINDOW.start + 30, UTC)
    [row] = client.service.state.network.flow_logs.values()
    client.service.report(lambda ctx: put(replace(row, created_at=made)), "test")
    deliver(client.service, Node(([flow(interface_id, port=1, at=-3600), flow(interface_id, port=2, at=30)], {})))
    assert [line.split()[6] for _, line in lines(client)] == ["2"]


def test_a_role_that_may_not_any_more_writes_nothing(client: Client, subnet_id: str) -> None:
    role, (_, interface_id) = make_role(client), put_instance(client, subnet_id, ADDRESS)
    make_flow_log(client, subnet_id, role=role, ResourceType="Subnet")
    long_ago(client)
    denied = document({**MAY_WRITE, "Effect": "Deny"})
    client("PutRolePolicy", of="iam", RoleName="flow-logs", PolicyName="write", PolicyDocument=denied)
    deliver(client.service, Node(([flow(interface_id)], {})))
    assert client("DescribeLogGroups", of="logs")["logGroups"] == []


def status(client: Client, flow_log_id: str) -> tuple[str, str | None]:
    row = the_flow_log(client, flow_log_id)
    return row["DeliverLogsStatus"], row.get("DeliverLogsErrorMessage")


LIMITED = ("FAILED", "Rate limited")


def test_lines_for_which_there_is_no_log_group_are_missed_until_there_is(client: Client, subnet_id: str) -> None:
    role, (_, interface_id) = make_role(client), put_instance(client, subnet_id, ADDRESS)
    flow_log_id = make_flow_log(client, subnet_id, role=role, ResourceType="Subnet")
    long_ago(client)
    client("CreateLogGroup", of="logs", logGroupName="another")
    give_quota(client.service, LOG_GROUPS, 1)
    assert status(client, flow_log_id) == ("SUCCESS", None)
    deliver(client.service, Node(([flow(interface_id)], {})))
    assert status(client, flow_log_id) == LIMITED
    revision = client.service.revision
    deliver(client.service, Node(([flow(interface_id)], {})))
    assert (client.service.revision, status(client, flow_log_id)) == (revision, LIMITED), "it is that already"
    give_quota(client.service, LOG_GROUPS, 2)
    deliver(client.service, Node(([flow(interface_id)], {})))
    assert status(client, flow_log_id) == ("SUCCESS", None)
    assert len(lines(client)) == 1


@pytest.mark.parametrize("number_of_kept", [0, 1])
def test_of_two_streams_the_one_that_cannot_be_made_is_missed(
    client: Client, subnet_id: str, number_of_kept: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whichever comes first, and though each is written by itself."""
    monkeypatch.setattr(flow_logs, "_STREAMS_AT_ONCE", 1)
    role = make_role(client)
    ids = sorted(put_instance(client, subnet_id, f"10.20.0.{5 + n}", number=n)[1] for n in range(2))
    flow_log_id = make_flow_log(client, subnet_id, role=role, ResourceType="Subnet")
    long_ago(client)
    kept = f"{ids[number_of_kept]}-all"
    client("CreateLogGroup", of="logs", logGroupName="flows")
    client("CreateLogStream", of="logs", logGroupName="flows", logStreamName=kept)
    give_quota(client.service, LOG_STREAMS, 1)
    both = [flow(each) for each in ids]
    deliver(client.service, Node((both, {})))
    assert status(client, flow_log_id) == LIMITED
    revision = client.service.revision
    deliver(client.service, Node((both, {})))
    assert (client.service.revision, status(client, flow_log_id)) == (revision + 1, LIMITED), "the lines of the one"
    assert [stream for stream, _ in lines(client)] == [kept, kept]
    give_quota(client.service, LOG_STREAMS, 2)
    deliver(client.service, Node((both, {})))
    assert status(client, flow_log_id) == ("SUCCESS", None)
    assert len(lines(client)) == 4


def test_nothing_is_told_of_a_delivery_that_there_was_not(client: Client, subnet_id: str) -> None:
    """What the last one met stays, though the role may not any more, until it may and all is delivered."""
    role, (_, interface_id) = make_role(client), put_instance(client, subnet_id, ADDRESS)
    flow_log_id = make_flow_log(client, subnet_id, role=role, ResourceType="Subnet")
    long_ago(client)
    give_quota(client.service, LOG_GROUPS, 0)
    deliver(client.service, Node(([flow(interface_id)], {})))
    assert status(client, flow_log_id) == LIMITED
    policy = {"RoleName": "flow-logs", "PolicyName": "write"}
    client("PutRolePolicy", of="iam", **policy, PolicyDocument=document({**MAY_WRITE, "Effect": "Deny"}))
    give_quota(client.service, LOG_GROUPS, 1)
    deliver(client.service, Node(([flow(interface_id)], {})))
    assert status(client, flow_log_id) == ("FAILED", "Access error")
    client("PutRolePolicy", of="iam", **policy, PolicyDocument=document(MAY_WRITE))
    assert status(client, flow_log_id) == LIMITED
    deliver(client.service, Node(([flow(interface_id)], {})))
    assert status(client, flow_log_id) == ("SUCCESS", None)


def test_a_flood_is_written_a_bit_at_a_time_and_no_more_than_a_flow_log_may(
    client: Client, subnet_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One interface has no more of it than others."""
    monkeypatch.setattr(flow_logs, "LINES", 40)
    monkeypatch.setattr(flow_logs, "_LINES_AT_ONCE", 10)
    role = make_role(client)
    _, flooded = put_instance(client, subnet_id, ADDRESS, number=1)
    _, other = put_instance(client, subnet_id, "10.20.0.9", number=2)
    make_flow_log(client, subnet_id, role=role, ResourceType="Subnet")
    long_ago(client)
    revision = client.service.revision
    deliver(client.service, Node(([*(flow(flooded, port=port) for port in range(1000)), flow(other)], {})))
    found = lines(client)
    assert len([line for stream, line in found if stream == f"{flooded}-all"]) == 20
    assert [line.split()[-1] for stream, line in found if stream == f"{flooded}-all"].count("SKIPDATA") == 1
    assert [line.split()[-1] for stream, line in found if stream == f"{other}-all"] == ["OK"]
    assert client.service.revision - revision == 3, "each of ten lines at most"


def test_an_account_has_so_many_lines_of_all_its_flow_logs(
    client: Client, subnet_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow_logs, "LINES_OF_ACCOUNT", 3)
    role, (_, interface_id) = make_role(client), put_instance(client, subnet_id, ADDRESS)
    for name in "abcd":
        make_flow_log(client, subnet_id, role=role, ResourceType="Subnet", LogGroupName=name)
    long_ago(client)
    deliver(client.service, Node(([flow(interface_id, port=port) for port in range(2)], {})))
    groups = client("DescribeLogGroups", of="logs")["logGroups"]
    assert sum(len(lines(client, row["logGroupName"])) for row in groups) == 3
    told = [status(client, row["FlowLogId"]) for row in client("DescribeFlowLogs")["FlowLogs"]]
    assert sorted(told, key=str) == [LIMITED, LIMITED, ("SUCCESS", None), ("SUCCESS", None)]
    monkeypatch.setattr(flow_logs, "LINES_OF_ACCOUNT", 100)
    deliver(client.service, Node(([flow(interface_id)], {})))
    assert {status(client, row["FlowLogId"]) for row in client("DescribeFlowLogs")["FlowLogs"]} == {("SUCCESS", None)}


def test_interfaces_that_there_is_no_line_for_are_told_of(
    client: Client, subnet_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(flow_logs, "LINES", 1)
    role = make_role(client)
    found = [put_instance(client, subnet_id, f"10.20.0.{8 + number}", number=number)[1] for number in (1, 2)]
    flow_log_id = make_flow_log(client, subnet_id, role=role, ResourceType="Subnet")
    long_ago(client)
    deliver(client.service, Node(([flow(each) for each in found], {})))
    assert len(lines(client)) == 1
    assert status(client, flow_log_id) == LIMITED


def test_a_node_that_is_away_is_asked_again_with_the_next_minute(
    client: Client, subnet_id: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    role, (_, interface_id) = make_role(client), put_instance(client, subnet_id, ADDRESS)
    make_flow_log(client, subnet_id, role=role, ResourceType="Subnet")
    long_ago(client)
    monkeypatch.setattr(flow_logs, "SECONDS", 1)
    answers: list[Any] = [NodeLostError("away"), Gathered((flow(interface_id),), {}, is_turned=True, is_last=True)]
    done = asyncio.Event()

    async def take(*, turn: bool) -> Gathered:
        if not answers:
            done.set()
            return Gathered((), {}, is_turned=turn, is_last=True)
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        assert isinstance(answer, Gathered)
        return answer

    async def run() -> None:
        task = asyncio.create_task(FlowLogDelivery(client.service, take, lambda: datetime.now(UTC)).run())
        async with asyncio.timeout(PATIENCE_SECONDS):
            await done.wait()
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    asyncio.run(run())
    assert [line.split()[-1] for _, line in lines(client) if line.split()[-1] == "OK"] == ["OK"]


def test_what_is_written_is_what_log_events_are(client: Client, subnet_id: str) -> None:
    """Batches that one after the other fill a stream stay in the order of time."""
    role, (_, interface_id) = make_role(client), put_instance(client, subnet_id, ADDRESS)
    make_flow_log(client, subnet_id, role=role, ResourceType="Subnet")
    long_ago(client)
    deliver(client.service, Node(([flow(interface_id, port=port, at=port % 50) for port in range(1200)], {})))
    logs = client.service.state.logs
    [group] = logs.groups.values()
    events: list[LogEvent] = [event for batch in logs.batches_of(group) for event in batch.events]
    assert len(events) == 1200
    assert [event.timestamp for event in events] == sorted(event.timestamp for event in events)
