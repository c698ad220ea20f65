"""Random requests, good and bad, from two accounts in two Regions: none is answered with a 500, none that is refused
changes anything, and what is acknowledged keeps the state sound.
"""

from __future__ import annotations

import asyncio
import gc
import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import product
from random import Random
from typing import Any
from urllib.parse import urlencode

import pytest
from botocore.model import ListShape, MapShape, Shape, StructureShape
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from realvpc.api.actions import EMPTY
from realvpc.api.machine_report import machine_down, machine_up
from realvpc.api.service import Service
from realvpc.clock import Clock
from realvpc.daemon import settle
from realvpc.net.instance import InstanceState
from realvpc.net.zones import REGIONS
from realvpc.session import command_actions
from realvpc.session.documents import DOCUMENTS, RUN_SHELL_SCRIPT
from realvpc.wire.app import App
from realvpc.wire.model import service_model
from realvpc.wire.sigv4 import Anyone

from . import invariants
from .conftest import MAIN, OTHER, TOKYO, VIRGINIA, Client, new_service
from .rooms import Rooms
from .ssm.test_ssm import Managed
from .told_node import ToldNode

REQUESTS = 4000
LONGEST_STALL = 0.1  # seconds: ten times what is usual
CIDRS = (
    *(
        "10.0.0.0/16",
        "10.0.0.0/24",
        "10.0.1.0/24",
        "10.1.0.0/16",
        "10.1.0.0/20",
        "10.1.16.0/20",
        "10.2.0.0/16",
        "0.0.0.0/0",
    ),
    *("10.0.0.0/8", "169.254.169.0/24", "10.0.0.1/16", "10.0.0.0/33", "::/0", "nonsense", "", "100.64.0.0/16"),
)  # the first eight are good ones
ADDRESSES = ("10.0.0.5", "10.0.0.4", "10.0.0.3", "10.1.0.9", "198.18.0.1", "::1", "10.0.0.256", "")
WORDS = (
    "Name",
    "a",
    "",
    "x" * 300,
    "名前",
    "default",
    "<&>\"'",
    "aws:x",
    "-1",
    "tcp",
    "icmp",
    "6",
    "active",
    "main",
    "\x00",
    "\ud800",
    RUN_SHELL_SCRIPT.name,
)
NUMBERS = (-1, 0, 1, 2, 5, 8, 22, 80, 443, 1000, 65535, 65536, 2**31 - 1)
JSON_DOCUMENT = (
    '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","Principal":{"Service":"ec2.amazonaws.com"},'
    '"Action":"sts:AssumeRole"}]}'
)
# Actions that build something up are asked for more often, and mostly with the parameters that people give them.
USUAL: dict[str, set[str]] = {
    "AcceptVpcPeeringConnection": {"VpcPeeringConnectionId"},
    "AllocateAddress": set(),
    "AssociateAddress": {"AllocationId", "InstanceId"},
    "AssociateRouteTable": {"RouteTableId", "SubnetId"},
    "AssociateVpcCidrBlock": {"VpcId", "CidrBlock"},
    "AttachInternetGateway": {"InternetGatewayId", "VpcId"},
    "AuthorizeSecurityGroupIngress": {"GroupId", "IpPermissions"},
    "ChangeResourceRecordSets": {"HostedZoneId", "ChangeBatch"},
    "CreateHostedZone": {"Name", "CallerReference", "VPC"},
    "CreateInternetGateway": set(),
    "CreateManagedPrefixList": {"PrefixListName", "MaxEntries", "AddressFamily", "Entries"},
    "CreateRole": {"RoleName", "AssumeRolePolicyDocument"},
    "CreateRoute": {"RouteTableId", "DestinationCidrBlock", "GatewayId"},
    "CreateRouteTable": {"VpcId"},
    "CreateSecurityGroup": {"GroupName", "Description", "VpcId"},
    "CreateSubnet": {"VpcId", "CidrBlock"},
    "CreateVpc": {"CidrBlock", "AmazonProvidedIpv6CidrBlock"},
    "CreateVpcPeeringConnection": {"VpcId", "PeerVpcId", "PeerOwnerId"},
    "DisassociateAddress": {"AssociationId"},
    "GetCommandInvocation": {"CommandId", "InstanceId"},
    "ListCommandInvocations": {"CommandId"},
    "ListDocuments": {"Filters"},
    "ReleaseAddress": {"AllocationId"},
    "ResumeSession": {"SessionId"},
    "RunInstances": {"ImageId", "InstanceType", "MinCount", "MaxCount", "SubnetId"},
    "SendCommand": {"InstanceIds", "DocumentName", "Parameters"},
    "StartSession": {"Target"},
}


