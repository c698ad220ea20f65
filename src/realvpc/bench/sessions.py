"""How long a key takes to its echo while many other sessions stream, on a running service.

The streams' clients are a process of their own, so that the ones that type do not wait for them.
"""

from __future__ import annotations

import asyncio
import json
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

from msgspec import Struct

from realvpc.client.aws import Aws
from realvpc.client.teardown import delete_vpc
from realvpc.client.wizard import create_vpc, plan_subnets
from realvpc.net.addresses import Cidr

from .session_client import BenchClient

_CIDR = Cidr.parse("10.251.0.0/16")
_AMI = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
_NAME = "realvpc-bench-sessions"
_POLICY = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": "ec2.amazonaws.com"}}],
}

RATE = 1_000_000  # bytes a second that each stream is given
_TICK = 0.1  # seconds
_BETWEEN_KEYS = 0.05  # seconds
_TYPISTS = 4
_SETTLING = 3.0  # seconds before anything is counted
_GIVE_UP = 60.0

# Lines of 99 characters and a newline, as much as is due at each tick; perl is on every Debian.
_STREAM = (
    "stty -opost; exec perl -MTime::HiRes=time,sleep -e "
    f'\'$|=1; $b=("x" x 99 ."\\n") x {int(RATE * _TICK) // 100}; $t=time; '
    f"while(1){{syswrite STDOUT,$b; $t+={_TICK}; $d=$t-time; sleep $d if $d>0}}'"
)


class Echoes(Struct, frozen=True):
    """`streamed` is megabytes a second of each stream, on average; the rest are milliseconds from key to echo."""

    streams: int
    streamed: float
    keys: int
    p50: float
    p95: float
    most: float


def run(aws: Aws, counts: list[int], seconds: int, progress: Callable[[str], None]) -> list[Echoes]:
    """Measure with each of these numbers of streams, and take everything away again.

    Raises CallFailedError, TimeoutError.
    """
    vpc = create_vpc(aws, "bench-sessions", _CIDR, plan_subnets(_CIDR, [f"{aws.profile.region}a"], public=1, private=0))
    try:
        _make_profile(aws)
        instance_id = _launch(aws, vpc.public_subnet_ids[0])
        results = []
        for count in counts:
            results.append(asyncio.run(_measure(aws, instance_id, count, seconds)))
            progress(f"{count} streams: p95 {results[-1].p95:.1f} ms")
        return results
    finally:
        delete_vpc(aws, vpc.vpc_id)
        _remove_profile(aws)


async def _measure(aws: Aws, instance_id: str, count: int, seconds: int) -> Echoes:
    document = {"DocumentName": "AWS-StartInteractiveCommand", "Parameters": {"command": [_STREAM]}}
    streams = [aws("ssm", "StartSession", Target=instance_id, **document) for _ in range(count)]
    typists = [aws("ssm", "StartSession", Target=instance_id) for _ in range(_TYPISTS)]
    try:
        with ProcessPoolExecutor(1, get_context("spawn")) as pool:
            loop = asyncio.get_running_loop()
            streaming = loop.run_in_executor(pool, _stream, streams, seconds) if streams else None
            clients = [await BenchClient.open(session) for session in typists]
            await asyncio.sleep(_SETTLING)
            stop = loop.time() + seconds
            echoes = [time for each in await asyncio.gather(*(_type(one, stop) for one in clients)) for time in each]
            streamed = await streaming if streaming else 0.0
            for client in clients:
                await client.close()
    finally:
        for session in (*streams, *typists):
            aws("ssm", "TerminateSession", SessionId=session["SessionId"])
    milliseconds = sorted(1000 * echo for echo in echoes)
    return Echoes(
        count,
        streamed,
        len(milliseconds),
        statistics.median(milliseconds),
        milliseconds[int(0.95 * len(milliseconds))],
        milliseconds[-1],
    )


async def _type(client: BenchClient, stop: float) -> list[float]:
    """Seconds from each key to its echo.  Raises TimeoutError."""
    loop = asyncio.get_running_loop()
    echoes = []
    while loop.time() < stop:
        for key in [b"a"] * 40 + [b"\x15"]:  # and the line is empty again
            begun = time.perf_counter()
            async with asyncio.timeout(_GIVE_UP):
                await client.type(key)
                await client.shows_more()
            echoes.append(time.perf_counter() - begun)
            await asyncio.sleep(_BETWEEN_KEYS)
            if loop.time() >= stop:
                break
    return echoes


def _stream(sessions: list[dict[str, Any]], seconds: int) -> float:
    """Receive all streams, in a process of its own; returns megabytes a second of each."""
    import uvloop

    async def receive() -> float:
        clients = [await BenchClient.open(session) for session in sessions]
        await asyncio.sleep(_SETTLING)
        before, begun = sum(client.received for client in clients), time.monotonic()
        await asyncio.sleep(seconds)
        total = sum(client.received for client in clients) - before
        elapsed = time.monotonic() - begun
        for client in clients:
            await client.close()
        return total / elapsed / len(clients) / 1e6

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(receive())


def _launch(aws: Aws, subnet_id: str) -> str:
    interface = {"DeviceIndex": 0, "SubnetId": subnet_id, "AssociatePublicIpAddress": True}
    response = aws(
        "ec2",
        "RunInstances",
        ImageId=_AMI,
        InstanceType="m5.large",
        MinCount=1,
        MaxCount=1,
        IamInstanceProfile={"Name": _NAME},
        NetworkInterfaces=[interface],
    )
    instance_id: str = response["Instances"][0]["InstanceId"]
    aws.wait("ec2", "InstanceRunning", InstanceIds=[instance_id])
    return instance_id


def _make_profile(aws: Aws) -> None:
    aws("iam", "CreateRole", RoleName=_NAME, AssumeRolePolicyDocument=json.dumps(_TRUST))
    aws("iam", "AttachRolePolicy", RoleName=_NAME, PolicyArn=_POLICY)
    aws("iam", "CreateInstanceProfile", InstanceProfileName=_NAME)
    aws("iam", "AddRoleToInstanceProfile", InstanceProfileName=_NAME, RoleName=_NAME)


def _remove_profile(aws: Aws) -> None:
    aws("iam", "RemoveRoleFromInstanceProfile", InstanceProfileName=_NAME, RoleName=_NAME)
    aws("iam", "DeleteInstanceProfile", InstanceProfileName=_NAME)
    aws("iam", "DetachRolePolicy", RoleName=_NAME, PolicyArn=_POLICY)
    aws("iam", "DeleteRole", RoleName=_NAME)
