"""Messages survive the journey, and what does not type-check is refused."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from msgspec.structs import replace

from realvpc.fabric.plan import Plan
from realvpc.net.flow_gathering import Gathered, GatheredFlow
from realvpc.net.machine import ApplianceSpec, Forward, Forwarding, MachineSpec, Target, Wanted
from realvpc.node import messages as m
from tests.instance.specs import machine

ID = machine().id
FLOW = GatheredFlow(
    interface_id="eni-0123456789abcdef0",
    source=bytes(16),
    destination=b"\xff" * 16,
    source_port=1,
    destination_port=2,
    protocol=6,
    is_egress=True,
    is_rejected=False,
    by_block_public_access=False,
    packets=1,
    octets=60,
    first=1,
    last=2,
    tcp_flags=2,
)
APPLIANCE = ApplianceSpec(
    id="nat-0123456789abcdef0", hostname="nat", links=(), vcpus=1, memory_bytes=1 << 26, program=("/bin/true",)
)
FORWARD = Forward(
    protocol="tcp",
    interface_id=FLOW.interface_id,
    address="10.0.0.4",
    port=80,
    source_interface_id=FLOW.interface_id,
    source="10.0.0.4",
    targets=(Target("10.0.0.5", 8080),),
)
BALANCER = replace(APPLIANCE, id="nlb-0123456789abcdef0", forwarding=Forwarding.of((FORWARD,)))


@pytest.mark.parametrize(
    "request_",
    [
        m.Hello(),
        m.Desired(7, Plan(), (machine(1), machine(2, wanted=Wanted.STOPPED, boot=3, user_data=b"#!/bin/sh\n"))),
        m.Desired(8, Plan(), (machine(1), APPLIANCE, BALANCER, replace(BALANCER, forwarding=Forwarding()))),
        m.OpenSocket(ID),
        m.OpenSocket(BALANCER.id, interface_id=FLOW.interface_id),
        m.Counters(),
        m.TakeFlows(turn=True),
        m.Status(),
        m.Console(ID),
        m.Console(ID, since=65536),
        m.Exec(instance_id=ID, argv=("ping", "-c", "1", "10.30.0.5"), user="ssm-user", env={"TERM": "xterm"}, tty=True),
        m.Shutdown(Wanted.TERMINATED),
    ],
)
def test_a_request_arrives_as_it_was_sent(request_: m.Request) -> None:
    assert m.decode_request(m.encode(request_)) == request_


@pytest.mark.parametrize(
    "answer",
    [
        m.Welcome(1, 42),
        m.Applied(7, (m.Fault(ID, "no such device"),)),
        m.MachineUp(ID, 1, 42),
        m.MachineDown(ID, 1),
        m.MachineFailed(ID, 1, "why"),
        m.CountersAre({"NO_ROUTE": 3}),
        m.FlowsAre(Gathered((FLOW,), {FLOW.interface_id: 7}, is_turned=True, is_last=False)),
        m.StatusIs(
            pid=1,
            revision=2,
            limits="cgroup v2",
            isolation="user namespaces",
            machines=(m.MachineUp(ID, 1, 42),),
            faults=(),
        ),
        m.ConsoleIs(b"\x00\xff", position=2),
        m.Started(),
        m.Exited(130),
        m.Done(),
        m.Refused("no"),
    ],
)
def test_an_answer_arrives_as_it_was_sent(answer: m.Event | m.Answer) -> None:
    assert m.decode_answer(m.encode(answer)) == answer


def forwarding(**changes: Any) -> bytes:
    return m.encode(
        m.Desired(1, Plan(), (replace(BALANCER, forwarding=Forwarding.of((replace(FORWARD, **changes),))),))
    )


def wanting(**changes: Any) -> bytes:
    return m.encode(m.Desired(1, Plan(), (machine(**changes),)))


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xc1",
        m.encode(m.Done()),
        wanting(id="i-../../../etc"),
        wanting(id=ID + "\n"),
        wanting(hostname="x;reboot"),
        wanting(hostname="a/b"),
        wanting(memory_bytes=0),
        wanting(boot=0),
        wanting(name_servers=("1.1.1.1\nnameserver 2.2.2.2",)),
        wanting(search=("example.com\nnameserver 2.2.2.2",)),
        wanting(id=APPLIANCE.id),
        m.encode(m.Desired(1, Plan(), (replace(APPLIANCE, id=ID),))),
        m.encode(m.Desired(1, Plan(), (replace(APPLIANCE, program=()),))),
        forwarding(address="10.0.0.4 } drop"),
        forwarding(source="10.0.0.4\n"),
        forwarding(interface_id="eth0"),
        forwarding(protocol="icmp"),
        forwarding(port=0),
        forwarding(targets=(Target("10.0.0.5", 65536),)),
        forwarding(targets=(Target("drop", 80),)),
        m.encode(m.Console("../x")),
        m.encode(m.Exec(instance_id=ID, argv=())),
        m.encode(m.Exec(instance_id=ID, argv=("a\0b",))),
        m.encode(m.Exec(instance_id=ID, argv=("id",), env={"A=B": "c"})),
        m.encode(m.Exec(instance_id=ID, argv=("id",), cwd="relative")),
    ],
)
def test_what_is_not_a_request_is_refused(payload: bytes) -> None:
    with pytest.raises(msgspec.DecodeError):
        m.decode_request(payload)


def test_every_string_of_a_machine_has_a_pattern_or_a_bound() -> None:
    """The node builds paths and files out of them."""
    schemas = msgspec.json.schema(MachineSpec)["$defs"] | msgspec.json.schema(ApplianceSpec)["$defs"]
    for schema in schemas.values():
        for name, kind in schema.get("properties", {}).items():
            for option in kind.get("anyOf", [kind]):
                if option.get("type") == "string":
                    assert "pattern" in option or "maxLength" in option, name
