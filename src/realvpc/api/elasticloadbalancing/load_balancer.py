"""Network Load Balancers: create, describe, delete, and what SetSubnets and its like change (Elastic Load Balancing API
Reference; Network Load Balancers guide)."""

from __future__ import annotations

from msgspec.structs import replace

from realvpc.net.balancing_zone import balancing_zone_id
from realvpc.net.load_balancer import PREFIX, LoadBalancer, LoadBalancerEvent, Scheme
from realvpc.net.load_balancing import endpoint_links, service_of
from realvpc.net.network_interface import NetworkInterface
from realvpc.net.quotas import NETWORK_LOAD_BALANCERS_PER_REGION
from realvpc.net.table import Change, delete, put
from realvpc.net.target_place import zone_of

from ..core.context import Answer, Context, Request, Response
from ..core.effort import COMPARING
from ..core.errors import AwsError
from ..ec2.public_address import disassociated
from .common import (
    balancer_at,
    check_name,
    invalid_configuration,
    listeners_of,
    named,
    paged,
    perhaps_balancer_at,
    validation_error,
)
from .node import WantedNode, is_there, new_nodes, read_groups, read_nodes
from .tag import read_tags

_NETWORK = "network"
_ENFORCED, _NOT_ENFORCED = "on", "off"


def create_load_balancer(ctx: Context, request: Request) -> Answer:
    """The same once more, under the same name, is the one that is there, if all that is said is so.

    Raises ValidationError, DuplicateLoadBalancerName, TooManyLoadBalancers, SubnetNotFound, InvalidSubnet,
    InvalidSecurityGroup, AllocationIdNotFound, ResourceInUse, InvalidConfigurationRequest, DuplicateTagKeys,
    TooManyTags.
    """
    name = request["Name"]
    _refuse_others(request)
    check_name("The load balancer name", name)
    if name.startswith("internal-"):
        raise validation_error(f"The load balancer name '{name}' cannot begin with 'internal-'")
    scheme = Scheme(request.get("Scheme") or Scheme.INTERNET_FACING)
    wanted = read_nodes(ctx, request, is_internal=scheme is Scheme.INTERNAL)
    vpc_id = wanted[0].subnet.vpc_id
    groups = read_groups(ctx, vpc_id, request.get("SecurityGroups") or ())
    tags = read_tags(request.get("Tags") or ())
    there = named(ctx, ctx.network.load_balancers, name)
    if there is not None:
        nodes = {row.subnet_id: row for row in ctx.network.interfaces_of(there.id)}
        same_nodes = {*nodes} == {row.subnet.id for row in wanted} and all(
            is_there(ctx, nodes[row.subnet.id], row) for row in wanted
        )
        same_groups = {*next(iter(nodes.values())).group_ids} == {row.id for row in groups}
        same_tags = tags.items() <= there.tags.items()
        if not (there.scheme is scheme and same_nodes and same_groups and same_tags):
            raise AwsError(
                "DuplicateLoadBalancerName",
                f"A load balancer with the same name '{name}' exists, but with different settings",
            )
        return Answer({"LoadBalancers": [_render(ctx, there)]})
    _check_quota(ctx)
    _check_way_out(ctx, vpc_id, scheme)
    pending = LoadBalancer(
        id=ctx.new_id(PREFIX),
        account=ctx.account,
        region=ctx.region,
        tags=tags,
        name=name,
        scheme=scheme,
        vpc_id=vpc_id,
        created_at=ctx.now,
        named_subnets=_named(wanted),
    )
    change = new_nodes(ctx, pending, wanted, groups)
    stored = pending if ctx.options.has_fabric else pending.after(LoadBalancerEvent.UP) or pending
    change += put(stored)
    later = ctx.with_state(ctx.state.apply(change))
    return Answer({"LoadBalancers": [_render(later, pending)]}, change)


def _refuse_others(request: Request) -> None:
    """Raises ValidationError, InvalidConfigurationRequest."""
    if (kind := request.get("Type") or "application") != _NETWORK:
        raise invalid_configuration(
            f"Load balancers of the type '{kind}' are not available here. Specify the type '{_NETWORK}'."
        )
    if (family := request.get("IpAddressType") or "ipv4") != "ipv4":
        raise invalid_configuration(f"The IP address type '{family}' is not available here")
    if request.get("CustomerOwnedIpv4Pool") or (request.get("IpamPools") or {}).get("Ipv4IpamPoolId"):
        raise invalid_configuration("Address pools are not supported for load balancers of this type here")
    if request.get("EnablePrefixForIpv6SourceNat") == "on":
        raise invalid_configuration("Source NAT by IPv6 prefixes is for the dualstack IP address type")