class Generator:
    """Parameters for any operation, with ids that exist more often than not."""

    def __init__(self, service: Service, random: Random, rooms: Rooms | None = None) -> None:
        self._service, self._random, self._rooms = service, random, rooms

    def parameters(self, action: str, shape: Shape | None) -> dict[str, Any]:
        if not isinstance(shape, StructureShape):
            return {}
        usual = USUAL.get(action)
        if usual is None or self._random.random() < 0.2:
            return self._in_path(shape) | self._structure(shape, 0)
        members = ((name, member) for name, member in shape.members.items() if name in usual)
        return {name: self._value(member, name, 1) for name, member in members}

    def required(self, shape: Shape | None) -> dict[str, Any]:
        """The members that a request of this shape cannot be without."""
        if not isinstance(shape, StructureShape):
            return {}
        return {name: self._value(shape.members[name], name, 1) for name in shape.required_members}

    def word(self, shape: Shape, name: str, depth: int) -> Any:
        """A value that is no structure."""
        return self._value(shape, name, depth)

    def _in_path(self, shape: StructureShape) -> dict[str, Any]:
        """The members without which there is no path to send a request to."""
        members = ((n, m) for n, m in shape.members.items() if m.serialization.get("location") == "uri")
        return {name: self._value(member, name, 1) for name, member in members}

    def _structure(self, shape: StructureShape, depth: int) -> dict[str, Any]:
        chance = 0.5 if depth else 0.35
        return {
            name: self._value(member, name, depth + 1)
            for name, member in shape.members.items()
            if (self._random.random() < (0.95 if name in shape.required_members else chance))
            and (name != "DryRun" or self._random.random() < 0.1)
            and depth < 5
        }

    def _value(self, shape: Shape, name: str, depth: int) -> Any:
        random = self._random
        if isinstance(shape, StructureShape):
            return self._structure(shape, depth)
        if isinstance(shape, ListShape):
            return [self._value(shape.member, name, depth + 1) for _ in range(random.choice((0, 1, 1, 1, 2)))]
        if isinstance(shape, MapShape):
            key = random.choice(("commands",) * 20 + ("portNumber", "host", *WORDS))
            return {key: self._value(shape.value, name, depth + 1)}
        match shape.type_name:
            case "boolean":
                return random.random() < 0.5
            case "integer" | "long":
                usual = (1, 1, 1) if name in ("MinCount", "MaxCount") else ()
                return random.choice((*usual * 8, *NUMBERS))
            case "float" | "double":
                return 0.5
            case "timestamp":
                return "2026-11-23T00:00:00Z"
            case "blob":
                return b"#!/bin/sh"
        return self._text(name, list(getattr(shape, "enum", ())))

    def _text(self, name: str, enum: list[str]) -> str:
        random, lowered = self._random, name.lower()
        if "region" in lowered:
            return random.choice((TOKYO, TOKYO, VIRGINIA, "mars-1"))
        if enum and random.random() < 0.9:
            return random.choice(enum)
        if "ipv6" in lowered and "cidr" in lowered:
            return random.choice((*self._ipv6_blocks(), "::/0", "2001:db8::/64", "10.0.0.0/16"))
        if lowered in ("ipv6addresses", "ipv6address"):
            return random.choice((*self._ipv6_addresses(), "::1", "10.0.0.5", ""))
        if "cidr" in lowered:
            return random.choice(CIDRS[:8] if random.random() < 0.7 else CIDRS)
        if lowered.endswith(("owner", "ownerid", "userid")):
            return random.choice((MAIN, OTHER, "333333333333", "x"))
        if lowered in ("sessionid", "commandid") and self._rooms:
            sessions = (*self._rooms.sessions.active(), *self._rooms.sessions.ended())
            ids = [*(row.id for row in sessions), *(row.id for row in self._rooms.commands.commands())]
            return random.choice(ids or WORDS)
        if lowered == "documentname":
            return random.choice((*[RUN_SHELL_SCRIPT.name] * 20, *DOCUMENTS, *WORDS))
        if lowered.endswith(("address", "ip")):
            return random.choice(ADDRESSES)
        if lowered.endswith("document"):
            return random.choice((JSON_DOCUMENT, "{", ""))
        if lowered.endswith("arn"):
            return random.choice(("arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore", *self._ids("arn"), "arn:x"))
        if lowered in ("id", "hostedzoneid", "resourceid"):
            return random.choice([*sorted(self._service.state.names.hosted_zones), "Z1", ""])
        if lowered in ("name", "dnsname") and random.random() < 0.5:
            return random.choice(("a.example", "w.a.example", "b.example", "*.a.example"))
        if "id" in lowered or lowered in ("resources", "gateway", "value", "values", "target"):
            return random.choice(self._pool(lowered))
        return random.choice(WORDS)

    def _pool(self, name: str) -> list[str]:
        kinds = {"vpcpeering": "pcx", "vpc": "vpc", "subnet": "subnet", "routetable": "rtb", "gateway": "igw",
                 "group": "sg", "rule": "sgr", "instance": "i", "networkinterface": "eni", "association": "rtbassoc",
                 "image": "ami", "target": "i", "allocation": "eipalloc"}  # fmt: skip
        prefix = next((prefix for part, prefix in kinds.items() if part in name), "")
        fitting = self._ids(f"{prefix}-") if prefix else []
        fitting += self._ids("eipassoc-") * 8 if prefix == "rtbassoc" else []
        return [
            *(fitting * 4),
            *self._random.choices(self._ids("") or ["x"], k=2),
            f"{prefix}-0123456789abcdef0",
            "",
            "junk",
        ]

    def _ids(self, prefix: str) -> list[str]:
        state = self._service.state
        network, directory = state.network, state.directory
        rooms = (network, state.names, state.inventory)
        ids = [row_id for room in rooms for kind in room.TYPES for row_id in room.table(kind)]
        ids += [row_id for kind in directory.TYPES[2:] for row_id in directory.table(kind)]
        ids += [a.id for table in network.route_tables.values() for a in table.associations]
        ids += [rule.id for group in network.security_groups.values() for rule in group.rules]
        ids += [a.id for vpc in network.vpcs.values() for a in vpc.cidr_associations]
        ids += [a.id for vpc in network.vpcs.values() for a in vpc.ipv6_cidr_associations]
        ids += [a.id for subnet in network.subnets.values() for a in subnet.ipv6_cidr_associations]
        ids += [row.association.id for row in network.elastic_ips.values() if row.association]
        return sorted(  # tables have an order of their own in each process
            row_id for row_id in ids if row_id.startswith(prefix) and (not prefix or "-" not in row_id[len(prefix) :])
        )

    def _ipv6_blocks(self) -> list[str]:
        """Those that a subnet of some VPC may have, most of them."""
        blocks = sorted(block for vpc in self._service.state.network.vpcs.values() for block in vpc.ipv6_cidrs)
        return [str(block.subnet(index, length)) for block in blocks for index, length in ((0, 64), (1, 64), (0, 56))]

    def _ipv6_addresses(self) -> list[str]:
        blocks = sorted(row.ipv6_cidr for row in self._service.state.network.subnets.values() if row.ipv6_cidr)
        return [str(block.at(place)) for block in blocks for place in (3, 4, 5)]


