"""The addresses that CreateNatGateway asks for (EC2 API Reference)."""

from __future__ import annotations

from msgspec import Struct

from realvpc.net.addresses import Address
from realvpc.net.nat_gateway import Connectivity
from realvpc.net.quotas import ELASTIC_IPS_PER_NAT_GATEWAY, PRIVATE_ADDRESSES_PER_NAT_GATEWAY
from realvpc.net.subnet import Subnet

from ..core.context import Context, Request
from ..core.errors import AwsError, invalid_parameter_combination, invalid_parameter_value
from ..core.parameters import unnamed_count
from .address_picker import AddressPicker, ipv4_block

_ONLY_PUBLIC = ("AllocationId", "SecondaryAllocationIds")


class Wanted(Struct, frozen=True):
    """Private addresses, None for any that is free, and for a public gateway as many Elastic IP addresses; the primary
    ones first."""

    connectivity: Connectivity
    addresses: tuple[Address | None, ...]
    allocation_ids: tuple[str, ...]


def read_wanted(ctx: Context, request: Request, picker: AddressPicker, subnet: Subnet) -> Wanted:
    """Raises MissingParameter, InvalidParameterValue, InvalidParameterCombination, ``InvalidIPAddress.InUse``,
    AddressLimitExceeded, PrivateIpAddressLimitExceeded."""
    ipv4_block(subnet)
    text = request.get("ConnectivityType") or Connectivity.PUBLIC
    if text not in set(Connectivity):
        raise invalid_parameter_value(f"Value ({text}) for parameter connectivityType is invalid.")
    connectivity = Connectivity(text)
    texts = request.get("SecondaryPrivateIpAddresses") or []
    count = unnamed_count(request, "SecondaryPrivateIpAddressCount", "SecondaryPrivateIpAddresses", texts)
    if connectivity is Connectivity.PRIVATE:
        allocation_ids: tuple[str, ...] = ()
        _refuse_with(connectivity, request, _ONLY_PUBLIC)
    else:
        allocation_ids = _allocation_ids(request)
        _refuse_with(connectivity, request, ("SecondaryPrivateIpAddressCount",))
        if texts:
            check_as_many(texts, allocation_ids[1:])
        count = 0 if texts else len(allocation_ids) - 1
    check_room(ctx, private=1 + len(texts) + count, public=len(allocation_ids))
    primary = request.get("PrivateIpAddress")
    named = tuple(picker.claim(subnet, each) if each else None for each in (primary, *texts))
    return Wanted(connectivity, (*named, *[None] * count), allocation_ids)


def _allocation_ids(request: Request) -> tuple[str, ...]:
    if not request.get("AllocationId"):
        raise AwsError(
            "MissingParameter",
            "The request must include the AllocationId parameter. Add the required parameter and retry the request.",
        )
    found = (request["AllocationId"], *(request.get("SecondaryAllocationIds") or []))
    check_distinct(found)
    return found


def check_distinct(allocation_ids: tuple[str, ...]) -> None:
    """Raises InvalidParameterValue for an address that is named twice."""
    seen: set[str] = set()
    for allocation_id in allocation_ids:
        if allocation_id in seen:
            raise invalid_parameter_value(f"Elastic IP address {allocation_id} is specified more than once.")
        seen.add(allocation_id)


def check_as_many(private: list[str], allocation_ids: tuple[str, ...]) -> None:
    """Raises InvalidParameterCombination."""
    if len(private) != len(allocation_ids):
        raise invalid_parameter_combination(
            "The number of private IP addresses must be the same as the number of allocation IDs."
        )


def check_room(ctx: Context, *, private: int, public: int) -> None:
    """Whether a gateway may have so many addresses.  Raises AddressLimitExceeded, PrivateIpAddressLimitExceeded."""
    if public > (allowed := ctx.quota(ELASTIC_IPS_PER_NAT_GATEWAY)):
        raise AwsError(
            "AddressLimitExceeded",
            f"Performing this operation would exceed the limit of {allowed} Elastic IP addresses per NAT gateway",
        )
    if private > (allowed := ctx.quota(PRIVATE_ADDRESSES_PER_NAT_GATEWAY)):
        raise AwsError(
            "PrivateIpAddressLimitExceeded",
            f"Performing this operation would exceed the limit of {allowed} private IP addresses per NAT gateway",
        )


def _refuse_with(connectivity: Connectivity, request: Request, members: tuple[str, ...]) -> None:
    for member in members:
        if request.get(member) is not None:
            name = member[:1].lower() + member[1:]
            raise invalid_parameter_combination(
                f"The parameter {name} cannot be used with a NAT gateway with connectivity type {connectivity}."
            )
