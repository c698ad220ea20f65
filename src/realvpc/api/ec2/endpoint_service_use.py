"""What endpoints find of services, AWS's and accounts' own: who may use which, in which zones, and how they are
connected (PrivateLink guide, "Access virtual appliances and services through AWS PrivateLink")."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from realvpc.net.endpoint_service import EndpointServiceConfiguration
from realvpc.net.load_balancing import balancer_in_zone, placed, service_named
from realvpc.net.network_interface import NetworkInterface
from realvpc.net.subnet import Subnet
from realvpc.net.vpc_endpoint import EndpointState, VpcEndpoint
from realvpc.net.vpc_endpoint_services import EndpointService, is_owned_name, services_named

from ..core.context import Context
from ..core.errors import AwsError, invalid_parameter


def services_open_to_caller(ctx: Context, name: str) -> tuple[EndpointService, ...]:
    """One for each type of endpoint that the service has; none where the caller may not know of it."""
    if not is_owned_name(name):
        return services_named(ctx.region, name)
    found = service_named(ctx.network, name)
    return (found.service,) if found is not None and is_open_to_caller(ctx, found) else ()


def is_open_to_caller(ctx: Context, service: EndpointServiceConfiguration) -> bool:
    return service.region == ctx.region and service.is_open_to(ctx.account, _arns(ctx))


def _arns(ctx: Context) -> Iterator[str]:
    """What principals may call the caller: by the ARN of its own, and of its role."""
    arn = ctx.caller.arn
    yield arn
    kind, _, rest = arn.partition(":assumed-role/")
    if rest:
        name = rest.partition("/")[0]
        role = ctx.directory.role_named(ctx.account, name)
        yield role.id if role else f"{kind.replace(':sts:', ':iam:')}:role/{name}"


def check_zones(ctx: Context, endpoint: VpcEndpoint, subnets: Iterable[Subnet]) -> None:
    """Raises InvalidParameter for a subnet of a zone in which an account's service has no load balancer."""
    if endpoint.leads_to_aws:
        return
    service = service_named(ctx.network, endpoint.service_name)
    for subnet in subnets:
        if balancer_in_zone(ctx.network, service, subnet.zone_id) is None:
            raise invalid_parameter(
                f"The VPC endpoint service {endpoint.service_name} does not support the availability zone of the "
                f"subnet: {subnet.id}."
            )


def asked(ctx: Context, pending: VpcEndpoint) -> VpcEndpoint:
    """The new endpoint as it begins: waiting for the owner of its service, if that wants to be asked."""
    waits = wants_to_be_asked(ctx, pending.service_name)
    return replace(pending, state=EndpointState.PENDING_ACCEPTANCE) if waits else pending


def wants_to_be_asked(ctx: Context, service_name: str) -> bool:
    service = service_named(ctx.network, service_name) if is_owned_name(service_name) else None
    return service is not None and service.acceptance_required


def service_now(ctx: Context, endpoint: VpcEndpoint) -> EndpointService:
    """The endpoint's, with the private name that an account's service has now."""
    service = None if endpoint.leads_to_aws else service_named(ctx.network, endpoint.service_name)
    return endpoint.service if service is None else service.service


def check_verified(ctx: Context, service: EndpointService) -> None:
    """Raises InvalidParameter for an account's service without a private name whose domain is proven."""
    if service.private_names:
        return
    owned = service_named(ctx.network, service.name)
    reason = "does not provide a" if owned is None or owned.private_name is None else "has not verified the"
    raise invalid_parameter(
        f"Private DNS can't be enabled because the service {service.name} {reason} private DNS name."
    )


def connecting(
    ctx: Context, endpoint: VpcEndpoint, interfaces: Iterable[NetworkInterface]
) -> Iterable[NetworkInterface]:
    """New interfaces of the endpoint, with places at the load balancers of an account's service once it is connected.

    Raises VpcEndpointLimitExceeded where a load balancer has no room.
    """
    service = None if endpoint.leads_to_aws else service_named(ctx.network, endpoint.service_name)
    if service is None or not endpoint.is_connected:
        return interfaces
    found = placed(ctx.network, service, interfaces)
    if found is None:
        raise no_room(service)
    return found


def no_room(service: EndpointServiceConfiguration) -> AwsError:
    return AwsError(
        "VpcEndpointLimitExceeded", f"The service {service.name} has no room for another VPC endpoint interface."
    )