class Endpoint:
    """The whole of the service below HTTP, spoken to with botocore's own serialiser and parser.

    ``longest`` is what one request has cost the loop at most, in seconds of its thread's own time, which others on the
    machine have no part in; ``longest_of`` is that request's action.
    """

    def __init__(self, service: Service) -> None:
        self.longest, self.longest_of = 0.0, ""
        self.app = App(service.handle, service.knows, Anyone(service.credential, REGIONS.__contains__))
        self.runner = asyncio.Runner()

    def send(self, service: str, action: str, parameters: dict[str, Any], account: str, region: str) -> tuple[int, Any]:
        model = service_model(service)
        operation = model.operation_model(action)
        if model.metadata["protocol"] == "rest-xml":  # neither paths nor XML can be written with them
            parameters = json.loads(json.dumps(parameters, default=bytes.decode).replace(r"\ud800", "?"))
        serializer = create_serializer(model.metadata["protocol"], include_validation=False)
        request = serializer.serialize_to_request(parameters, operation)
        body, query = request["body"], _urlencoded(request["query_string"] or {})
        raw = body if isinstance(body, bytes) else _urlencoded(body)
        scope = f"{account}/20261123/{region}/{service}/aws4_request"
        headers = {
            "host": "localhost",
            "authorization": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0",
            "content-type": "application/x-www-form-urlencoded",
            **{name.lower(): value for name, value in request["headers"].items()},
        }
        with _without_collector():
            began = time.thread_time()
            exchange = self._exchange(request["method"], request["url_path"], query, raw, headers)
            status, content = self.runner.run(exchange)
            self.longest, self.longest_of = max((self.longest, self.longest_of), (time.thread_time() - began, action))
        parser = create_parser(model.metadata["protocol"])
        return status, parser.parse({"body": content, "status_code": status, "headers": {}}, operation.output_shape)

    async def _exchange(
        self, method: str, path: str, query: bytes, body: bytes, headers: dict[str, str]
    ) -> tuple[int, bytes]:
        sent: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            sent.append(message)

        scope = {"type": "http", "method": method, "path": path, "raw_path": path.encode(), "query_string": query,
                 "headers": [(name.encode(), str(value).encode()) for name, value in headers.items()]}  # fmt: skip
        await self.app(scope, receive, send)
        return sent[0]["status"], sent[1]["body"]


