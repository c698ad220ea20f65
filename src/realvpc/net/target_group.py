"""Target groups of Network Load Balancers: who is in them, and how they are (Network Load Balancers guide, "Target
groups", "Health checks for target groups").

Time is read, not scheduled: a target that was deregistered drains for as long as its group says, and is gone then.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from .resource import Resource

_DIGITS = 16

DEREGISTRATION_DELAY = "deregistration_delay.timeout_seconds"
UNHEALTHY_END = "target_health_state.unhealthy.connection_termination.enabled"
CROSS_ZONE = "load_balancing.cross_zone.enabled"
ALL_ZONES = "all"
TRAFFIC_PORT = "traffic-port"


class TargetType(StrEnum):
    INSTANCE = "instance"
    IP = "ip"


class Protocol(StrEnum):
    """What listeners and target groups speak here."""

    TCP = "TCP"
    UDP = "UDP"
    TCP_UDP = "TCP_UDP"

    @property
    def transports(self) -> tuple[Literal["tcp", "udp"], ...]:
        """As packets have them."""
        found: dict[str, tuple[Literal["tcp", "udp"], ...]] = {
            "TCP": ("tcp",),
            "UDP": ("udp",),
            "TCP_UDP": ("tcp", "udp"),
        }
        return found[self.value]


class Health(StrEnum):
    INITIAL = "initial"  # nobody has looked often enough yet
    HEALTHY = "healthy"
    UNHEALTHY = "unhealthy"


class CheckProtocol(StrEnum):
    TCP = "TCP"
    HTTP = "HTTP"
    HTTPS = "HTTPS"  # whatever certificate the target has


class HealthCheck(Struct, frozen=True, kw_only=True):
    """By TCP it is enough that a connection comes about, be the target spoken to by UDP or not; otherwise a GET of
    ``path`` has to be answered with one of ``codes``, as ``200-299,404``.

    ``port`` is a number or ``traffic-port``.  Times are in seconds, thresholds are counts of checks in a row.
    """

    protocol: CheckProtocol = CheckProtocol.TCP
    path: str = ""
    codes: str = ""
    port: str = TRAFFIC_PORT
    interval: int = 30
    timeout: int = 10
    healthy_threshold: int = 5
    unhealthy_threshold: int = 2

    def port_of(self, target: RegisteredTarget) -> int:
        return target.port if self.port == TRAFFIC_PORT else int(self.port)

    def is_well(self, status: int) -> bool:
        """Whether an HTTP status is one of the codes."""
        for part in self.codes.split(","):
            first, _, last = part.partition("-")
            if first and int(first) <= status <= int(last or first):
                return True
        return False


class RegisteredTarget(Struct, frozen=True, kw_only=True):
    """``id`` is an instance's, or an IPv4 address; ``zone`` is what somebody said of an address: a zone's name,
    ``all``, or nothing.  ``deregistered_at``: when it began to drain."""

    id: str
    port: int
    zone: str = ""
    health: Health = Health.INITIAL
    deregistered_at: datetime | None = None

    @property
    def key(self) -> tuple[str, int]:
        return self.id, self.port

    @property
    def is_draining(self) -> bool:
        return self.deregistered_at is not None


class TargetGroup(Resource, frozen=True, kw_only=True):
    """``tg-…``, which nobody sees: AWS calls it by its ARN.  A load balancer uses it that has a listener for it."""

    name: str
    protocol: Protocol
    port: int
    vpc_id: str
    target_type: TargetType = TargetType.INSTANCE
    check: HealthCheck = HealthCheck()
    attributes: dict[str, str] = {}
    registered: tuple[RegisteredTarget, ...] = ()

    @property
    def arn(self) -> str:
        path = f"targetgroup/{self.name}/{self.id[-_DIGITS:]}"
        return f"arn:aws:elasticloadbalancing:{self.region}:{self.account}:{path}"

    @property
    def deregistration_delay(self) -> timedelta:
        return timedelta(seconds=int(self.attributes.get(DEREGISTRATION_DELAY, "300")))

    @property
    def crosses_zones(self) -> bool | None:
        """None where the load balancer says."""
        said = self.attributes.get(CROSS_ZONE)
        return None if said in (None, "use_load_balancer_configuration") else said == "true"

    @property
    def ends_unhealthy(self) -> bool:
        """Whether connections to a target end when it becomes unhealthy, unless all are ("Health checks")."""
        return self.attributes.get(UNHEALTHY_END, "true") == "true"

    def targets_at(self, now: datetime) -> tuple[RegisteredTarget, ...]:
        """Without those that have drained."""
        return tuple(
            row
            for row in self.registered
            if row.deregistered_at is None or now < row.deregistered_at + self.deregistration_delay
        )

    def serving(self) -> Iterator[RegisteredTarget]:
        """Those that may get connections."""
        return (row for row in self.registered if not row.is_draining)

    def with_targets(self, now: datetime, targets: Iterable[RegisteredTarget]) -> TargetGroup:
        """With these in the place of those of the same id and port."""
        rows = {row.key: row for row in self.targets_at(now)} | {row.key: row for row in targets}
        return replace(self, registered=tuple(rows.values()))

    def looked_at_anew(self, ids: Collection[str] | None = None) -> TargetGroup:
        """As when a load balancer begins to use it: nothing is known of these targets, or of any."""
        return replace(
            self,
            registered=tuple(
                replace(row, health=Health.INITIAL) if ids is None or row.id in ids else row for row in self.registered
            ),
        )
