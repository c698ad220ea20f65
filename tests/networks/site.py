"""What generated networks consist of: VPCs with what is in them, and calls that change something."""

from __future__ import annotations

from random import Random
from typing import Any, NamedTuple

from realvpc.api.service import Service
from realvpc.net.addresses import Cidr
from realvpc.net.network import Network
from realvpc.net.network_interface import NetworkInterface

from ..api.conftest import Client


class Step(NamedTuple):
    """A call that may change who reaches whom."""

    kind: str
    client: Client
    action: str
    request: dict[str, Any]

    def __str__(self) -> str:
        words = ", ".join(f"{name}={value!r}" for name, value in self.request.items())
        return f"{self.client.account} {self.client.region} {self.action}({words})"


class Site:
    """A VPC and what is in it.  ``blocks`` are what others route to."""

    def __init__(self, client: Client, vpc_id: str, place: int) -> None:
        self.client, self.vpc_id, self.place = client, vpc_id, place
        self.blocks: list[str] = []
        self.ipv6: Cidr | None = None
        self.subnets: list[str] = []  # the public one, and perhaps a private one
        self.tables: list[str] = []  # theirs, in the same order
        self.ipv6_only: str | None = None  # one more, with one of these tables
        self.groups: list[str] = []
        self.private_nat: str | None = None
        self.gateway = ""


class Calls:
    """What was called to make a network, and what may be called afterwards: ``steps``."""

    def __init__(self, service: Service, seed: int) -> None:
        self.service, self.seed, self.random = service, seed, Random(seed)
        self.log: list[Step] = []
        self.steps: list[Step] = []

    @property
    def network(self) -> Network:
        return self.service.state.network

    def interface(self, name: str) -> NetworkInterface:
        return self.network.interfaces[name]

    def describe(self) -> str:
        """How it was made, call by call."""
        return f"network {self.seed}:\n" + "\n".join(map(str, self.log))

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def do(self, client: Client, action: str, **request: Any) -> dict[str, Any]:
        self.log.append(Step("", client, action, request))
        return client(action, **request)

    def take(self, step: Step) -> None:
        self.do(step.client, step.action, **step.request)

    def may(self, kind: str, client: Client, action: str, **request: Any) -> None:
        self.steps.append(Step(kind, client, action, request))
