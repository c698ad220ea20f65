"""Endpoint services of one's own: made, permitted, connected, named, and gone."""

from __future__ import annotations

from typing import Any

import pytest

from realvpc.api.machines import workload_specs
from realvpc.clock import Clock
from realvpc.net.load_balancing import LINKS_MAXIMUM
from realvpc.net.machine import ApplianceSpec

from ..build import make_subnet, make_vpc, named, specification
from ..conftest import MAIN, OTHER, TOKYO, Client, new_service
from ..elasticloadbalancing.build import ZONES, Ground
from ..told_node import ToldNode


class Provider(Ground):
    """With a load balancer, a target at 10.20.0.10, and a service in front of it."""

    def __init__(self, client: Client, **more: Any) -> None:
        super().__init__(client)
        self.arn: str = self.balancer(Subnets=self.subnets[:1])["LoadBalancerArn"]
        self.web = self.group()
        self.register(self.web, "10.20.0.10")
        self.listener(self.arn, self.web)
        made = client("CreateVpcEndpointServiceConfiguration", NetworkLoadBalancerArns=[self.arn], **more)
        self.shown: dict[str, Any] = made["ServiceConfiguration"]
        self.id: str = self.shown["ServiceId"]
        self.name: str = self.shown["ServiceName"]

    def permit(self, principal: str = f"arn:aws:iam::{OTHER}:root") -> dict[str, Any]:
        added = self.client("ModifyVpcEndpointServicePermissions", ServiceId=self.id, AddAllowedPrincipals=[principal])
        return added["AddedPrincipals"][0]  # type: ignore[no-any-return]

    def answers(self, action: str, *endpoints: str) -> list[dict[str, Any]]:
        done = self.client(f"{action}VpcEndpointConnections", ServiceId=self.id, VpcEndpointIds=list(endpoints))
        return done["Unsuccessful"]  # type: ignore[no-any-return]

    def links(self) -> list[tuple[str, int]]:
        """The addresses that the load balancer's place has, with the device index of each."""
        [spec] = [row for row in workload_specs(self.client.service.state) if isinstance(row, ApplianceSpec)]
        return [(link.address, link.device_index) for link in spec.links]


class Consumer:
    """Another account, whose VPC has the same blocks."""

    def __init__(self, service: Any) -> None:
        self.client = Client(service, OTHER, TOKYO)
        self.vpc_id = make_vpc(self.client)
        zone_ids = {
            row["ZoneId"]: row["ZoneName"] for row in self.client("DescribeAvailabilityZones")["AvailabilityZones"]
        }
        theirs = Client(service, MAIN, TOKYO)("DescribeAvailabilityZones", ZoneNames=list(ZONES))["AvailabilityZones"]
        self.subnets = [
            make_subnet(self.client, self.vpc_id, f"10.20.{16 * place}.0/20", AvailabilityZone=zone_ids[row["ZoneId"]])
            for place, row in enumerate(sorted(theirs, key=lambda row: str(row["ZoneName"])))
        ]

    def endpoint(self, name: str, **more: Any) -> dict[str, Any]:
        wanted = {"VpcEndpointType": "Interface", "SubnetIds": self.subnets[:1]} | more
        return self.client("CreateVpcEndpoint", VpcId=self.vpc_id, ServiceName=name, **wanted)["VpcEndpoint"]  # type: ignore[no-any-return]

    def refused(self, name: str, **more: Any) -> tuple[str, str]:
        wanted = {"VpcEndpointType": "Interface", "SubnetIds": self.subnets[:1]} | more
        error = self.client.refused("CreateVpcEndpoint", VpcId=self.vpc_id, ServiceName=name, **wanted)
        return error.code, error.message

    def state(self, endpoint_id: str) -> str:
        [row] = self.client("DescribeVpcEndpoints", VpcEndpointIds=[endpoint_id])["VpcEndpoints"]
        return row["State"]  # type: ignore[no-any-return]


