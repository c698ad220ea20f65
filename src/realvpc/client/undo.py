"""What takes away again what calls made, as ``aws`` commands for whoever is left with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .aws import Performed
from .command import command_line

_DELETE = {
    "CreateNatGateway": ("DeleteNatGateway", "NatGatewayId", "NatGateway"),
    "AllocateAddress": ("ReleaseAddress", "AllocationId", None),
    "CreateSubnet": ("DeleteSubnet", "SubnetId", "Subnet"),
    "CreateRouteTable": ("DeleteRouteTable", "RouteTableId", "RouteTable"),
    "CreateEgressOnlyInternetGateway": (
        "DeleteEgressOnlyInternetGateway",
        "EgressOnlyInternetGatewayId",
        "EgressOnlyInternetGateway",
    ),
    "AttachInternetGateway": ("DetachInternetGateway", None, None),  # it takes what attaching took
    "CreateInternetGateway": ("DeleteInternetGateway", "InternetGatewayId", "InternetGateway"),
    "CreateVpc": ("DeleteVpc", "VpcId", "Vpc"),
}
"""What undoes a call, the member that names what is to go, and the member of the first call's response that has it; in
the order that AWS asks for: what needs something else goes before that."""


def undoing(calls: Sequence[Performed]) -> list[list[str]]:
    """The words after ``aws``, in order.  Calls that failed have made nothing."""
    return [words for made in _DELETE for call in calls if call.operation == made for words in _words(call)]


def _words(call: Performed) -> Iterator[list[str]]:
    operation, member, within = _DELETE[call.operation]
    if call.response is None:
        return
    undo = command_line(call.words[0], operation, {})
    if member is None:
        yield [*undo, *call.words[len(undo) :]]
        return
    resource_id = (call.response[within] if within else call.response)[member]
    yield command_line(call.words[0], operation, {member: resource_id})
    if operation == "DeleteNatGateway":  # whose address is free afterwards
        service, waiter = command_line(call.words[0], "NatGatewayDeleted", {})
        yield [service, "wait", waiter, "--nat-gateway-ids", resource_id]
