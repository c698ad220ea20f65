"""What a commit costs the API's loop in networks of growing size, without a node and without a wire.

From a decoded call to the message for the node, encoded: the action, the state, the plan, the machines.  The database,
whose transaction is synced to the disk, is measured apart.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from msgspec import Struct

from realvpc.api.core.call import Call, Caller
from realvpc.api.core.context import Options
from realvpc.api.service import Service
from realvpc.feed import Feed
from realvpc.iam.account import Account
from realvpc.net.addresses import ANY_IPV4, Cidr
from realvpc.net.instance import Instance, InstanceState
from realvpc.net.internet_gateway import InternetGateway
from realvpc.net.network_interface import Attachment, NetworkInterface
from realvpc.net.peering import Peering, PeeringSide, PeeringStatus
from realvpc.net.quotas import QuotaMode
from realvpc.net.resource import Resource
from realvpc.net.route_table import Route, RouteTable, RouteTableAssociation, TableRoute, Target, TargetKind
from realvpc.net.security_group import ALL_PROTOCOLS, SecurityGroup, SecurityGroupRule
from realvpc.net.subnet import Subnet
from realvpc.net.table import put
from realvpc.net.vpc import CidrAssociation, Vpc
from realvpc.node.messages import encode
from realvpc.node_view import NodeView
from realvpc.store.commit import Commit
from realvpc.store.database import Database, Write

SIZES = (100, 1_000, 10_000)
"""Interfaces."""

_PER_VPC, _PER_GROUP = 500, 10  # interfaces
_OWNER: dict[str, Any] = {"account": "111111111111", "region": "ap-northeast-1"}
_NOW = datetime(2026, 11, 28, tzinfo=UTC)


class CommitCost(Struct, frozen=True):
    """Of one action among ``interfaces``: milliseconds (medians, and the longest), and bytes of the message."""

    action: str
    interfaces: int
    action_ms: float  # the action and the state after it
    node_ms: float  # what the node is told, worked out and encoded
    total_ms: float  # both
    longest_ms: float
    database_ms: float  # beside that
    message_bytes: int  # 0: the node is told nothing


def run(sizes: tuple[int, ...], rounds: int, progress: Callable[[str], None]) -> list[CommitCost]:
    """Every action ``rounds`` times among so many interfaces each."""
    costs: list[CommitCost] = []
    for size in sizes:
        with tempfile.TemporaryDirectory() as directory, closing(_Timed(Path(directory) / "state.db")) as database:
            progress(f"{size} interfaces")
            costs += _measure(database, size, rounds)
    return costs


def _measure(database: _Timed, size: int, rounds: int) -> Iterator[CommitCost]:
    feed = _Last()
    service = Service(database, lambda: _NOW, Random(1), Options(quotas=QuotaMode.OFF), feed)  # noqa: S311 - the same requests each time
    service.report(lambda ctx: put(*_rows(size, rounds)), "bench")
    view = NodeView(service.state, service.revision, service.state_id)
    view.whole()
    for action, requests in _requests(rounds).items():
        samples = [_sample(service, database, feed, view, action, request) for request in requests]
        action_ms, node_ms, database_ms, sizes = zip(*samples, strict=True)
        totals = [sum(sample[:2]) for sample in samples]
        yield CommitCost(
            action=action,
            interfaces=size,
            action_ms=statistics.median(action_ms),
            node_ms=statistics.median(node_ms),
            total_ms=statistics.median(totals),
            longest_ms=max(totals),
            database_ms=statistics.median(database_ms),
            message_bytes=round(statistics.median(sizes)),
        )


def _sample(
    service: Service, database: _Timed, feed: _Last, view: NodeView, action: str, request: dict[str, Any]
) -> tuple[float, float, float, int]:
    caller = Caller(
        **_OWNER, arn="arn:aws:iam::111111111111:user/bench", user_id="AIDABENCH", access_key_id="AKIABENCH"
    )
    call = Call("ec2", action, request, caller, "request")
    database.spent = 0.0
    began = time.perf_counter()
    service.handle(call)
    answered = time.perf_counter()
    assert feed.commit is not None, "each of these changes something"
    delta = view.follow(feed.commit)
    message = encode(delta) if delta is not None else b""
    told = time.perf_counter()
    return (answered - began - database.spent) * 1000, (told - answered) * 1000, database.spent * 1000, len(message)


class _Timed(Database):
    """``spent``: seconds in commits."""

    spent = 0.0

    def commit(self, writes: Sequence[Write]) -> None:
        began = time.perf_counter()
        try:
            super().commit(writes)
        finally:
            self.spent += time.perf_counter() - began


class _Last(Feed):
    """Keeps the last commit."""

    commit: Commit | None = None

    def publish(self, event: object) -> None:
        if isinstance(event, Commit):
            self.commit = event


def _requests(rounds: int) -> dict[str, list[dict[str, Any]]]:
    """By action.  All in the first VPC; each request differs from those before it."""
    numbers = range(rounds)
    return {
        "CreateTags": [{"Resources": [_id("i", 7)], "Tags": [{"Key": "Name", "Value": f"n{i}"}]} for i in numbers],
        "CreateRoute": [
            {
                "RouteTableId": _id("rtb", 0),
                "DestinationCidrBlock": f"{Cidr.parse('20.0.0.0/8').subnet(i, 24)}",
                "GatewayId": _id("igw", 0),
            }
            for i in numbers
        ],
        "AuthorizeSecurityGroupIngress": [
            {
                "GroupId": _id("sg", 0),
                "IpPermissions": [
                    {"IpProtocol": "tcp", "FromPort": 1 + i, "ToPort": 1 + i, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
                ],
            }
            for i in numbers
        ],
        "RunInstances": [
            {
                "ImageId": "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
                "InstanceType": "t2.micro",
                "MinCount": 1,
                "MaxCount": 1,
                "SubnetId": _id("subnet", 0),
                "SecurityGroupIds": [_id("sg", 1)],
            }
            for _ in numbers
        ],
        "AcceptVpcPeeringConnection": [{"VpcPeeringConnectionId": _id("pcx", i)} for i in numbers],
    }


def _rows(interfaces: int, peerings: int) -> Iterator[Resource]:
    """Instances in groups of ten.  The first VPC is asked for peerings, and has a route over each."""
    yield Account(id=_OWNER["account"], account=_OWNER["account"], name="bench")
    for place, start in enumerate(range(0, interfaces, _PER_VPC)):
        yield from _vpc(place, Cidr.parse(f"10.{place}.0.0/16"))
        for number in range(start, min(start + _PER_VPC, interfaces)):
            yield from _instance(number, place)
    table = RouteTable(id=_id("rtb", 0), vpc_id=_id("vpc", 0), **_OWNER)
    for number in range(peerings):
        place, block = 1000 + number, Cidr.parse("172.16.0.0/12").subnet(number, 24)
        yield from _vpc(place, block)
        sides = [PeeringSide(vpc_id=_id("vpc", each), **_OWNER) for each in (place, 0)]
        status = PeeringStatus.PENDING_ACCEPTANCE
        requested: dict[str, Any] = {"requester": sides[0], "accepter": sides[1], "status": status}
        yield Peering(id=_id("pcx", number), requested_at=_NOW, **requested, **_OWNER)
        yield TableRoute.of(table, Route(block, Target(TargetKind.PEERING, _id("pcx", number))))


def _vpc(place: int, block: Cidr) -> Iterator[Resource]:
    in_vpc: dict[str, Any] = {"vpc_id": _id("vpc", place), **_OWNER}
    association = CidrAssociation(_id("vpc-cidr-assoc", place), block)
    yield Vpc(id=_id("vpc", place), cidr_associations=(association,), **_OWNER)
    zone: dict[str, Any] = {"zone_name": "ap-northeast-1a", "zone_id": "apne1-az4"}
    yield Subnet(id=_id("subnet", place), cidr=block.subnet(0, max(20, block.prefix_length)), **zone, **in_vpc)
    yield InternetGateway(id=_id("igw", place), **in_vpc)
    table = RouteTable(id=_id("rtb", place), associations=(RouteTableAssociation(_id("rtbassoc", place)),), **in_vpc)
    yield table
    yield TableRoute.of(table, Route(ANY_IPV4, Target(TargetKind.INTERNET_GATEWAY, _id("igw", place))))


def _instance(number: int, place: int) -> Iterator[Resource]:
    group, at = divmod(number, _PER_GROUP)
    in_vpc: dict[str, Any] = {"vpc_id": _id("vpc", place), **_OWNER}
    if at == 0:
        rules = tuple(
            SecurityGroupRule(
                id=_id("sgr", 2 * group + is_egress),
                is_egress=is_egress,
                protocol=ALL_PROTOCOLS,
                from_port=-1,
                to_port=-1,
                peer=ANY_IPV4 if is_egress else Cidr.parse("10.0.0.0/8"),
            )
            for is_egress in (False, True)
        )
        yield SecurityGroup(id=_id("sg", group), name=f"group-{group}", description="bench", rules=rules, **in_vpc)
    yield Instance(
        id=_id("i", number),
        reservation_id=_id("r", number),
        image_id="ami-bench",
        instance_type="t2.micro",
        state=InstanceState.RUNNING,
        launched_at=_NOW,
        **_OWNER,
    )
    yield NetworkInterface(
        id=_id("eni", number),
        subnet_id=_id("subnet", place),
        mac_address="06:" + ":".join(f"{byte:02x}" for byte in number.to_bytes(5, "big")),
        private_addresses=(Cidr.parse(f"10.{place}.0.0/20").at(10 + number % _PER_VPC),),
        group_ids=(_id("sg", group),),
        attachment=Attachment(
            id=_id("eni-attach", number), owner_id=_id("i", number), device_index=0, attached_at=_NOW
        ),
        **in_vpc,
    )


def _id(prefix: str, number: int) -> str:
    return f"{prefix}-0{number:016x}"