@pytest.fixture
def provider(client: Client) -> Provider:
    return Provider(client)


@pytest.fixture
def consumer(provider: Provider) -> Consumer:
    return Consumer(provider.client.service)


def test_a_service_has_what_aws_gives_it(provider: Provider) -> None:
    name = f"com.amazonaws.vpce.{TOKYO}.{provider.id}"
    assert provider.shown["ServiceName"] == name
    assert provider.shown["ServiceState"] == "Available"
    assert provider.shown["AcceptanceRequired"] is True
    assert provider.shown["NetworkLoadBalancerArns"] == [provider.arn]
    assert provider.shown["AvailabilityZones"] == [ZONES[0]]
    assert provider.shown["BaseEndpointDnsNames"] == [f"{provider.id}.{TOKYO}.vpce.amazonaws.com"]
    described = provider.client("DescribeVpcEndpointServiceConfigurations", ServiceIds=[provider.id])
    assert described["ServiceConfigurations"] == [provider.shown]
    tags = specification("vpc-endpoint-service", Name="x")[0]["Tags"]
    provider.client("CreateTags", Resources=[provider.id], Tags=tags)
    [shown] = provider.client("DescribeVpcEndpointServices", Filters=named("tag:Name", "x"))["ServiceDetails"]
    assert (shown["ServiceName"], shown["Owner"], shown["AcceptanceRequired"]) == (name, MAIN, True)
    assert shown["VpcEndpointPolicySupported"] is False


def test_nobody_finds_a_service_who_is_not_permitted(provider: Provider, consumer: Consumer) -> None:
    refused = ("InvalidServiceName", f"The Vpc Endpoint Service '{provider.name}' does not exist")
    assert consumer.refused(provider.name) == refused
    asked: dict[str, Any] = {"ServiceNames": [provider.name]}
    assert consumer.client.refused("DescribeVpcEndpointServices", **asked).code == "InvalidServiceName"
    row = provider.permit()
    assert (row["PrincipalType"], row["ServiceId"]) == ("Account", provider.id)
    [shown] = consumer.client("DescribeVpcEndpointServices", **asked)["ServiceDetails"]
    assert shown["Owner"] == MAIN
    assert consumer.endpoint(provider.name)["State"] == "pendingAcceptance"
    listed = provider.client("DescribeVpcEndpointServicePermissions", ServiceId=provider.id)["AllowedPrincipals"]
    assert [(each["Principal"], each["ServicePermissionId"]) for each in listed] == [
        (f"arn:aws:iam::{OTHER}:root", row["ServicePermissionId"])
    ]
    provider.client(
        "ModifyVpcEndpointServicePermissions", ServiceId=provider.id, RemoveAllowedPrincipals=[row["Principal"]]
    )
    assert consumer.refused(provider.name) == refused


@pytest.mark.parametrize(
    ("principal", "allowed"),
    [
        ("*", True),
        (f"arn:aws:iam::{OTHER}:user/tester", True),
        (f"arn:aws:iam::{OTHER}:user/another", False),
        (f"arn:aws:iam::{OTHER}:role/tester", False),
        ("arn:aws:iam::333333333333:root", False),
    ],
)
def test_who_is_permitted(provider: Provider, consumer: Consumer, principal: str, *, allowed: bool) -> None:
    provider.permit(principal)
    if allowed:
        assert consumer.endpoint(provider.name)
    else:
        assert consumer.refused(provider.name)[0] == "InvalidServiceName"


@pytest.mark.parametrize(
    "principal",
    [
        "everybody",
        "arn:aws:iam::1:root",
        "arn:aws:s3:::x",
        f"arn:aws:iam::{OTHER}:rootABC",
        f"arn:aws:iam::{OTHER}:root/",
        f"arn:aws:iam::{OTHER}:user/",
        f"arn:aws:iam::{OTHER}:role/service/tester",  # "ARNs with path components aren't supported" (API Reference)
        f"arn:aws:iam::{OTHER}:role/{'a' * 65}",
        f"arn:aws:iam::{OTHER}:root\n",
    ],
)
def test_what_is_no_principal_is_refused(provider: Provider, principal: str) -> None:
    for member in ("AddAllowedPrincipals", "RemoveAllowedPrincipals"):
        wanted: dict[str, Any] = {"ServiceId": provider.id, member: [principal]}
        assert provider.client.refused("ModifyVpcEndpointServicePermissions", **wanted).code == "InvalidPrincipal"


