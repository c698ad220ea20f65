"""A service in memory with one instance, which asks for its metadata."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from socket import AF_INET, IP_TTL, IPPROTO_IP, IPPROTO_IPV6, IPV6_UNICAST_HOPS
from typing import Any

import pytest
from msgspec import Struct

from realvpc.clock import Clock
from realvpc.metadata.app import MetadataApp
from realvpc.net.network_interface import NetworkInterface
from tests.api.build import make_internet_gateway, make_subnet, make_vpc
from tests.api.conftest import MAIN, START, TOKYO, Client, new_service
from tests.api.ec2.test_run_instances import run
from tests.api.policies import service_with_policies
from tests.api.users import As

TOKEN = "/latest/api/token"
LIFETIME = "X-aws-ec2-metadata-token-ttl-seconds"


class Reply(Struct, frozen=True):
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> dict[str, Any]:
        value: dict[str, Any] = json.loads(self.body)
        return value


class Socket:
    """Remembers the hop limit that it was given."""

    def __init__(self) -> None:
        self.hop_limit: int | None = None
        self.family = AF_INET

    def get_extra_info(self, name: str) -> Socket:
        return self

    def setsockopt(self, level: int, option: int, value: int) -> None:
        of_family = (IPPROTO_IP, IP_TTL) if self.family == AF_INET else (IPPROTO_IPV6, IPV6_UNICAST_HOPS)
        assert (level, option) == of_family
        self.hop_limit = value


class World:
    """``ask`` speaks HTTP as an instance does."""

    def __init__(self, clock: Clock, *, policies: bool = False) -> None:
        self.clock = clock
        self.service = service_with_policies(clock) if policies else new_service(clock)
        self.client = As(self.service, "AKIAOWNER") if policies else Client(self.service, MAIN, TOKYO)
        self.vpc_id = make_vpc(self.client)
        make_internet_gateway(self.client, self.vpc_id)
        self.client("ModifyVpcAttribute", VpcId=self.vpc_id, EnableDnsHostnames={"Value": True})
        self.subnet_id = make_subnet(self.client, self.vpc_id)
        self.socket = Socket()
        self.app = self.restarted()

    def restarted(self) -> MetadataApp:
        """The service's metadata as after a restart: only what was kept is known."""
        self.app = MetadataApp(self._interface_of, lambda: self.service.state, self.clock.now, self.service.key)
        return self.app

    def run(self, *, public: bool = True, **more: Any) -> dict[str, Any]:
        """A new instance as DescribeInstances shows it."""
        interface = {"DeviceIndex": 0, "SubnetId": self.subnet_id, "AssociatePublicIpAddress": public}
        instance: dict[str, Any] = run(self.client, "", SubnetId=None, NetworkInterfaces=[interface], **more)[0]
        return instance

    def _interface_of(self, peer: str) -> NetworkInterface | None:
        """In place of the fabric: the peer is called by its instance's id."""
        return next(iter(self.service.state.network.interfaces_of(peer)), None)

    def ask(self, instance_id: str, path: str, *, method: str = "GET", **headers: str) -> Reply:
        sent: list[Any] = []

        async def send(message: Any) -> None:
            sent.append(message)

        async def receive() -> Any:
            return {"type": "http.request"}

        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "client": (instance_id, 1),
            "headers": [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()],
            "extensions": {"realvpc.transport": self.socket},
        }
        asyncio.run(self.app(scope, receive, send))
        start, content = sent
        answered = {name.decode(): value.decode() for name, value in start["headers"]}
        return Reply(start["status"], answered, content["body"])

    def token(self, instance_id: str, lifetime: int = 21600) -> str:
        reply = self.ask(instance_id, TOKEN, method="PUT", **{LIFETIME: str(lifetime)})
        assert reply.status == 200
        return reply.text

    def read(self, instance_id: str, path: str) -> Reply:
        """With a fresh token, as every SDK does it."""
        return self.ask(instance_id, path, X_aws_ec2_metadata_token=self.token(instance_id))

    def text(self, instance_id: str, category: str) -> str:
        reply = self.read(instance_id, f"/latest/meta-data/{category}")
        assert reply.status == 200, category
        return reply.text


@pytest.fixture
def clock() -> Clock:
    return Clock(source=lambda: START)


@pytest.fixture
def world(clock: Clock) -> World:
    return World(clock)


Launch = Callable[..., str]


@pytest.fixture
def launch(world: World) -> Launch:
    """A new instance's id."""
    return lambda **more: str(world.run(**more)["InstanceId"])
