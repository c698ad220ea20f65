"""What RunInstances makes of a client token (EC2 guide, "RunInstances idempotency")."""

from __future__ import annotations

from realvpc.net.instance import InstanceState
from realvpc.net.zones import REGIONS, find_zone

from ..core.action import Repeat
from ..core.context import Context, Request, Response
from ..core.errors import AwsError
from ..core.lookup import find
from .instance import INSTANCE, render_reservations
from .subnet import SUBNET


def _zone(ctx: Context, request: Request) -> str:
    """A token that comes with a zone, or a subnet, is one of that zone: another zone's launch is another launch."""
    interfaces = request.get("NetworkInterfaces") or [{}]
    subnet = find(ctx, SUBNET, request.get("SubnetId") or interfaces[0].get("SubnetId") or "")
    if subnet is not None:
        return subnet.zone_name
    placement = request.get("Placement") or {}
    wanted: str = placement.get("AvailabilityZone") or placement.get("AvailabilityZoneId") or ""
    zone = find_zone(REGIONS[ctx.region], ctx.account_record.zone_seed, wanted)
    return zone.name if zone else wanted


def _ids(reservation: Response) -> Response:
    return {"InstanceIds": [each["InstanceId"] for each in reservation["Instances"]]}


def _reservation(ctx: Context, kept: Response) -> Response:
    """The reservation as it is now.  Raises IdempotentInstanceTerminated when nothing of it is left."""
    rows = [row for instance_id in kept["InstanceIds"] if (row := find(ctx, INSTANCE, instance_id)) is not None]
    if all(row.state is InstanceState.TERMINATED for row in rows):
        raise AwsError(
            "IdempotentInstanceTerminated",
            "The client token you have provided is associated with a terminated instance. Please use a different "
            "client token.",
        )
    return render_reservations(ctx, rows)[0]


LAUNCH = Repeat(kept=_ids, again=_reservation, scope=_zone)
