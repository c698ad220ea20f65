"""Elastic IP addresses: allocate, release, describe (EC2 guide, "Elastic IP addresses"; EC2 API Reference)."""

from __future__ import annotations

from collections.abc import Iterable

from realvpc.net import indexes
from realvpc.net.addresses import Address
from realvpc.net.elastic_ip import ElasticIp
from realvpc.net.quotas import ELASTIC_IPS_PER_REGION
from realvpc.net.table import delete, put

from ..core.context import Answer, Context, Request, Response
from ..core.describe import select
from ..core.errors import AwsError, invalid_parameter_combination, invalid_parameter_value
from ..core.lookup import get
from ..core.noun import Noun, of_state
from ..core.parameters import parameter_name, refuse, required
from ..core.tags import render_tags, tags_on_creation
from .address_picker import AddressPicker
from .network_interface import check_unmanaged
from .public_address import in_exchange

DOMAIN, POOL = "vpc", "amazon"
_NOT_HERE = ("Address", "CustomerOwnedIpv4Pool", "IpamPoolId")


def allocate_address(ctx: Context, request: Request) -> Answer:
    """An address for the account to keep.  Raises AddressLimitExceeded, InsufficientAddressCapacity,
    UnsupportedOperation for one of another pool or a certain one, InvalidParameterValue."""
    refuse(request, _NOT_HERE)
    for member, only in (("Domain", DOMAIN), ("PublicIpv4Pool", POOL), ("NetworkBorderGroup", ctx.region)):
        _check_only(request, member, only)
    tags = tags_on_creation(request, ELASTIC_IP.tag_type)
    if ctx.count(ctx.network.elastic_ips) >= ctx.quota(ELASTIC_IPS_PER_REGION):
        raise AwsError("AddressLimitExceeded", "The maximum number of addresses has been reached.")
    address = ElasticIp(
        id=ctx.new_id(ELASTIC_IP.prefix),
        account=ctx.account,
        region=ctx.region,
        tags=tags,
        public_address=AddressPicker(ctx).public(),
    )
    shown = ("AllocationId", "PublicIpv4Pool", "NetworkBorderGroup", "Domain", "PublicIp")
    rendered = _render(ctx, address)
    return Answer({member: rendered[member] for member in shown}, put(address))


def _check_only(request: Request, member: str, only: str) -> None:
    if request.get(member) not in (None, "", only):
        raise invalid_parameter_value(f"Value ({request[member]}) for parameter {parameter_name(member)} is invalid.")


def release_address(ctx: Context, request: Request) -> Answer:
    """Raises ``InvalidAllocationID.NotFound``, ``InvalidAddress.NotFound`` for another network border group,
    ``InvalidIPAddress.InUse`` while it is associated, save in a default VPC, and ``InvalidAddress.PtrSet`` while its
    reverse name points somewhere."""
    public_ip = request.get("PublicIp")
    check_one_name(request)
    if public_ip:
        with_public_ip(ctx, public_ip)
        raise invalid_parameter_value("You must specify an allocation id when releasing a VPC elastic IP address")
    address = get(ctx, ELASTIC_IP, required(request, "AllocationId"))
    if request.get("NetworkBorderGroup") not in (None, "", ctx.region):
        raise _not_found(str(address.public_address))
    if address.domain_name is not None:
        raise AwsError(
            "InvalidAddress.PtrSet",
            f"The address with allocation id [{address.id}] cannot be released because it has a PTR record set.",
        )
    if address.association is None:
        return Answer({}, delete(address))
    interface = ctx.network.interfaces[address.association.interface_id]
    check_unmanaged(interface)
    if not ctx.network.vpcs[interface.vpc_id].is_default:
        raise AwsError("InvalidIPAddress.InUse", f"Address {address.public_address} is in use.")
    return Answer({}, in_exchange(ctx, delete(address), address.association))