@pytest.mark.parametrize(("name", "kind"), [("root", "Account"), ("user/tester", "User"), ("role/tester", "Role")])
def test_principals_have_a_type(provider: Provider, name: str, kind: str) -> None:
    assert provider.permit(f"arn:aws:iam::{OTHER}:{name}")["PrincipalType"] == kind
    assert provider.permit("*")["PrincipalType"] == "All"


def test_an_endpoint_is_connected_when_the_owner_accepts_it(provider: Provider, consumer: Consumer) -> None:
    provider.permit()
    made = consumer.endpoint(provider.name)
    endpoint_id, [interface_id] = made["VpcEndpointId"], made["NetworkInterfaceIds"]
    network = provider.client.service.state.network
    address = network.interfaces[interface_id].private_address
    assert len(provider.links()) == 1
    [row] = provider.client("DescribeVpcEndpointConnections", Filters=named("service-id", provider.id))[
        "VpcEndpointConnections"
    ]
    assert (row["VpcEndpointId"], row["VpcEndpointOwner"], row["VpcEndpointState"]) == (
        endpoint_id,
        OTHER,
        "pendingAcceptance",
    )
    assert provider.answers("Accept", endpoint_id) == []
    assert consumer.state(endpoint_id) == "available"
    assert provider.links()[1:] == [(str(address), 1)]
    places = {("tcp", 80, zone) for zone in (ZONES[0],)}
    assert places <= provider.given(provider.arn).keys()
    [unsuccessful] = provider.answers("Accept", endpoint_id)
    assert unsuccessful["Error"]["Code"] == "InvalidState"
    assert provider.answers("Reject", endpoint_id) == []
    assert consumer.state(endpoint_id) == "rejected"
    assert len(provider.links()) == 1
    consumer.client("DeleteVpcEndpoints", VpcEndpointIds=[endpoint_id])
    [unknown] = provider.answers("Accept", endpoint_id)
    assert unknown["Error"]["Code"] == "InvalidVpcEndpointId.NotFound"


def test_where_nobody_has_to_accept_it_is_available_at_once(client: Client) -> None:
    provider = Provider(client, AcceptanceRequired=False)
    consumer = Consumer(client.service)
    provider.permit()
    made = consumer.endpoint(provider.name)
    assert made["State"] == "pending"
    assert consumer.state(made["VpcEndpointId"]) == "available"
    digits = made["VpcEndpointId"]
    assert made["DnsEntries"][0]["DnsName"].startswith(f"{digits}-")
    assert made["DnsEntries"][0]["DnsName"].endswith(f".{provider.id}.{TOKYO}.vpce.amazonaws.com")
    assert [index for _, index in provider.links()] == [0, 1]
    consumer.client("DeleteVpcEndpoints", VpcEndpointIds=[made["VpcEndpointId"]])
    assert [index for _, index in provider.links()] == [0]


def test_an_endpoint_is_in_zones_where_the_load_balancer_is(client: Client) -> None:
    provider = Provider(client, AcceptanceRequired=False)
    consumer = Consumer(client.service)
    provider.permit()
    far = consumer.subnets[1]
    sentence = f"The VPC endpoint service {provider.name} does not support the availability zone of the subnet: {far}."
    assert consumer.refused(provider.name, SubnetIds=[far]) == ("InvalidParameter", sentence)
    endpoint_id = consumer.endpoint(provider.name)["VpcEndpointId"]
    wanted: dict[str, Any] = {"VpcEndpointId": endpoint_id, "AddSubnetIds": [far]}
    assert consumer.client.refused("ModifyVpcEndpoint", **wanted).message == sentence
    provider("SetSubnets", LoadBalancerArn=provider.arn, Subnets=provider.subnets)
    consumer.client("ModifyVpcEndpoint", **wanted)
    assert len(provider.links()) == 4
    assert len({index for _, index in provider.links()}) == 4


