"""The endpoints that lead to an account's services, as their owner sees them: described, accepted, rejected
(PrivateLink guide, "Accept or reject connection requests"; EC2 API Reference)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from realvpc.net.endpoint_service import EndpointServiceConfiguration
from realvpc.net.load_balancing import connections_of, placed, service_named
from realvpc.net.network_interface import NetworkInterface
from realvpc.net.table import Change, put
from realvpc.net.vpc_endpoint import EndpointEvent, VpcEndpoint

from ..core.context import Answer, Context, Request, Response
from ..core.describe import paginate
from ..core.effort import COMPARING
from ..core.errors import AwsError
from ..core.filter import FilterValues, no_values, passing
from ..core.lookup import find_all, named
from .endpoint_service import ENDPOINT_SERVICE
from .endpoint_service_use import check_zones, no_room


def describe_vpc_endpoint_connections(ctx: Context, request: Request) -> Answer:
    """Of all services of the caller's.  Raises InvalidParameterValue for a filter or a page."""
    shown, token = paginate(request, passing(ctx, request, _connections(ctx), _filter))
    return Answer({"VpcEndpointConnections": [_render(ctx, row) for row in shown], "NextToken": token})


def _connections(ctx: Context) -> Iterator[VpcEndpoint]:
    for service in find_all(ctx, ENDPOINT_SERVICE):
        rows = connections_of(ctx.network, service)
        ctx.effort.spend(COMPARING * len(rows))
        yield from rows


def accept_vpc_endpoint_connections(ctx: Context, request: Request) -> Answer:
    """Those that cannot be accepted are told one by one.  Raises ``InvalidVpcEndpointServiceId.NotFound``."""
    return _answered(ctx, request, EndpointEvent.ACCEPT)


def reject_vpc_endpoint_connections(ctx: Context, request: Request) -> Answer:
    """The connection of one that was accepted ends.  Those that cannot be rejected are told one by one.

    Raises ``InvalidVpcEndpointServiceId.NotFound``.
    """
    return _answered(ctx, request, EndpointEvent.REJECT)


def _answered(ctx: Context, request: Request, event: EndpointEvent) -> Answer:
    service = named(ctx, ENDPOINT_SERVICE, request, "ServiceId")
    change, unsuccessful = Change(), []
    for endpoint_id in dict.fromkeys(request["VpcEndpointIds"]):
        later = ctx.with_state(ctx.state.apply(change)) if change else ctx
        try:
            change += _answer(later, service, endpoint_id, event)
        except AwsError as error:
            shown = {"Code": error.code, "Message": error.message}
            unsuccessful.append({"ResourceId": endpoint_id, "Error": shown})
    return Answer({"Unsuccessful": unsuccessful}, change)


def _answer(ctx: Context, service: EndpointServiceConfiguration, endpoint_id: str, event: EndpointEvent) -> Change:
    """Raises what is told of the endpoint."""
    endpoint = ctx.network.vpc_endpoints.get(endpoint_id)
    if endpoint is None or endpoint.service_name != service.name:
        raise AwsError("InvalidVpcEndpointId.NotFound", f"The Vpc Endpoint Id '{endpoint_id}' does not exist")
    after = endpoint.after(event)
    if after is None:
        raise AwsError("InvalidState", f"The VPC endpoint {endpoint_id} is {endpoint.state}.")
    interfaces: Iterable[NetworkInterface] | None = ()
    if after.is_connected:
        interfaces = ctx.network.interfaces_of(endpoint_id)
        check_zones(ctx, endpoint, (ctx.network.subnets[row.subnet_id] for row in interfaces))
        interfaces = placed(ctx.network, service, interfaces)
    if interfaces is None:
        raise no_room(service)
    return put(after, *interfaces)


def _render(ctx: Context, endpoint: VpcEndpoint) -> Response:
    network = ctx.network
    service = service_named(network, endpoint.service_name)
    assert service is not None, "it is one of the caller's"
    zones = [network.subnets[row.subnet_id].zone_name for row in network.interfaces_of(endpoint.id)]
    return {
        "ServiceId": service.id,
        "VpcEndpointId": endpoint.id,
        "VpcEndpointOwner": endpoint.account,
        "VpcEndpointState": str(endpoint.state),
        "VpcEndpointRegion": endpoint.region,
        "CreationTimestamp": endpoint.created_at,
        "DnsEntries": [{"DnsName": each.name, "HostedZoneId": each.zone_id} for each in endpoint.dns_entries(zones)],
        "NetworkLoadBalancerArns": [network.load_balancers[each].arn for each in service.load_balancer_ids],
        "IpAddressType": endpoint.ip_address_type,
        "VpcEndpointConnectionId": f"vpce-con-{endpoint.id.rpartition('-')[2]}",
        "Tags": [],
    }


_FILTERS: dict[str, FilterValues[VpcEndpoint]] = {
    "ip-address-type": lambda ctx, row: [row.ip_address_type],
    "service-id": lambda ctx, row: [row.service.id],
    "vpc-endpoint-id": lambda ctx, row: [row.id],
    "vpc-endpoint-owner": lambda ctx, row: [row.account],
    "vpc-endpoint-region": lambda ctx, row: [row.region],
    "vpc-endpoint-state": lambda ctx, row: [str(row.state)],
}
_NEVER: Callable[..., Iterable[str]] = no_values


def _filter(name: str) -> FilterValues[VpcEndpoint] | None:
    """Connections have no tags of their own here."""
    return _NEVER if name == "tag-key" or name.startswith("tag:") else _FILTERS.get(name)