@contextmanager
def _without_collector() -> Iterator[None]:
    """It has to look at what other tests have left, too."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def _urlencoded(parameters: Any) -> bytes:
    return urlencode(parameters, errors="surrogatepass").encode()


def _machines_report(service: Service, random: Random) -> None:
    """What a host would say by now of some of the machines."""
    for row in list(service.state.network.instances.values()):
        if random.random() < 0.5 and row.state is InstanceState.PENDING:
            service.report(machine_up(row.id, row.boot), "test")
        elif random.random() < 0.5 and row.state in (InstanceState.STOPPING, InstanceState.SHUTTING_DOWN):
            service.report(machine_down(row.id, row.boot), "test")


@pytest.mark.parametrize(("seed", "has_fabric"), [(1, False), (2, True)])
def test_random_requests(seed: int, has_fabric: bool, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a data plane there are machines to have sessions in and to send commands to, which nobody reaches; and there
    are default VPCs."""
    monkeypatch.setattr(settle, "PATIENCE", 0.0)
    monkeypatch.setattr(command_actions, "PATIENCE", 0.0)
    random, service = Random(seed), new_service(clock, has_fabric=has_fabric, default_vpc=has_fabric)
    for account, region in product((MAIN, OTHER), (TOKYO, VIRGINIA)):
        Client(service, account, region)("DescribeVpcs")
    rooms = Rooms(service, clock.now)
    managed = Managed(Client(service, MAIN, TOKYO)).instance
    service.report(machine_up(managed["InstanceId"]), "test")
    generator, endpoint, node = Generator(service, random, rooms), Endpoint(service), ToldNode(service)
    everything = [(name, action) for name, actions in service.actions.items() for action in actions]
    real = [(name, action) for name, action in everything if action not in EMPTY.get(name, {})]
    of_ssm = [pair for pair in real if pair[0] == "ssm"]
    of_ssm += [pair for pair in of_ssm if pair[1] in USUAL] * 16
    favourites = [*(pair for pair in everything if pair[1] in USUAL), *[("ec2", "CreateRoute")] * 5]
    favourites += [("ec2", "AssociateAddress"), ("ec2", "DisassociateAddress")] * 10  # both need what others have made
    favourites += [("ec2", "CreateSubnet")] * 5  # which has to lie in its VPC, and beside others
    outcomes: Counter[str] = Counter()
    for number in range(REQUESTS):
        first = has_fabric and number < REQUESTS // 6  # while the machine still stands
        pool = of_ssm if first else random.choices((favourites, real, everything), (10, 9, 1))[0]
        name, action = random.choice(pool)
        parameters = generator.parameters(action, service_model(name).operation_model(action).input_shape)
        account, region = random.choices((MAIN, OTHER), (4, 1))[0], random.choices((TOKYO, VIRGINIA), (6, 1))[0]
        if has_fabric:
            _machines_report(service, random)
        before, revision = service.state, service.revision
        sessions, commands = rooms.sessions.active(), len(rooms.commands.commands())
        status, answer = endpoint.send(name, action, parameters, account, region)
        told = f"request {number} of seed {seed}: {name} {action} {parameters} as {account} in {region}: {answer}"
        assert status < 500, told
        if status >= 400:
            assert answer["Error"]["Code"], told
            assert service.state is before, told
            assert service.revision == revision, told
            assert rooms.sessions.active() == sessions, told
            assert len(rooms.commands.commands()) == commands, told
        elif service.state is not before:
            try:
                invariants.check(service.state)
                node.check(service.state)
            except Exception as error:
                raise AssertionError(told) from error
        outcomes[f"{action}:{'refused' if status >= 400 else 'done'}"] += 1
    rooms.commands.cancel_all()
    endpoint.runner.close()
    assert endpoint.app.internal_errors == 0
    print(f"the longest request took {endpoint.longest * 1000:.0f} ms of the loop: {endpoint.longest_of}")
    assert endpoint.longest < LONGEST_STALL, endpoint.longest_of
    done = {key.split(":")[0] for key in outcomes if key.endswith("done")}
    assert {"CreateVpc", "CreateSubnet", "CreateVpcPeeringConnection", "CreateHostedZone"} <= done
    assert {"AllocateAddress", "AssociateAddress", "DisassociateAddress", "ReleaseAddress"} <= done
    assert (
        not has_fabric or {"StartSession", "ResumeSession", "TerminateSession", "SendCommand", "ListDocuments"} <= done
    )
    assert len(done) > 50  # a random client that is always refused tests little
