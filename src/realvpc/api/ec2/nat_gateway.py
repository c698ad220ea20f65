"""NAT gateways: create, delete, describe (VPC guide, "NAT gateways"; EC2 API Reference).

What a gateway needs and does not find is no error of CreateNatGateway: it is made, and has ``failed``.
"""

from __future__ import annotations

from msgspec.structs import replace

from realvpc.net.addresses import Address
from realvpc.net.elastic_ip import AddressAssociation, ElasticIp
from realvpc.net.nat_gateway import Connectivity, Failure, GatewayAddress, NatGateway, NatGatewayEvent
from realvpc.net.network_interface import Attachment, NetworkInterface
from realvpc.net.quotas import NAT_GATEWAYS_PER_ZONE
from realvpc.net.subnet import Subnet
from realvpc.net.table import Change, delete, put

from ..core.context import Answer, Context, Request, Response
from ..core.describe import describe
from ..core.effort import COMPARING
from ..core.errors import AwsError, unsupported_operation
from ..core.lookup import named
from ..core.noun import Noun, TellsPrefix, of_state
from ..core.parameters import refuse, required
from ..core.tags import render_tags, tags_on_creation
from .address_picker import AddressPicker
from .nat_gateway_request import Wanted, read_wanted
from .network_interface import new_interface
from .public_address import disassociated
from .subnet import SUBNET
from .wanted_ipv6 import WantedIpv6

_REGIONAL = ("AvailabilityZoneAddresses", "VpcId")


def create_nat_gateway(ctx: Context, request: Request) -> Answer:
    """Its failures are those of a gateway: see ``_failure``.

    Raises MissingParameter, ``InvalidSubnetID.NotFound``, UnsupportedOperation for a regional gateway,
    NatGatewayLimitExceeded, and for addresses InvalidParameterValue, InvalidParameterCombination,
    ``InvalidIPAddress.InUse``, AddressLimitExceeded, PrivateIpAddressLimitExceeded.
    """
    if request.get("AvailabilityMode") == "regional":
        raise unsupported_operation("Regional NAT gateways are not supported.")
    refuse(request, _REGIONAL)
    required(request, "SubnetId")
    subnet = named(ctx, SUBNET, request, "SubnetId")
    picker = AddressPicker(ctx)
    wanted = read_wanted(ctx, request, picker, subnet)
    tags = tags_on_creation(request, NAT_GATEWAY.tag_type)
    _check_quota(ctx, subnet)
    pending = NatGateway(
        id=ctx.new_id(NAT_GATEWAY.prefix),
        account=ctx.account,
        region=ctx.region,
        tags=tags,
        vpc_id=subnet.vpc_id,
        subnet_id=subnet.id,
        connectivity=wanted.connectivity,
        created_at=ctx.now,
    )
    failure = _failure(ctx, subnet, wanted, picker)
    change = _failed(ctx, pending, wanted, failure) if failure else _provided(ctx, pending, wanted, picker, subnet)
    response: Response = {"NatGateway": _render(ctx, pending) | {"NatGatewayAddresses": _asked(wanted)}}
    if request.get("ClientToken"):
        response["ClientToken"] = request["ClientToken"]
    return Answer(response, change)


def _check_quota(ctx: Context, subnet: Subnet) -> None:
    """Raises NatGatewayLimitExceeded: those that are available count, in each zone."""
    gateways = ctx.network.available_nat_gateways(ctx.account, ctx.region)
    ctx.effort.spend(COMPARING * len(gateways))
    there = sum(ctx.network.subnets[row.subnet_id].zone_id == subnet.zone_id for row in gateways)
    if there >= (allowed := ctx.quota(NAT_GATEWAYS_PER_ZONE)):
        raise AwsError(
            "NatGatewayLimitExceeded", f"Performing this operation would exceed the limit of {allowed} NAT gateways"
        )


def _failure(ctx: Context, subnet: Subnet, wanted: Wanted, picker: AddressPicker) -> Failure | None:
    """What the gateway does not find (VPC guide, "NAT gateway creation fails")."""
    is_public = wanted.connectivity is Connectivity.PUBLIC
    if is_public and ctx.network.internet_gateway_of(subnet.vpc_id) is None:
        return Failure("Gateway.NotAttached", f"Network {subnet.vpc_id} has no Internet gateway attached")
    for allocation_id in wanted.allocation_ids:
        row = ctx.network.elastic_ips.get(allocation_id)
        words = f"Elastic IP address {allocation_id}"
        if row is None or not ctx.sees(row):
            return Failure("InvalidAllocationID.NotFound", f"{words} could not be associated with this NAT gateway")
        if row.association is not None:
            return Failure("Resource.AlreadyAssociated", f"{words} is already associated")
    if picker.unreserved(subnet) < sum(address is None for address in wanted.addresses):
        return Failure(
            "InsufficientFreeAddressesInSubnet",
            "Subnet has insufficient free addresses to create this NAT gateway",
        )
    return None


def _failed(ctx: Context, pending: NatGateway, wanted: Wanted, failure: Failure) -> Change:
    failed = pending.after(NatGatewayEvent.FAIL, ctx.now)
    assert failed is not None
    asked = tuple(GatewayAddress(allocation_id=allocation_id) for allocation_id in wanted.allocation_ids)
    return put(replace(failed, failure=failure, last_addresses=asked))


