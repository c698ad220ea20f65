"""Subnet CIDR reservations (VPC guide, "Subnet CIDR reservations"; EC2 API Reference)."""

from __future__ import annotations

from realvpc.net.addresses import Cidr, overlapping
from realvpc.net.subnet_cidr_reservation import ReservationType, SubnetCidrReservation
from realvpc.net.table import delete, put

from ..core.context import Answer, Context, Request, Response
from ..core.describe import paginate
from ..core.errors import invalid_parameter_value
from ..core.filter import passing
from ..core.lookup import named
from ..core.noun import Noun, of_row
from ..core.parameters import choice
from ..core.tags import render_tags, tags_on_creation
from .address_picker import reservations_of
from .subnet import SUBNET


def create_subnet_cidr_reservation(ctx: Context, request: Request) -> Answer:
    """Set a block aside.  Addresses of it that are in use stay so.

    Raises InvalidParameterValue for what is no block inside the subnet, or overlaps another reservation.
    """
    subnet = named(ctx, SUBNET, request, "SubnetId")
    tags = tags_on_creation(request, SUBNET_CIDR_RESERVATION.tag_type)
    cidr = _read(request["Cidr"])
    if not any(block.covers(cidr) for block in subnet.blocks):
        blocks = ", ".join(str(block) for block in subnet.blocks if block.is_ipv4 == cidr.is_ipv4)
        raise invalid_parameter_value(f"Reservation CIDR should be within subnet CIDR block ({blocks})")
    if overlapping((cidr,), tuple(sorted(row.cidr for row in reservations_of(ctx, subnet)))) is not None:
        raise invalid_parameter_value(f"Reservation CIDR {cidr} has overlap with existing reserved CIDR block")
    row = SubnetCidrReservation(
        id=ctx.new_id(SUBNET_CIDR_RESERVATION.prefix),
        account=ctx.account,
        region=ctx.region,
        tags=tags,
        subnet_id=subnet.id,
        cidr=cidr,
        reservation_type=choice(request, "ReservationType", ReservationType),
        description=request.get("Description") or None,
    )
    return Answer({"SubnetCidrReservation": _render(row)}, put(row))


def _read(text: str) -> Cidr:
    try:
        return Cidr.parse(text)
    except ValueError:
        raise invalid_parameter_value(
            f"Value ({text}) for parameter cidr is invalid. This is not a valid CIDR block."
        ) from None


def delete_subnet_cidr_reservation(ctx: Context, request: Request) -> Answer:
    row = named(ctx, SUBNET_CIDR_RESERVATION, request, "SubnetCidrReservationId")
    return Answer({"DeletedSubnetCidrReservation": _render(row)}, delete(row))


def get_subnet_cidr_reservations(ctx: Context, request: Request) -> Answer:
    """Those of a subnet, a page of both families together.  Raises InvalidParameterValue for an unknown filter."""
    subnet = named(ctx, SUBNET, request, "SubnetId")
    rows = reservations_of(ctx, subnet)
    found = sorted(passing(ctx, request, rows, SUBNET_CIDR_RESERVATION.values_of), key=lambda row: row.id)
    page, token = paginate(request, found)
    shown = [(row.cidr.is_ipv4, SUBNET_CIDR_RESERVATION.render(ctx, row)) for row in page]
    return Answer(
        {
            "SubnetIpv4CidrReservations": [row for is_ipv4, row in shown if is_ipv4],
            "SubnetIpv6CidrReservations": [row for is_ipv4, row in shown if not is_ipv4],
            "NextToken": token,
        }
    )


def _render(row: SubnetCidrReservation) -> Response:
    return {
        "SubnetCidrReservationId": row.id,
        "SubnetId": row.subnet_id,
        "Cidr": str(row.cidr),
        "ReservationType": str(row.reservation_type),
        "OwnerId": row.account,
        "Description": row.description,
        "Tags": render_tags(row.tags),
    }


SUBNET_CIDR_RESERVATION = Noun(
    type=SubnetCidrReservation,
    prefix="scr",
    not_found="InvalidSubnetCidrReservationID.NotFound",
    malformed="InvalidSubnetCidrReservationId.Malformed",
    words="subnetCidrReservation ID",
    tag_type="subnet-cidr-reservation",
    ids="SubnetCidrReservationIds",  # which no action has
    result="SubnetCidrReservations",
    render=of_row(_render),
    filters={"reservationType": "ReservationType", "subnet-id": ".subnet_id"},
)
