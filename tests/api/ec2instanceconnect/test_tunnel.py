"""Who may open a tunnel through an EC2 Instance Connect Endpoint, and whereto."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from realvpc.api.core.call import Call
from realvpc.api.core.errors import AwsError
from realvpc.api.ec2instanceconnect.tunnel import TUNNEL_ACTIONS
from realvpc.api.machine_report import machine_up
from realvpc.api.service import Service
from realvpc.clock import Clock
from realvpc.iam.evaluate import Allowed, Conditions, Principal, Refused, Verdict

from ..build import make_subnet, make_vpc
from ..conftest import MAIN, OTHER, TOKYO, Client, caller, new_service, performed

SERVICE = "ec2-instance-connect"


class Door:
    """Asks for tunnels of one endpoint; what is not said is right."""

    def __init__(self, service: Service, account: str = MAIN, endpoint_id: str = "") -> None:
        self.client = Client(service, account, TOKYO)
        self.endpoint_id = endpoint_id

    @classmethod
    def of(cls, service: Service) -> Door:
        service.include({SERVICE: TUNNEL_ACTIONS})
        door = cls(service)
        subnet_id = make_subnet(door.client, make_vpc(door.client))
        made = door.client("CreateInstanceConnectEndpoint", SubnetId=subnet_id)["InstanceConnectEndpoint"]
        door.endpoint_id = made["InstanceConnectEndpointId"]
        return door

    def __call__(self, **more: str) -> dict[str, object]:
        """The tunnel, or what was wrong."""
        said = {"instanceConnectEndpointId": self.endpoint_id, "remotePort": "22", "privateIpAddress": "10.20.0.9"}
        request = {name: value for name, value in (said | more).items() if value}
        caller_ = caller(self.client.account, self.client.region)
        return performed(self.client.service, Call(SERVICE, "OpenTunnel", request, caller_, "req-1"))

    def refused(self, **more: str) -> AwsError:
        with pytest.raises(AwsError) as caught:
            self(**more)
        return caught.value


@pytest.fixture
def door(clock: Clock) -> Door:
    service = new_service(clock, has_fabric=True)
    door = Door.of(service)
    service.report(machine_up(door.endpoint_id, 1), "test")
    return door


def test_a_tunnel_leads_from_the_endpoint_to_an_address(door: Door) -> None:
    expected = {"endpoint_id": door.endpoint_id, "account": MAIN, "address": "10.20.0.9", "port": 22, "seconds": 3600}
    assert door() == expected
    wanted = {"ipAddress": "10.30.0.9", "privateIpAddress": "", "remotePort": "3389", "maxTunnelDuration": "60"}
    assert door(**wanted) == expected | {"address": "10.30.0.9", "port": 3389, "seconds": 60}


@pytest.mark.parametrize("port", ["", "0", "23", "5432", "22x", "-22", "022222", "²²", "2 2"])
def test_it_leads_to_two_ports(door: Door, port: str) -> None:
    error = door.refused(remotePort=port)
    assert (error.code, error.message) == (
        "InvalidParameter",
        "The specified RemotePort is not valid. Specify either 22 or 3389 as the RemotePort and retry your request.",
    )


@pytest.mark.parametrize("seconds", ["0", "3601", "-1", "1e3", "99999999999999999999"])
def test_it_lasts_an_hour_at_most(door: Door, seconds: str) -> None:
    assert door.refused(maxTunnelDuration=seconds).code == "InvalidParameter"


@pytest.mark.parametrize(
    "address", ["", "localhost", "127.0.0.1", "169.254.169.254", "224.0.0.1", "0.0.0.0", "::1", "2001:db8::1", "1.2.3"]
)
def test_it_leads_to_an_address_that_a_vpc_forwards_to_of_the_endpoints_family(door: Door, address: str) -> None:
    assert door.refused(privateIpAddress=address).code == "InvalidParameter"


def test_strangers_and_endpoints_that_are_not_there_are_told_apart_by_nobody(door: Door) -> None:
    other = Door(door.client.service, OTHER, door.endpoint_id)
    unknown = Door(door.client.service, MAIN, "eice-00000000000000000")
    for each in (other, unknown, Door(door.client.service)):
        assert each.refused().code == "InvalidInstanceConnectEndpointId.NotFound"


def test_an_endpoint_without_a_place_on_the_host_takes_none(clock: Clock) -> None:
    assert Door.of(new_service(clock, has_fabric=True)).refused().code == "IncorrectState"
    assert Door.of(new_service(clock)).refused().code == "UnsupportedOperation"


def test_policies_hear_of_the_endpoint_and_of_the_condition_keys_of_the_service(clock: Clock) -> None:
    asked: list[tuple[Sequence[str], dict[str, str | Sequence[str] | None]]] = []

    def evaluate(principal: Principal, action: str, resources: Sequence[str], said: Conditions) -> Verdict:
        if action != "ec2-instance-connect:OpenTunnel":
            return Allowed()
        asked.append((resources, {name: value for name, value in said.items() if not name.startswith("aws:")}))
        return Refused("no")

    door = Door.of(new_service(clock, has_fabric=True, evaluate=evaluate))
    assert door.refused(remotePort="5432").code == "AccessDeniedException", "before anything else is said of it"
    ((resources, conditions),) = asked
    assert resources == (f"arn:aws:ec2:{TOKYO}:{MAIN}:instance-connect-endpoint/{door.endpoint_id}",)
    assert conditions == {
        "ec2-instance-connect:remotePort": "5432",
        "ec2-instance-connect:privateIpAddress": "10.20.0.9",
        "ec2-instance-connect:maxTunnelDuration": "3600",
    }
    for written in (
        {"remotePort": "022", "privateIpAddress": "2001:DB8:0::7", "maxTunnelDuration": "0060"},
        {"remotePort": "22", "ipAddress": "2001:db8::7", "privateIpAddress": "", "maxTunnelDuration": "60"},
    ):
        door.refused(**written)
        assert asked.pop()[1] == {
            "ec2-instance-connect:remotePort": "22",
            "ec2-instance-connect:privateIpAddress": "2001:db8::7",
            "ec2-instance-connect:maxTunnelDuration": "60",
        }, "however it is written"
    door.refused(remotePort="ssh", privateIpAddress="localhost", maxTunnelDuration="1e3")
    assert asked.pop()[1] == {}