def _named(wanted: list[WantedNode]) -> tuple[str, ...]:
    return tuple(row.subnet.id for row in wanted if row.address)


def _check_quota(ctx: Context) -> None:
    there = ctx.count(ctx.network.load_balancers)
    if there >= (most := ctx.quota(NETWORK_LOAD_BALANCERS_PER_REGION)):
        raise AwsError("TooManyLoadBalancers", f"The maximum number of load balancers has been reached: '{most}'")


def _check_way_out(ctx: Context, vpc_id: str, scheme: Scheme) -> None:
    if scheme is Scheme.INTERNET_FACING and ctx.network.internet_gateway_of(vpc_id) is None:
        raise AwsError("InvalidSubnet", f"VPC {vpc_id} has no internet gateway")


def delete_load_balancer(ctx: Context, request: Request) -> Answer:
    """With its listeners; its target groups stay.  Of one that is not there nothing is said.

    Raises ValidationError, OperationNotPermitted, ResourceInUse.
    """
    arn = request["LoadBalancerArn"]
    balancer = perhaps_balancer_at(ctx, arn)
    if balancer is None:
        return Answer({})
    if balancer.is_protected:
        raise AwsError(
            "OperationNotPermitted",
            f"Load balancer '{arn}' cannot be deleted because deletion protection is enabled",
        )
    if service_of(ctx.network, balancer.id) is not None:
        raise AwsError(
            "ResourceInUse",
            f"Load balancer '{arn}' cannot be deleted because it is currently associated with another service",
        )
    deleted = balancer.after(LoadBalancerEvent.DELETE)
    assert deleted is not None, "in every state that somebody sees it can be"
    change = delete(*listeners_of(ctx, balancer))
    if ctx.options.has_fabric:
        return Answer({}, change + put(deleted))
    return Answer({}, change + delete(balancer) + _without(ctx, ctx.network.interfaces_of(balancer.id)))


def _without(ctx: Context, nodes: tuple[NetworkInterface, ...]) -> Change:
    """Elastic IP addresses stay with the account."""
    return delete(*nodes) + put(*(row for node in nodes for row in disassociated(ctx.network, node)))


def set_subnets(ctx: Context, request: Request) -> Answer:
    """Nodes that stay keep their addresses.

    Raises ValidationError, LoadBalancerNotFound, and what subnets may be refused for.
    """
    balancer = balancer_at(ctx, request["LoadBalancerArn"])
    if (request.get("IpAddressType") or "ipv4") != "ipv4" or request.get("EnablePrefixForIpv6SourceNat") == "on":
        raise invalid_configuration("Load balancers have IPv4 addresses alone here")
    nodes = {row.subnet_id: row for row in ctx.network.interfaces_of(balancer.id)}
    any_node = next(iter(nodes.values()))
    wanted = read_nodes(ctx, request, is_internal=balancer.is_internal)
    if wanted[0].subnet.vpc_id != balancer.vpc_id:
        raise AwsError("InvalidSubnet", f"The subnets must belong to the VPC '{balancer.vpc_id}'")
    changed = [row for row in wanted if row.subnet.id in nodes and not is_there(ctx, nodes[row.subnet.id], row)]
    if changed:
        raise invalid_configuration(f"The addresses in the subnet '{changed[0].subnet.id}' cannot be changed")
    new = [row for row in wanted if row.subnet.id not in nodes]
    gone = tuple(row for row in nodes.values() if row.subnet_id not in {each.subnet.id for each in wanted})
    _check_unused(ctx, balancer, gone)
    groups = [ctx.network.security_groups[each] for each in any_node.group_ids]
    named_subnets = tuple(each for each in balancer.named_subnets if each not in {row.subnet_id for row in gone})
    change = _without(ctx, gone) + new_nodes(ctx, balancer, new, groups)
    change += put(replace(balancer, named_subnets=(*named_subnets, *_named(new))))
    later = ctx.with_state(ctx.state.apply(change))
    shown = _render(later, later.network.load_balancers[balancer.id])
    return Answer({"AvailabilityZones": shown["AvailabilityZones"], "IpAddressType": "ipv4"}, change)


def _check_unused(ctx: Context, balancer: LoadBalancer, gone: tuple[NetworkInterface, ...]) -> None:
    """Raises InvalidConfigurationRequest for a zone in which endpoints are connected."""
    zones = {zone_of(ctx.network, row) for row in endpoint_links(ctx.network, balancer)}
    for row in gone:
        if zone_of(ctx.network, row) in zones:
            raise invalid_configuration(
                f"VPC endpoints are connected in the Availability Zone of the subnet '{row.subnet_id}'"
            )


