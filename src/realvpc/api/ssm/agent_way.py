"""The way of an instance's agent to a service of AWS's: by name, over the internet or through an interface endpoint."""

from __future__ import annotations

from typing import Literal

from realvpc.dns.resolve import resolve, resolve_with_dns64
from realvpc.iam.evaluate import EVERYTHING, Principal
from realvpc.iam.role import Role
from realvpc.net.addresses import Address
from realvpc.net.instance import Instance
from realvpc.net.network import Network
from realvpc.net.network_interface import NetworkInterface
from realvpc.net.services import ENDPOINT, ENDPOINT_TLS_PORT
from realvpc.net.trace import ENDPOINTS, INTERNET, SERVICES
from realvpc.reach.question import Question, Reachability, ask
from realvpc.store.state import State

from ..core.endpoint_policy import Said, said_of

NEEDED = {"ssm": "ssm:UpdateInstanceInformation", "ssmmessages": "ssmmessages:OpenControlChannel"}
"""What an agent calls, by the service's label, and what it first does there (Systems Manager guide, "Reference:
ec2messages, ssmmessages, and other API operations")."""


def talk(
    network: Network, interface: NetworkInterface, to: Address, protocol: Literal["tcp", "udp"], port: int
) -> Reachability | None:
    """None where the interface has no address of that family to ask from."""
    source = next(iter(interface.private_addresses if to.is_ipv4 else interface.ipv6_addresses), None)
    if source is None:
        return None
    return ask(network, Question(at=interface.id, source=source, destination=to, protocol=protocol, port=port))


def way_to(state: State, interface: NetworkInterface, name: str, name_server: Reachability) -> Reachability | None:
    """How packets fare that are for the service of this name: the best of its addresses; None when it has none."""
    found = [
        way
        for address in _addresses(state, interface, name, name_server)
        if (way := talk(state.network, interface, address, "tcp", ENDPOINT_TLS_PORT)) is not None
    ]
    return next(filter(is_there, found), found[0] if found else None)


def is_there(way: Reachability) -> bool:
    """Whether it leads to AWS, and back."""
    return bool(way.reachable) and way.forward.delivered_to in (INTERNET, ENDPOINTS)


def _addresses(state: State, interface: NetworkInterface, name: str, name_server: Reachability) -> tuple[Address, ...]:
    """Another server than the VPC's resolver knows what the internet knows."""
    if name_server.forward.delivered_to != SERVICES:
        return (ENDPOINT,)
    vpc, subnet = state.network.vpcs[interface.vpc_id], state.network.subnets[interface.subnet_id]
    wanted = "A" if interface.private_addresses else "AAAA"
    found = (resolve_with_dns64 if subnet.enable_dns64 else resolve)(state, vpc, f"{name}.", wanted)
    return tuple(Address.parse(value) for records in found.answer if records.type == wanted for value in records.values)


def is_let_through(state: State, way: Reachability, role: Role, instance: Instance, label: str) -> bool:
    """Whether the endpoint that the way leads through, if any, is for the service and its policy allows the agent."""
    if way.forward.delivered_to != ENDPOINTS:
        return True
    endpoint, action = state.network.vpc_endpoints[way.forward.resource], NEEDED[label]
    account = instance.account
    session = f"arn:aws:sts::{account}:assumed-role/{role.name}/{instance.id}"
    principal = Principal(account=account, arn=session, user_id=f"{role.role_id}:{instance.id}")
    arn = f"arn:aws:ec2:{instance.region}:{account}:instance/{instance.id}"
    resource = arn if action.startswith("ssm:") else EVERYTHING
    conditions = {
        "aws:PrincipalAccount": account,
        "aws:PrincipalArn": role.arn,
        "aws:RequestedRegion": instance.region,
        "aws:SourceVpc": endpoint.vpc_id,
        "aws:SourceVpce": endpoint.id,
        "aws:VpcSourceIp": str(way.question.source),
        "aws:userid": principal.user_id,
    }
    said, _ = said_of(endpoint.policy_document, principal, action, (resource,), conditions)
    return endpoint.service.label == label and said is Said.ALLOWED
