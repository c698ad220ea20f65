"""Every state of every noun that has some: what its owner may ask of it, and that nobody else may ask anything."""

from __future__ import annotations

from datetime import timedelta
from itertools import product
from typing import Any

import pytest

from realvpc.api.core.errors import AwsError
from realvpc.clock import Clock

from .build import make_internet_gateway, make_route_table, make_subnet, make_vpc
from .conftest import MAIN, OTHER, TOKYO, VIRGINIA, Client, new_service
from .ec2.elastic import make_interface
from .lives import machines, networks
from .lives.life import NO, Life

LIVES = {
    "instance": machines.INSTANCE,
    "volume": machines.VOLUME,
    "attachment": machines.ATTACHMENT,
    "NAT gateway": networks.NAT_GATEWAY,
    "VPC endpoint": networks.VPC_ENDPOINT,
    "Instance Connect Endpoint": networks.CONNECT_ENDPOINT,
    "Elastic IP address": networks.ELASTIC_IP,
    "prefix list": networks.PREFIX_LIST,
    "flow log": networks.FLOW_LOG,
    "exclusion": networks.EXCLUSION,
    "group of another VPC": networks.GROUP_ASSOCIATION,
}

EVERY = [
    pytest.param(life, state, action, id=f"{name}, {state}, {action}")
    for name, life in LIVES.items()
    for state, action in product(life.states, life.asked)
]


@pytest.fixture
def client(clock: Clock) -> Client:
    """Of a service whose machines run somewhere: what waits for one stays as it is."""
    return Client(new_service(clock, has_fabric=True), MAIN, TOKYO)


def told(client: Client, action: str, params: dict[str, Any]) -> str:
    """The error of a call, be it told of the one thing that it names; or NO."""
    try:
        answer = client(action, **params)
    except AwsError as error:
        return error.code
    return str(answer["Unsuccessful"][0]["Error"]["Code"]) if answer.get("Unsuccessful") else NO


@pytest.mark.parametrize(("life", "state", "action"), EVERY)
def test_each_request_in_each_state(client: Client, life: Life, state: str, action: str) -> None:
    ids = life.states[state](client)
    assert life.seen(client, ids) == state
    params, before = life.asked[action](ids), client.service.state
    for account, region in ((OTHER, TOKYO), (MAIN, VIRGINIA)):
        code = told(Client(client.service, account, region), action, params)
        assert code == life.unknown or code.endswith(".NotFound")
        assert client.service.state is before
    expected = life.answers[state][list(life.asked).index(action)]
    assert told(client, action, params) == expected
    if expected != NO:
        assert client.service.state is before
    elif client.service.state is before:  # what was asked for is so already
        assert life.seen(client, ids) == state


# -- peering connections: each side may do something else --------------------------------------------------------------

ASKED = ("AcceptVpcPeeringConnection", "RejectVpcPeeringConnection", "DeleteVpcPeeringConnection")
BAD, NOT_MINE = "InvalidStateTransition", "OperationNotPermitted"
PEERING = {
    # by the requester, then by the accepter: accept, reject, delete
    "pending-acceptance": ((NOT_MINE, NOT_MINE, NO), (NO, NO, NOT_MINE)),
    "active": ((NOT_MINE, NOT_MINE, NO), (BAD, BAD, NO)),
    "rejected": ((NOT_MINE, NOT_MINE, BAD), (BAD, BAD, BAD)),
    "deleted": ((NOT_MINE, NOT_MINE, BAD), (BAD, BAD, BAD)),
    "expired": ((NOT_MINE, NOT_MINE, BAD), (BAD, BAD, BAD)),
}
LEADS_TO = {"active": ASKED[0], "rejected": ASKED[1], "deleted": ASKED[2]}


@pytest.mark.parametrize("state", PEERING)
@pytest.mark.parametrize("action", ASKED)
@pytest.mark.parametrize("by_accepter", [False, True], ids=["requester", "accepter"])
def test_what_each_side_of_a_peering_connection_may_do(
    client: Client, clock: Clock, state: str, action: str, by_accepter: bool
) -> None:
    accepter = Client(client.service, OTHER, VIRGINIA)
    far = {"PeerVpcId": make_vpc(accepter, "10.30.0.0/16"), "PeerOwnerId": OTHER, "PeerRegion": VIRGINIA}
    made = client("CreateVpcPeeringConnection", VpcId=make_vpc(client), **far)["VpcPeeringConnection"]
    it = {"VpcPeeringConnectionId": made["VpcPeeringConnectionId"]}
    if state in LEADS_TO:
        (client if state == "deleted" else accepter)(LEADS_TO[state], **it)
    if state == "expired":
        clock.offset = timedelta(days=7)
    [row] = client("DescribeVpcPeeringConnections")["VpcPeeringConnections"]
    assert row["Status"]["Code"] == state
    before = client.service.state
    for account, region in ((OTHER, TOKYO), (MAIN, VIRGINIA)):
        stranger = Client(client.service, account, region)
        assert told(stranger, action, it) == "InvalidVpcPeeringConnectionID.NotFound"
    expected = PEERING[state][by_accepter][ASKED.index(action)]
    assert told(accepter if by_accepter else client, action, it) == expected
    assert (client.service.state is before) == (expected != NO)


# -- routes ------------------------------------------------------------------------------------------------------------

TO = {"local": "10.20.0.0/16", "none": "198.18.0.0/24", "active": "198.18.1.0/24", "blackhole": "198.18.2.0/24"}
ROUTES = {
    # create, create to where it leads already, replace, delete
    "local": ("InvalidParameterValue", "RouteAlreadyExists", "InvalidParameterValue", "InvalidParameterValue"),
    "none": (NO, NO, "InvalidParameterValue", "InvalidRoute.NotFound"),
    "active": ("RouteAlreadyExists", NO, NO, NO),
    "blackhole": ("RouteAlreadyExists", "InvalidNetworkInterfaceID.NotFound", NO, NO),
}


@pytest.mark.parametrize("state", ROUTES)
@pytest.mark.parametrize("place", range(4), ids=["create", "the same", "replace", "delete"])
def test_each_request_about_a_route_in_each_state(client: Client, state: str, place: int) -> None:
    vpc_id = make_vpc(client)
    subnet, gateway = make_subnet(client, vpc_id), make_internet_gateway(client, vpc_id)
    one, gone = ({"NetworkInterfaceId": make_interface(client, subnet)} for _ in range(2))
    table = {"RouteTableId": make_route_table(client, vpc_id)}
    client("CreateRoute", **table, **one, DestinationCidrBlock=TO["active"])
    client("CreateRoute", **table, **gone, DestinationCidrBlock=TO["blackhole"])
    client("DeleteNetworkInterface", **gone)
    action = ("CreateRoute", "CreateRoute", "ReplaceRoute", "DeleteRoute")[place]
    target = ({"GatewayId": gateway}, gone if state == "blackhole" else one, {"GatewayId": gateway}, {})[place]
    params, before = table | target | {"DestinationCidrBlock": TO[state]}, client.service.state
    for account, region in ((OTHER, TOKYO), (MAIN, VIRGINIA)):
        assert told(Client(client.service, account, region), action, params) == "InvalidRouteTableID.NotFound"
    expected = ROUTES[state][place]
    assert told(client, action, params) == expected
    assert expected == NO or client.service.state is before