def check_one_name(request: Request) -> None:
    """Raises InvalidParameterCombination for a request that names an address twice."""
    if request.get("AllocationId") and request.get("PublicIp"):
        raise invalid_parameter_combination("You may specify public IP or allocation id, but not both in the same call")


def with_public_ip(ctx: Context, text: str) -> ElasticIp:
    """The caller's address.  Raises AuthFailure, ``InvalidAddress.Malformed``."""
    row = _find(ctx, text)
    if row is None:
        raise AwsError("AuthFailure", f"The address '{text}' does not belong to you.")
    return row


def _find(ctx: Context, text: str) -> ElasticIp | None:
    """Raises ``InvalidAddress.Malformed``."""
    try:
        row = ctx.network.elastic_ip_with(Address.parse(text))
    except ValueError:
        raise AwsError("InvalidAddress.Malformed", f"Invalid IPv4 address: {text}") from None
    return row if row is not None and ctx.sees(row) else None


def describe_addresses(ctx: Context, request: Request) -> Answer:
    """All of them at once: this action knows no pages.

    Raises ``InvalidAllocationID.NotFound``, ``InvalidAddress.NotFound``, InvalidParameterValue for a filter.
    """
    public_ips = request.get("PublicIps") or []
    if public_ips:
        ids = [*(row.id for row in _named(ctx, public_ips)), *(request.get(ELASTIC_IP.ids) or [])]
        request = request | {ELASTIC_IP.ids: ids}
    rows = select(ctx, request, ELASTIC_IP)
    return Answer({ELASTIC_IP.result: [ELASTIC_IP.render(ctx, row) for row in rows]})


def _named(ctx: Context, public_ips: Iterable[str]) -> Iterable[ElasticIp]:
    for text in public_ips:
        row = _find(ctx, text)
        if row is None:
            raise _not_found(text)
        yield row


def _not_found(public_ip: str) -> AwsError:
    return AwsError("InvalidAddress.NotFound", f"Address '{public_ip}' not found.")


def _render(ctx: Context, row: ElasticIp) -> Response:
    response: Response = {
        "PublicIp": str(row.public_address),
        "AllocationId": row.id,
        "Domain": DOMAIN,
        "PublicIpv4Pool": POOL,
        "NetworkBorderGroup": row.region,
        "Tags": render_tags(row.tags),
    }
    if row.association is None:
        return response
    interface = ctx.network.interfaces[row.association.interface_id]
    return response | {
        "AssociationId": row.association.id,
        "InstanceId": interface.attachment.instance_id if interface.attachment else None,
        "NetworkInterfaceId": interface.id,
        "NetworkInterfaceOwnerId": interface.account,
        "PrivateIpAddress": str(row.association.private_address),
    }


def _of_instance(ctx: Context, instance_id: str) -> Iterable[ElasticIp]:
    for interface in ctx.network.interfaces_of(instance_id):
        yield from ctx.network.elastic_ips_of(interface.id)


ELASTIC_IP = Noun(
    type=ElasticIp,
    prefix="eipalloc",
    not_found="InvalidAllocationID.NotFound",
    malformed=None,
    words="allocation ID",
    tag_type="elastic-ip",
    ids="AllocationIds",
    result="Addresses",
    render=of_state(_render),
    filters={
        "allocation-id": ".id",
        "association-id": ".association.id",
        "domain": "Domain",
        "instance-id": "InstanceId",
        "network-border-group": ".region",
        "network-interface-id": ".association.interface_id",
        "network-interface-owner-id": "NetworkInterfaceOwnerId",
        "private-ip-address": ".association.private_address",
        "public-ip": ".public_address",
    },
    found_by={
        "association-id": lambda ctx, value: ctx.network.elastic_ips.where(indexes.address_association_id, value),
        "instance-id": _of_instance,
        "network-interface-id": lambda ctx, value: ctx.network.elastic_ips_of(value),
    },
)