def _provided(ctx: Context, pending: NatGateway, wanted: Wanted, picker: AddressPicker, subnet: Subnet) -> Change:
    """The gateway with its interface, to which its Elastic IP addresses are mapped."""
    available = pending.after(NatGatewayEvent.PROVISION, ctx.now)
    assert available is not None
    addresses = tuple(picker.pick(subnet) if address is None else address for address in wanted.addresses)
    made = new_interface(
        ctx, picker, subnet, (), addresses, WantedIpv6(), description=f"Interface for NAT Gateway {pending.id}"
    )
    attachment = Attachment(
        id=ctx.new_id("ela-attach"),
        owner_id=pending.id,
        device_index=1,
        attached_at=ctx.now,
        delete_on_termination=False,
    )
    interface = replace(made, attachment=attachment, source_dest_check=False)
    elastic = [ctx.network.elastic_ips[allocation_id] for allocation_id in wanted.allocation_ids]
    mapped = [mapped_to(ctx, row, interface, address) for row, address in zip(elastic, addresses, strict=False)]
    return put(available, interface, *mapped)


def mapped_to(ctx: Context, row: ElasticIp, interface: NetworkInterface, address: Address) -> ElasticIp:
    association = AddressAssociation(id=ctx.new_id("eipassoc"), interface_id=interface.id, private_address=address)
    return replace(row, association=association)


def _asked(wanted: Wanted) -> list[Response]:
    """The addresses of a gateway that is pending."""
    if wanted.connectivity is Connectivity.PRIVATE:
        return [{"IsPrimary": place == 0, "Status": "assigning"} for place in range(len(wanted.addresses))]
    return [
        {"AllocationId": allocation_id, "IsPrimary": place == 0, "Status": "associating"}
        for place, allocation_id in enumerate(wanted.allocation_ids)
    ]


def delete_nat_gateway(ctx: Context, request: Request) -> Answer:
    """Its Elastic IP addresses stay with the account, its routes become blackholes.  Deleting one that was deleted and
    is still shown changes nothing.

    Raises NatGatewayNotFound, NatGatewayMalformed.
    """
    gateway = named(ctx, NAT_GATEWAY, request, "NatGatewayId")
    deleted = gateway.after(NatGatewayEvent.DELETE, ctx.now)
    if deleted is None:
        return Answer({"NatGatewayId": gateway.id})
    interface = ctx.network.interface_of_nat_gateway(gateway.id)
    if interface is None:
        return Answer({"NatGatewayId": gateway.id}, put(deleted))
    deleted = replace(
        deleted, last_addresses=tuple(_last(ctx, interface, each) for each in interface.private_addresses)
    )
    freed = put(*disassociated(ctx.network, interface))
    return Answer({"NatGatewayId": gateway.id}, put(deleted) + delete(interface) + freed)


def elastic_ip_at(ctx: Context, interface: NetworkInterface, address: Address) -> ElasticIp | None:
    rows = ctx.network.elastic_ips_of(interface.id)
    return next((row for row in rows if row.association and row.association.private_address == address), None)


def _last(ctx: Context, interface: NetworkInterface, address: Address) -> GatewayAddress:
    elastic = elastic_ip_at(ctx, interface, address)
    return GatewayAddress(
        private_address=address,
        public_address=elastic.public_address if elastic else None,
        allocation_id=elastic.id if elastic else None,
        interface_id=interface.id,
    )


def render_address(ctx: Context, interface: NetworkInterface, address: Address, status: str = "succeeded") -> Response:
    elastic = elastic_ip_at(ctx, interface, address)
    response: Response = {
        "NetworkInterfaceId": interface.id,
        "PrivateIp": str(address),
        "IsPrimary": address == interface.private_address,
        "Status": status,
    }
    if elastic is None or elastic.association is None:
        return response
    return response | {
        "AllocationId": elastic.id,
        "PublicIp": str(elastic.public_address),
        "AssociationId": elastic.association.id,
    }


def _render_last(gateway: NatGateway) -> list[Response]:
    return [
        {
            "AllocationId": row.allocation_id,
            "NetworkInterfaceId": row.interface_id,
            "PrivateIp": str(row.private_address) if row.private_address else None,
            "PublicIp": str(row.public_address) if row.public_address else None,
            "IsPrimary": place == 0,
            "Status": "failed" if gateway.failure else "succeeded",
        }
        for place, row in enumerate(gateway.last_addresses)
    ]


def _render(ctx: Context, gateway: NatGateway) -> Response:
    interface = ctx.network.interface_of_nat_gateway(gateway.id)
    response: Response = {
        "NatGatewayId": gateway.id,
        "VpcId": gateway.vpc_id,
        "SubnetId": gateway.subnet_id,
        "State": str(gateway.state),
        "ConnectivityType": str(gateway.connectivity),
        "AvailabilityMode": "zonal",
        "CreateTime": gateway.created_at,
        "NatGatewayAddresses": _render_last(gateway)
        if interface is None
        else [render_address(ctx, interface, address) for address in interface.private_addresses],
        "Tags": render_tags(gateway.tags),
    }
    if gateway.ended_at is not None:
        response["DeleteTime"] = gateway.ended_at
    if gateway.failure is not None:
        response |= {"FailureCode": gateway.failure.code, "FailureMessage": gateway.failure.message}
    return response


NAT_GATEWAY = Noun(
    type=NatGateway,
    prefix="nat",
    not_found="NatGatewayNotFound",
    malformed="NatGatewayMalformed",
    words="NAT gateway",
    sentence="{0} {1} was not found",
    tells_prefix=TellsPrefix.NEVER,
    tag_type="natgateway",
    ids="NatGatewayIds",
    result="NatGateways",
    render=of_state(_render),
    filters={
        "nat-gateway-id": ".id",
        "state": ".state",
        "subnet-id": ".subnet_id",
        "vpc-id": ".vpc_id",
    },
)


def describe_nat_gateways(ctx: Context, request: Request) -> Answer:
    """This action calls its filters by another name than others do."""
    return describe(ctx, request | {"Filters": request.get("Filter")}, NAT_GATEWAY)