def test_a_service_that_has_endpoints_stays_as_it_is(client: Client) -> None:
    provider = Provider(client, AcceptanceRequired=False)
    consumer = Consumer(client.service)
    provider.permit()
    endpoint_id = consumer.endpoint(provider.name)["VpcEndpointId"]
    assert provider.refused("DeleteLoadBalancer", LoadBalancerArn=provider.arn) == (
        "ResourceInUse",
        f"Load balancer '{provider.arn}' cannot be deleted because it is currently associated with another service",
    )
    deletion: dict[str, Any] = {"ServiceIds": [provider.id]}
    [kept] = client("DeleteVpcEndpointServiceConfigurations", **deletion)["Unsuccessful"]
    assert kept["Error"]["Code"] == "ExistingVpcEndpointConnections"
    other = provider.balancer("other", Subnets=provider.subnets[1:])["LoadBalancerArn"]
    change: dict[str, Any] = {"ServiceId": provider.id, "AddNetworkLoadBalancerArns": [other]}
    error = client.refused("ModifyVpcEndpointServiceConfiguration", **change)
    assert error.code == "ExistingVpcEndpointConnections"
    provider.answers("Reject", endpoint_id)
    client("ModifyVpcEndpointServiceConfiguration", **change)
    [shown] = client("DescribeVpcEndpointServiceConfigurations")["ServiceConfigurations"]
    assert shown["AvailabilityZones"] == list(ZONES)
    assert client("DeleteVpcEndpointServiceConfigurations", **deletion)["Unsuccessful"] == []
    [gone] = client("DeleteVpcEndpointServiceConfigurations", **deletion)["Unsuccessful"]
    assert gone["Error"]["Code"] == "InvalidVpcEndpointService.NotFound"
    provider("DeleteLoadBalancer", LoadBalancerArn=provider.arn)
    assert consumer.state(endpoint_id) == "rejected"


def test_what_services_cannot_be(provider: Provider, consumer: Consumer) -> None:
    def code(**wanted: Any) -> str:
        return provider.client.refused("CreateVpcEndpointServiceConfiguration", **wanted).code

    assert code() == "MissingParameter"
    assert code(NetworkLoadBalancerArns=[provider.arn]) == "InvalidParameter"  # it has one
    free = provider.balancer("free")["LoadBalancerArn"]
    assert code(NetworkLoadBalancerArns=[f"{free[:-4]}0000"]) == "InvalidParameter"
    assert code(NetworkLoadBalancerArns=[free], SupportedIpAddressTypes=["ipv6"]) == "InvalidParameter"
    assert code(NetworkLoadBalancerArns=[free], SupportedRegions=["us-east-1"]) == "InvalidParameter"
    assert code(NetworkLoadBalancerArns=[free], PrivateDnsName="nothing") == "InvalidParameter"
    assert code(GatewayLoadBalancerArns=[free]) == "UnsupportedOperation"
    theirs = consumer.client.refused("CreateVpcEndpointServiceConfiguration", NetworkLoadBalancerArns=[free])
    assert theirs.code == "InvalidParameter"
    provider.permit()
    assert consumer.refused(provider.name, VpcEndpointType="Gateway", SubnetIds=[])[0] == "InvalidParameter"
    assert consumer.refused(provider.name, PolicyDocument='{"Statement":[]}')[0] == "InvalidParameter"
    assert consumer.refused(provider.name, PrivateDnsEnabled=True) == (
        "InvalidParameter",
        f"Private DNS can't be enabled because the service {provider.name} does not provide a private DNS name.",
    )