def set_security_groups(ctx: Context, request: Request) -> Answer:
    """Of a load balancer that was made with some: others have none for ever.

    Raises ValidationError, LoadBalancerNotFound, InvalidConfigurationRequest, InvalidSecurityGroup.
    """
    balancer = balancer_at(ctx, request["LoadBalancerArn"])
    refuse_enforcing(request)
    nodes = ctx.network.interfaces_of(balancer.id)
    groups = read_groups(ctx, balancer.vpc_id, request["SecurityGroups"])
    if not groups:
        raise invalid_configuration("A load balancer with security groups must keep at least one")
    if not nodes[0].is_filtered:
        raise invalid_configuration("A load balancer that was created without security groups cannot have any")
    ids = tuple(row.id for row in groups)
    response = {"SecurityGroupIds": list(ids), "EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic": _NOT_ENFORCED}
    return Answer(response, put(*(replace(row, group_ids=ids) for row in nodes)))


def refuse_enforcing(request: Request) -> None:
    """Raises InvalidConfigurationRequest: what comes through endpoints has passed their groups, and those of nodes
    when it leaves."""
    if request.get("EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic") == _ENFORCED:
        raise invalid_configuration("Inbound rules are not enforced on PrivateLink traffic here: specify 'off'")


def set_ip_address_type(ctx: Context, request: Request) -> Answer:
    """Raises ValidationError, LoadBalancerNotFound, InvalidConfigurationRequest."""
    balancer_at(ctx, request["LoadBalancerArn"])
    if (family := request["IpAddressType"]) != "ipv4":
        raise invalid_configuration(f"The IP address type '{family}' is not available here")
    return Answer({"IpAddressType": family})


# -- describe --------------------------------------------------------------------------------------------------------


def describe_load_balancers(ctx: Context, request: Request) -> Answer:
    """Raises ValidationError, LoadBalancerNotFound."""
    arns, names = request.get("LoadBalancerArns") or (), request.get("Names") or ()
    if arns and names:
        raise validation_error("Load balancer names and ARNs cannot be specified at the same time")
    if arns:
        rows = [balancer_at(ctx, arn) for arn in dict.fromkeys(arns)]
    elif names:
        rows = [_named_balancer(ctx, name) for name in dict.fromkeys(names)]
    else:
        rows = list(ctx.visible(ctx.network.load_balancers))
    shown, marker = paged(ctx, request, rows, lambda row: row.name)
    return Answer({"LoadBalancers": [_render(ctx, row) for row in shown], "NextMarker": marker})


def _named_balancer(ctx: Context, name: str) -> LoadBalancer:
    check_name("The load balancer name", name)
    row = named(ctx, ctx.network.load_balancers, name)
    if row is None:
        raise AwsError("LoadBalancerNotFound", f"Load balancers '[{name}]' not found")
    return row


def _render(ctx: Context, balancer: LoadBalancer) -> Response:
    nodes = ctx.network.interfaces_of(balancer.id)
    ctx.effort.spend(COMPARING * len(nodes))
    zones = [_render_node(ctx, balancer, row) for row in nodes]
    response: Response = {
        "LoadBalancerArn": balancer.arn,
        "DNSName": balancer.dns_name,
        "CanonicalHostedZoneId": balancing_zone_id(balancer.region),
        "CreatedTime": balancer.created_at,
        "LoadBalancerName": balancer.name,
        "Scheme": str(balancer.scheme),
        "VpcId": balancer.vpc_id,
        "State": {"Code": str(balancer.state)} | ({"Reason": balancer.state_reason} if balancer.state_reason else {}),
        "Type": _NETWORK,
        "AvailabilityZones": sorted(zones, key=lambda each: str(each["ZoneName"])),
        "IpAddressType": "ipv4",
        "EnablePrefixForIpv6SourceNat": "off",
    }
    if nodes[0].is_filtered:
        response["SecurityGroups"] = list(nodes[0].group_ids)
        response["EnforceSecurityGroupInboundRulesOnPrivateLinkTraffic"] = _NOT_ENFORCED
    return response


def _render_node(ctx: Context, balancer: LoadBalancer, node: NetworkInterface) -> Response:
    """With the addresses that somebody named."""
    addresses: list[Response] = [
        {"IpAddress": str(row.public_address), "AllocationId": row.id} for row in ctx.network.elastic_ips_of(node.id)
    ]
    if node.subnet_id in balancer.named_subnets:
        addresses.append({"PrivateIPv4Address": str(node.private_address)})
    zone = ctx.network.subnets[node.subnet_id].zone_name
    return {"ZoneName": zone, "SubnetId": node.subnet_id, "LoadBalancerAddresses": addresses}
