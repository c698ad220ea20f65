"""Flow logs of random places in a random world."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from random import Random

from realvpc.net.flow_log import DestinationType, FlowLog, TrafficType
from realvpc.net.network_interface import NetworkInterface
from realvpc.net.resource import Resource
from realvpc.net.subnet import Subnet
from realvpc.net.vpc import Vpc


def flow_logs(rows: Iterable[Resource], random: Random) -> list[FlowLog]:
    """Of some of the VPCs, subnets and interfaces."""
    places = [row for row in rows if isinstance(row, Vpc | Subnet | NetworkInterface)]
    return [flow_log(place, random) for place in places if random.random() < 0.3]


def flow_log(place: Resource, random: Random) -> FlowLog:
    return FlowLog(
        id=f"fl-0{random.getrandbits(64):016x}",
        account=place.account,
        region=place.region,
        resource_id=place.id,
        traffic_type=random.choice(list(TrafficType)),
        destination_type=DestinationType.S3 if random.random() < 0.1 else DestinationType.CLOUD_WATCH_LOGS,
        log_format="",
        created_at=datetime(2026, 11, 23, tzinfo=UTC),
    )
