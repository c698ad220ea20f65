"""Random requests about IPv6, most of them good: what is refused changes nothing, what is acknowledged keeps the state
sound, and what nodes are told follows."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import Any

import pytest

from realvpc.api.core.errors import AwsError
from realvpc.net.addresses import Cidr

from . import invariants
from .conftest import MAIN, TOKYO, Client
from .ec2.test_run_instances import IMAGE
from .told_node import ToldNode

STEPS = 600


class Actor:
    """Somebody who does one thing after the other with what there is."""

    def __init__(self, client: Client, random: Random) -> None:
        self.random = random
        self._client = client
        self._network = client.service.state.network

    def step(self) -> str:
        """Returns what was done, or why not."""
        self._network = self._client.service.state.network
        action, parameters = self.random.choice(self._actions)(self)
        before = self._client.service.state
        try:
            self._client(action, **parameters)
        except AwsError as error:
            assert self._client.service.state is before, (action, parameters, error)
            return f"{action}: {error.code}"
        return action

    def _pick(self, rows: Any, fallback: str) -> str:
        ids = sorted(rows)
        return self.random.choice(ids) if ids and self.random.random() < 0.95 else fallback

    def _vpc(self) -> str:
        return self._pick(self._network.vpcs, "vpc-00000000000000001")

    def _subnet(self) -> str:
        return self._pick(self._network.subnets, "subnet-00000000000000001")

    def _interface(self) -> str:
        return self._pick(self._network.interfaces, "eni-00000000000000001")

    def _block(self) -> str:
        blocks = sorted(block for vpc in self._network.vpcs.values() for block in vpc.ipv6_cidrs)
        block = self.random.choice(blocks or [Cidr.parse("2001:db8::/56")])
        return str(block.subnet(self.random.randrange(4), self.random.choice((60, 64, 64, 64, 56, 68))))

    def _address(self) -> str:
        blocks = sorted(row.ipv6_cidr for row in self._network.subnets.values() if row.ipv6_cidr)
        return str(self.random.choice(blocks or [Cidr.parse("2001:db8::/64")]).at(self.random.choice((3, 4, 5, 6))))

    def _create_vpc(self) -> tuple[str, dict[str, Any]]:
        ipv6 = self.random.random() < 0.8
        return "CreateVpc", {"CidrBlock": "10.0.0.0/16", "AmazonProvidedIpv6CidrBlock": ipv6}

    def _grow_vpc(self) -> tuple[str, dict[str, Any]]:
        return "AssociateVpcCidrBlock", {"VpcId": self._vpc(), "AmazonProvidedIpv6CidrBlock": True}

    def _shrink_vpc(self) -> tuple[str, dict[str, Any]]:
        ids = [row.id for vpc in self._network.vpcs.values() for row in vpc.ipv6_cidr_associations]
        return "DisassociateVpcCidrBlock", {"AssociationId": self._pick(ids, "vpc-cidr-assoc-1")}

    def _delete_vpc(self) -> tuple[str, dict[str, Any]]:
        return "DeleteVpc", {"VpcId": self._vpc()}

    def _create_subnet(self) -> tuple[str, dict[str, Any]]:
        ipv6 = {"Ipv6CidrBlock": self._block()} if self.random.random() < 0.7 else {}
        return "CreateSubnet", {"VpcId": self._vpc(), "CidrBlock": f"10.0.{self.random.randrange(8)}.0/24"} | ipv6

    def _grow_subnet(self) -> tuple[str, dict[str, Any]]:
        return "AssociateSubnetCidrBlock", {"SubnetId": self._subnet(), "Ipv6CidrBlock": self._block()}

    def _shrink_subnet(self) -> tuple[str, dict[str, Any]]:
        ids = [row.id for subnet in self._network.subnets.values() for row in subnet.ipv6_cidr_associations]
        return "DisassociateSubnetCidrBlock", {"AssociationId": self._pick(ids, "subnet-cidr-assoc-1")}

    def _change_subnet(self) -> tuple[str, dict[str, Any]]:
        name = self.random.choice(
            ("AssignIpv6AddressOnCreation", "EnableDns64", "EnableResourceNameDnsAAAARecordOnLaunch")
        )
        return "ModifySubnetAttribute", {"SubnetId": self._subnet(), name: {"Value": self.random.random() < 0.5}}

    def _create_interface(self) -> tuple[str, dict[str, Any]]:
        return "CreateNetworkInterface", {"SubnetId": self._subnet()} | self._wanted()

    def _launch(self) -> tuple[str, dict[str, Any]]:
        request = {"ImageId": IMAGE, "InstanceType": "t3.micro", "MinCount": 1, "MaxCount": 1}
        return "RunInstances", request | {"SubnetId": self._subnet()} | self._wanted()

    def _wanted(self) -> dict[str, Any]:
        return self.random.choice(
            (
                {},
                {"Ipv6AddressCount": self.random.randrange(3)},
                {"Ipv6Addresses": [{"Ipv6Address": self._address()}]},
                {"Ipv6AddressCount": 1, "EnablePrimaryIpv6": True},
            )
        )

    def _assign(self) -> tuple[str, dict[str, Any]]:
        wanted = self.random.choice(({"Ipv6AddressCount": 1}, {"Ipv6Addresses": [self._address()]}))
        return "AssignIpv6Addresses", {"NetworkInterfaceId": self._interface()} | wanted

    def _unassign(self) -> tuple[str, dict[str, Any]]:
        interface_id = self._interface()
        row = self._network.interfaces.get(interface_id)
        address = str(self.random.choice(row.ipv6_addresses)) if row and row.ipv6_addresses else self._address()
        return "UnassignIpv6Addresses", {"NetworkInterfaceId": interface_id, "Ipv6Addresses": [address]}

    def _make_primary(self) -> tuple[str, dict[str, Any]]:
        wanted = self.random.random() < 0.7
        return "ModifyNetworkInterfaceAttribute", {"NetworkInterfaceId": self._interface(), "EnablePrimaryIpv6": wanted}

    def _delete_interface(self) -> tuple[str, dict[str, Any]]:
        return "DeleteNetworkInterface", {"NetworkInterfaceId": self._interface()}

    def _create_gateway(self) -> tuple[str, dict[str, Any]]:
        return "CreateEgressOnlyInternetGateway", {"VpcId": self._vpc()}

    def _delete_gateway(self) -> tuple[str, dict[str, Any]]:
        gateway_id = self._pick(self._network.egress_only_internet_gateways, "eigw-00000000000000001")
        return "DeleteEgressOnlyInternetGateway", {"EgressOnlyInternetGatewayId": gateway_id}

    def _route(self) -> tuple[str, dict[str, Any]]:
        table_id = self._pick(self._network.route_tables, "rtb-00000000000000001")
        gateway_id = self._pick(self._network.egress_only_internet_gateways, "eigw-00000000000000001")
        destination = self.random.choice(("::/0", "2001:db8:8000::/48", self._block()))
        parameters = {"DestinationIpv6CidrBlock": destination, "EgressOnlyInternetGatewayId": gateway_id}
        return "CreateRoute", {"RouteTableId": table_id} | parameters

    _actions = (
        _create_vpc, _grow_vpc, _shrink_vpc, _delete_vpc, _create_subnet, _create_subnet, _grow_subnet, _shrink_subnet,
        _change_subnet, _change_subnet, _create_interface, _launch, _assign, _assign, _unassign, _make_primary,
        _delete_interface, _create_gateway, _delete_gateway, _route,
    )  # fmt: skip


@pytest.mark.parametrize("seed", range(3))
def test_the_state_stays_sound(client: Client, seed: int) -> None:
    assert (client.account, client.region) == (MAIN, TOKYO)
    actor, node = Actor(client, Random(seed)), ToldNode(client.service)
    outcomes = Counter[str]()
    for _ in range(STEPS):
        before = client.service.state
        outcomes[actor.step()] += 1
        if client.service.state is not before:
            invariants.check(client.service.state)
            node.check(client.service.state)
    done = {action for action in outcomes if ": " not in action}
    assert {
        "AssignIpv6Addresses", "AssociateSubnetCidrBlock", "AssociateVpcCidrBlock", "CreateEgressOnlyInternetGateway",
        "CreateRoute", "DisassociateSubnetCidrBlock", "DisassociateVpcCidrBlock", "RunInstances",
        "UnassignIpv6Addresses",
    } <= done  # fmt: skip