def test_a_zone_with_connected_endpoints_keeps_its_node(provider: Provider, consumer: Consumer) -> None:
    provider.permit()
    provider("SetSubnets", LoadBalancerArn=provider.arn, Subnets=provider.subnets)
    endpoint_id = consumer.endpoint(provider.name, SubnetIds=consumer.subnets)["VpcEndpointId"]
    near = {"LoadBalancerArn": provider.arn, "Subnets": provider.subnets[:1]}
    provider("SetSubnets", **near)
    [unsuccessful] = provider.answers("Accept", endpoint_id)
    assert unsuccessful["Error"]["Code"] == "InvalidParameter"  # where it is, nobody would take what it brings
    provider("SetSubnets", LoadBalancerArn=provider.arn, Subnets=provider.subnets)
    assert provider.answers("Accept", endpoint_id) == []
    assert provider.refused("SetSubnets", **near)[0] == "InvalidConfigurationRequest"
    provider.answers("Reject", endpoint_id)
    provider("SetSubnets", **near)


def test_links_that_move_to_another_load_balancer_find_their_place_free(client: Client) -> None:
    provider = Provider(client, AcceptanceRequired=False)
    far = provider.balancer("far", Subnets=provider.subnets[1:])["LoadBalancerArn"]
    client("ModifyVpcEndpointServiceConfiguration", ServiceId=provider.id, AddNetworkLoadBalancerArns=[far])
    consumer = Consumer(client.service)
    provider.permit()
    for _ in range(2):
        consumer.endpoint(provider.name, SubnetIds=consumer.subnets)
    node = ToldNode(client.service)
    provider("SetSubnets", LoadBalancerArn=provider.arn, Subnets=provider.subnets)  # and all links are the first one's
    specs = [row for row in workload_specs(client.service.state) if isinstance(row, ApplianceSpec)]
    for spec in specs:
        assert len({link.device_index for link in spec.links}) == len(spec.links)
    assert sorted(len(spec.links) for spec in specs) == [1, 6]
    node.check(client.service.state)


def test_a_load_balancer_has_room_for_so_many_endpoints_and_no_more(client: Client) -> None:
    provider = Provider(client, AcceptanceRequired=False)
    consumer = Consumer(client.service)
    provider.permit()
    for _ in range(LINKS_MAXIMUM - 1):
        consumer.endpoint(provider.name)
    assert consumer.refused(provider.name)[0] == "VpcEndpointLimitExceeded"
    assert sorted(index for _, index in provider.links()) == list(range(LINKS_MAXIMUM))


def test_the_node_is_told_of_endpoints_as_they_come_and_go(clock: Clock) -> None:
    service = new_service(clock, has_fabric=True)
    provider = Provider(Client(service, MAIN, TOKYO))
    consumer = Consumer(service)
    node = ToldNode(service)
    provider.permit()
    endpoint_id = consumer.endpoint(provider.name)["VpcEndpointId"]
    provider.answers("Accept", endpoint_id)
    [spec] = node.told[-1].machines
    assert isinstance(spec, ApplianceSpec)
    assert spec.forwarding is not None
    own, link = spec.links
    assert [(row.interface_id, row.source_interface_id) for row in spec.forwarding.forwards()] == [
        (own.interface_id, own.interface_id),
        (link.interface_id, own.interface_id),
    ]
    [entry] = [row for row in node.told[-1].plan.puts.interfaces if row.id == link.interface_id]
    assert entry.is_running
    assert not entry.is_endpoint
    node.check(service.state)
    provider("SetSubnets", LoadBalancerArn=provider.arn, Subnets=provider.subnets)
    node.check(service.state)
    provider.answers("Reject", endpoint_id)
    assert len(node.told[-1].machines[0].links) == 2
    node.check(service.state)
    consumer.client("DeleteVpcEndpoints", VpcEndpointIds=[endpoint_id])
    node.check(service.state)
