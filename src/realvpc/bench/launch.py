"""From RunInstances to the first answered ping, on a running service.

An instance in one subnet pings, a thousand times a second, the address that the next instance in another subnet will
have; the clock starts when the request is sent.
"""

from __future__ import annotations

import os
import select
import socket
import struct
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from msgspec import Struct

from realvpc.client.aws import Aws
from realvpc.client.teardown import delete_vpc
from realvpc.client.wizard import create_vpc, plan_subnets
from realvpc.fabric import namespace
from realvpc.net.addresses import Address, Cidr

_CIDR = Cidr.parse("10.250.0.0/16")
_AMI = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
_GIVE_UP = 10.0  # seconds
_INTERVAL = 0.001
_ECHO_REQUEST, _ECHO_REPLY = 8, 0
_ICMP = struct.Struct("!BBHHH")


class Launch(Struct, frozen=True):
    """Milliseconds since the request was sent."""

    answered: float  # RunInstances came back
    pinged: float  # the first echo reply
    running: float  # DescribeInstances says running


def run(aws: Aws, run_dir: Path, rounds: int, progress: Callable[[str], None]) -> list[Launch]:
    """Launch ``rounds`` instances, one after the other, and take everything away again.

    Needs root, to look into the pinging instance's namespace.  Raises CallFailedError, TimeoutError.
    """
    vpc = create_vpc(aws, "bench", _CIDR, plan_subnets(_CIDR, [f"{aws.profile.region}a"], public=2, private=0))
    try:
        group_id = _ping_group(aws, vpc.vpc_id)
        pinger = _launch(aws, vpc.public_subnet_ids[0], group_id, _CIDR.at(10))
        aws.wait("ec2", "InstanceRunning", InstanceIds=[pinger])
        inside = run_dir / "ns" / pinger
        second = plan_subnets(_CIDR, ["a"], public=2, private=0)[1].cidr
        results = []
        for number in range(rounds):
            address = second.at(10 + number)
            results.append(_measure(aws, vpc.public_subnet_ids[1], group_id, address, inside))
            progress(f"launch {number + 1}/{rounds}: first ping after {results[-1].pinged:.0f} ms")
        return results
    finally:
        delete_vpc(aws, vpc.vpc_id)


def _measure(aws: Aws, subnet_id: str, group_id: str, address: Address, pinger: Path) -> Launch:
    with ThreadPoolExecutor(1) as pool:
        first_answer = pool.submit(namespace.run_in, pinger, lambda: _first_answer(str(address)))
        time.sleep(0.05)
        start = time.monotonic()
        instance_id = _launch(aws, subnet_id, group_id, address)
        answered = time.monotonic()
        while _state(aws, instance_id) != "running":
            if time.monotonic() > start + _GIVE_UP:
                raise TimeoutError(f"{instance_id} is not running after {_GIVE_UP:g} s")
        running = time.monotonic()
        pinged = first_answer.result()
    aws("ec2", "TerminateInstances", InstanceIds=[instance_id])
    return Launch(*((moment - start) * 1000 for moment in (answered, pinged, running)))


def _first_answer(address: str) -> float:
    """The moment of the first echo reply from ``address``."""
    identifier = os.getpid() & 0xFFFF
    deadline = time.monotonic() + _GIVE_UP
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_ICMP) as raw:
        for sequence in range(int(_GIVE_UP / _INTERVAL)):
            raw.sendto(_echo_request(identifier, sequence & 0xFFFF), (address, 0))
            if select.select([raw], [], [], _INTERVAL)[0]:
                packet, sender = raw.recvfrom(256)
                header = _ICMP.unpack_from(packet, (packet[0] & 0x0F) * 4)
                if sender[0] == address and (header[0], header[3]) == (_ECHO_REPLY, identifier):
                    return time.monotonic()
            if time.monotonic() > deadline:
                break
    raise TimeoutError(f"{address} did not answer within {_GIVE_UP:g} s")


def _echo_request(identifier: int, sequence: int) -> bytes:
    """RFC 792, with the checksum of RFC 1071."""
    words = (_ECHO_REQUEST << 8, identifier, sequence)
    total = sum(words)
    total = (total & 0xFFFF) + (total >> 16)
    return _ICMP.pack(_ECHO_REQUEST, 0, ~(total + (total >> 16)) & 0xFFFF, identifier, sequence)


def _ping_group(aws: Aws, vpc_id: str) -> str:
    group_id: str = aws("ec2", "CreateSecurityGroup", GroupName="bench", Description="ping", VpcId=vpc_id)["GroupId"]
    everybody = [{"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
    aws("ec2", "AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=everybody)
    return group_id


def _launch(aws: Aws, subnet_id: str, group_id: str, address: Address) -> str:
    response = aws(
        "ec2",
        "RunInstances",
        ImageId=_AMI,
        InstanceType="t2.micro",
        MinCount=1,
        MaxCount=1,
        SubnetId=subnet_id,
        SecurityGroupIds=[group_id],
        PrivateIpAddress=str(address),
    )
    instance_id: str = response["Instances"][0]["InstanceId"]
    return instance_id


def _state(aws: Aws, instance_id: str) -> str:
    found: dict[str, Any] = aws("ec2", "DescribeInstances", InstanceIds=[instance_id])
    state: str = found["Reservations"][0]["Instances"][0]["State"]["Name"]
    return state
