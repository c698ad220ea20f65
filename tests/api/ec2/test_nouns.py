"""What holds for every noun of EC2: the forms of ids, ids that are empty or unknown, filters, tags."""

from __future__ import annotations

from typing import Any

import pytest

from realvpc.api.ec2.nouns import NOUNS
from realvpc.net.services import identity_of

from ..build import (
    make_internet_gateway,
    make_peering,
    make_route_table,
    make_subnet,
    make_vpc,
    named,
    specification,
    tags,
)
from ..conftest import OTHER, TOKYO, Client
from ..documented import documented_filters
from .test_flow_logs import make_flow_log, make_role
from .test_run_instances import run

PREFIXES = sorted(NOUNS.keys() - {"scr"})  # what an action describes that can be asked for ids
DESCRIBED = {noun.prefix: f"Describe{noun.result}" for noun in NOUNS.values()} | {
    "i": "DescribeInstances",
    "dopt": "DescribeDhcpOptions",
    "pl": "DescribeManagedPrefixLists",
    "vpce-svc": "DescribeVpcEndpointServiceConfigurations",
}


PASSED_OVER = ("fl",)  # unknown ids, when they are described
NO_FILTER_FOR_IDS = ("eigw", "lt", "pg", "vpcbpa-exclude")  # in AWS's documentation


def filtered(prefix: str, name: str, *values: str) -> dict[str, Any]:
    """The filter in a request; some call it by another name."""
    return {"Filter" if prefix in ("fl", "nat") else "Filters": named(name, *values)}


@pytest.fixture
def house(client: Client, as_account: Any) -> Client:
    """A client of an account that has one of everything."""
    vpc_id = make_vpc(client)
    subnet_id = make_subnet(client, vpc_id)
    make_route_table(client, vpc_id)
    make_internet_gateway(client, vpc_id)
    other = as_account(OTHER)
    make_peering(client, vpc_id, other, make_vpc(other, "10.30.0.0/16"))
    group = client("CreateSecurityGroup", GroupName="web", Description="web", VpcId=vpc_id)["GroupId"]
    client(
        "AuthorizeSecurityGroupIngress",
        GroupId=group,
        IpPermissions=[{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "UserIdGroupPairs": [{"GroupId": group}]}],
    )
    client("CreateKeyPair", KeyName="mine", KeyType="ed25519")
    client("CopyImage", Name="copy", SourceRegion=client.region, SourceImageId=_image(client))
    client("CreateLaunchTemplate", LaunchTemplateName="web", LaunchTemplateData={"InstanceType": "t3.micro"})
    client("CreatePlacementGroup", GroupName="spread", Strategy="spread")
    run(client, subnet_id, KeyName="mine")
    client("AllocateAddress")
    client("CreateEgressOnlyInternetGateway", VpcId=vpc_id)
    client("CreateManagedPrefixList", PrefixListName="offices", AddressFamily="IPv4", MaxEntries=1)
    client("CreateNatGateway", SubnetId=subnet_id, ConnectivityType="private")
    endpoint: dict[str, Any] = {"VpcId": vpc_id, "SubnetIds": [subnet_id], "PrivateDnsEnabled": False}
    client("CreateVpcEndpoint", VpcEndpointType="Interface", ServiceName=f"com.amazonaws.{TOKYO}.ssm", **endpoint)
    excluded = {"SubnetId": subnet_id, "InternetGatewayExclusionMode": "allow-egress"}
    client("CreateVpcBlockPublicAccessExclusion", **excluded)
    client("CreateInstanceConnectEndpoint", SubnetId=subnet_id)
    make_flow_log(client, vpc_id, role=make_role(client))
    front = {"Name": "front", "Type": "network", "Scheme": "internal", "Subnets": [subnet_id]}
    [balancer] = client("CreateLoadBalancer", of="elasticloadbalancing", **front)["LoadBalancers"]
    client("CreateVpcEndpointServiceConfiguration", NetworkLoadBalancerArns=[balancer["LoadBalancerArn"]])
    client("CreateNetworkInterface", SubnetId=subnet_id)
    return client


def _image(client: Client) -> str:
    image_id: str = client("DescribeImages", Owners=["amazon"])["Images"][0]["ImageId"]
    return image_id


def ids_of(client: Client, prefix: str) -> list[str]:
    """The ids of all that the caller sees of a noun, without what is Amazon's."""
    request: dict[str, Any] = {"Owners": ["self"]} if prefix == "ami" else {}
    response = client(DESCRIBED[prefix], **request)
    rows = response.get("Reservations") or response[NOUNS[prefix].result]
    rows = [one for row in rows for one in row.get("Instances", [row]) if row.get("OwnerId") != "AWS"]
    return [next(v for v in row.values() if isinstance(v, str) and v.startswith(f"{prefix}-")) for row in rows]


@pytest.mark.parametrize("prefix", PREFIXES)
def test_every_filter_that_aws_documents_can_be_asked(house: Client, prefix: str) -> None:
    for name in documented_filters(DESCRIBED[prefix]):
        house(DESCRIBED[prefix], **filtered(prefix, name, "no such value*"))
    everything = ids_of(house, prefix)
    assert everything
    for name in NOUNS[prefix].filters:
        house(DESCRIBED[prefix], **filtered(prefix, name, "*"))


@pytest.mark.parametrize("prefix", PREFIXES)
def test_a_resource_is_found_by_its_id_and_by_the_filter_of_its_id(house: Client, prefix: str) -> None:
    by_id = [name for name, place in NOUNS[prefix].filters.items() if place == ".id" and "I" not in name]
    assert len(by_id) == (prefix not in NO_FILTER_FOR_IDS)
    for resource_id in ids_of(house, prefix):
        requests: list[dict[str, Any]] = [{NOUNS[prefix].ids: [resource_id]}]
        requests += [filtered(prefix, each, resource_id) for each in by_id]
        for request in requests:
            assert resource_id in str(house(DESCRIBED[prefix], **request))
        for each in by_id:
            assert resource_id not in str(house(DESCRIBED[prefix], **filtered(prefix, each, "x-1", "x-2")))


@pytest.mark.parametrize("prefix", PREFIXES)
def test_everything_can_be_tagged_and_keeps_the_order_of_its_tags(house: Client, prefix: str) -> None:
    resource_id = ids_of(house, prefix)[0]
    house("CreateTags", Resources=[resource_id], Tags=tags(Zebra="1", Aardvark="2"))
    shown = house("DescribeTags", Filters=named("resource-id", resource_id))["Tags"]
    assert {row["ResourceType"] for row in shown} == {NOUNS[prefix].tag_type}
    assert {(row["Key"], row["Value"]) for row in shown} >= {("Zebra", "1"), ("Aardvark", "2")}
    rendered = str(house(DESCRIBED[prefix], **filtered(prefix, "tag:Zebra", "1")))
    assert resource_id in rendered
    assert rendered.index("Zebra") < rendered.index("Aardvark")
    house("DeleteTags", Resources=[resource_id], Tags=[{"Key": "Zebra"}])
    assert resource_id not in str(house(DESCRIBED[prefix], **filtered(prefix, "tag:Zebra", "1")))


def test_a_vpc_and_what_is_kept_in_it_are_tagged_together(house: Client) -> None:
    vpc_id, acl_id = ids_of(house, "vpc")[0], ids_of(house, "acl")[0]
    rules = ids_of(house, "sgr")
    for order in ([vpc_id, acl_id, *rules], [acl_id, *rules, vpc_id]):
        house("CreateTags", Resources=order, Tags=tags(Name=order[0]))
        found = house("DescribeTags", Filters=named("value", order[0]))["Tags"]
        assert {row["ResourceId"] for row in found} == set(order)


def test_an_image_of_amazons_cannot_be_tagged(client: Client) -> None:
    error = client.refused("CreateTags", Resources=[_image(client)], Tags=tags(a="b"))
    assert error.code == "AuthFailure"


@pytest.mark.parametrize("prefix", PREFIXES)
def test_all_unknown_ids_are_named(client: Client, prefix: str) -> None:
    noun = NOUNS[prefix]
    unknown = [f"{prefix}-0000000000000000{digit}" for digit in (2, 1)]
    requests: list[tuple[str, dict[str, Any]]] = [
        (DESCRIBED[prefix], {noun.ids: unknown}),
        ("CreateTags", {"Resources": unknown, "Tags": tags(a="b")}),
        ("DeleteTags", {"Resources": unknown}),
    ]
    for action, request in requests[prefix in PASSED_OVER :]:
        error = client.refused(action, **request)
        assert error.code == noun.not_found
        assert all(each in error.message for each in unknown)
        assert any(words in error.message for words in ("do not exist", "unknown", "was not found"))


@pytest.mark.parametrize("prefix", PREFIXES)
@pytest.mark.parametrize("digits", ["", "0", "000000000", "000000000000", "0" * 18, "nonsense", "0000000G"])
def test_what_is_no_id_is_malformed_or_just_not_there(client: Client, prefix: str, digits: str) -> None:
    noun = NOUNS[prefix]
    request: dict[str, Any] = {noun.ids: [f"{prefix}-{digits}"]}
    if prefix in PASSED_OVER:
        assert client(DESCRIBED[prefix], **request)[noun.result] == []
    else:
        assert client.refused(DESCRIBED[prefix], **request).code == (noun.malformed or noun.not_found)


def test_a_network_acl_whose_id_is_of_another_length_is_not_there(client: Client) -> None:
    error = client.refused("DescribeNetworkAcls", NetworkAclIds=["acl-000000000000"])
    assert (error.code, error.message) == (
        "InvalidNetworkAclID.NotFound",
        "The networkAcl ID 'acl-000000000000' does not exist",
    )


def test_a_subnet_of_any_name_is_not_there(client: Client) -> None:
    error = client.refused("DescribeSubnets", SubnetIds=["example"])
    assert (error.code, error.message) == ("InvalidSubnetID.NotFound", "The subnet ID 'example' does not exist")


@pytest.mark.parametrize(
    ("action", "parameters", "code", "message"),
    [
        ("DeleteKeyPair", {"KeyName": ""}, "MissingParameter", "keyName"),
        ("CreateVpcPeeringConnection", {"VpcId": "{vpc}", "PeerVpcId": ""}, "InvalidVpcId.Malformed", 'Invalid id: ""'),
        ("AuthorizeSecurityGroupIngress", {"GroupId": ""}, "InvalidGroupId.Malformed", "ID '' is malformed"),
        ("DescribeVpcs", {"VpcIds": [""]}, "InvalidVpcId.Malformed", 'Invalid id: ""'),
    ],
)
def test_an_empty_text_is_no_id(
    client: Client, action: str, parameters: dict[str, Any], code: str, message: str
) -> None:
    vpc_id = make_vpc(client)
    request = {name: vpc_id if value == "{vpc}" else value for name, value in parameters.items()}
    error = client.refused(action, **request)
    assert error.code == code
    assert error.message.endswith(message)


@pytest.mark.parametrize(
    ("action", "parameters"),
    [
        ("CreateSubnet", {"VpcId": "aws_vpc.main.id", "CidrBlock": "10.0.0.0/24"}),
        ("CreateSecurityGroup", {"VpcId": "aws_vpc.main.id", "GroupName": "g", "Description": "d"}),
        ("CreateRouteTable", {"VpcId": "aws_vpc.main.id"}),
        ("DescribeVpcs", {"VpcIds": ["${vpc_id}"]}),
        ("AssociateRouteTable", {"RouteTableId": "aws_route_table.main.id", "SubnetId": "{subnet}"}),
    ],
)
def test_an_expression_in_quotes_is_a_vpc_or_a_route_table_that_does_not_exist(
    client: Client, action: str, parameters: dict[str, Any]
) -> None:
    subnet_id = make_subnet(client, make_vpc(client))
    request = {name: subnet_id if value == "{subnet}" else value for name, value in parameters.items()}
    error = client.refused(action, **request)
    if action == "AssociateRouteTable":
        expected = ("InvalidRouteTableID.NotFound", "The routeTable ID 'aws_route_table.main.id' does not exist")
    else:
        text = "${vpc_id}" if action == "DescribeVpcs" else "aws_vpc.main.id"
        expected = ("InvalidVpcID.NotFound", f"The vpc ID '{text}' does not exist")
    assert (error.code, error.message) == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rtb-nat-gw-a", 'Invalid id: "rtb-nat-gw-a"'),
        ("vpc-00000000000000001", 'Invalid id: "vpc-00000000000000001" (expecting "rtb-...")'),
    ],
)
def test_what_has_a_dash_is_a_malformed_id_of_a_route_table(client: Client, text: str, message: str) -> None:
    request = {"RouteTableId": text, "DestinationCidrBlock": "10.0.0.0/8", "GatewayId": "igw-00000000000000001"}
    error = client.refused("CreateRoute", **request)
    assert (error.code, error.message) == ("InvalidRouteTableId.Malformed", message)


@pytest.mark.parametrize(
    "action",
    [
        "MonitorInstances",
        "RebootInstances",
        "StartInstances",
        "StopInstances",
        "TerminateInstances",
        "UnmonitorInstances",
    ],
)
def test_actions_on_instances_want_some_and_name_all_that_are_unknown(client: Client, action: str) -> None:
    empty: list[dict[str, Any]] = [{}, {"InstanceIds": []}]
    for nothing in empty:
        error = client.refused(action, **nothing)
        assert (error.code, error.message) == ("InvalidParameterCombination", "No instances specified")
    unknown = [f"i-0000000000000000{digit}" for digit in (2, 1)]
    error = client.refused(action, InstanceIds=unknown)
    assert (error.code, error.message) == (
        "InvalidInstanceID.NotFound",
        f"The instance IDs '{', '.join(unknown)}' do not exist",
    )


@pytest.mark.parametrize(
    ("action", "name", "value"),
    [
        ("DescribeVpcs", "isDefault", "false"),
        ("DescribeVpcs", "cidr-block", "10.20.0.0/16"),
        ("DescribeVpcs", "cidrBlock", "10.20.0.0/16"),
        ("DescribeVpcs", "dhcpOptionsId", "dopt-*"),
        ("DescribeSubnets", "availabilityZone", "ap-northeast-1?"),
        ("DescribeSubnets", "availabilityZoneId", "apne1-az*"),
        ("DescribeSubnets", "cidrBlock", "10.20.0.0/20"),
        ("DescribeSubnets", "defaultForAz", "false"),
        ("DescribeSubnets", "vpcId", "vpc-*"),
        ("DescribeRouteTables", "vpcId", "vpc-*"),
    ],
)
def test_filters_have_older_spellings_that_are_not_in_the_reference(
    client: Client, action: str, name: str, value: str
) -> None:
    make_subnet(client, make_vpc(client))
    response = client(action, Filters=named(name, value))
    assert len(response[action.removeprefix("Describe")]) == 1


def test_a_tag_specification_has_a_resource_type(client: Client) -> None:
    error = client.refused("CreateInternetGateway", TagSpecifications=[{"Tags": tags(a="b")}])
    assert (error.code, error.message) == (
        "InvalidParameterValue",
        "Tag specification resource type must have a value",
    )


def test_tags_of_a_creation_keep_their_order(client: Client) -> None:
    made = client("CreateVpc", CidrBlock="10.0.0.0/16", TagSpecifications=specification("vpc", z="1", a="2"))["Vpc"]
    assert made["Tags"] == tags(z="1", a="2")


def test_dhcp_options_keep_the_order_in_which_they_were_given(client: Client) -> None:
    given = [
        {"Key": "ntp-servers", "Values": ["10.0.0.3", "10.0.0.2"]},
        {"Key": "netbios-name-servers", "Values": ["10.0.0.1"]},
        {"Key": "domain-name", "Values": ["example.com"]},
    ]
    made = client("CreateDhcpOptions", DhcpConfigurations=given)["DhcpOptions"]
    shown = [{"Key": row["Key"], "Values": [v["Value"] for v in row["Values"]]} for row in made["DhcpConfigurations"]]
    assert shown == given


def test_a_network_interface_says_who_asked_for_it(house: Client) -> None:
    rows = house("DescribeNetworkInterfaces", Filters=named("status", "available"))["NetworkInterfaces"]
    assert [row["RequesterId"] for row in rows] == ["AIDAEXAMPLE"]
    found = house("DescribeNetworkInterfaces", Filters=named("requester-id", "AIDAEXAMPLE"))["NetworkInterfaces"]
    assert [row["NetworkInterfaceId"] for row in found] == [rows[0]["NetworkInterfaceId"]]


def test_interfaces_of_one_request_share_nothing_that_must_be_their_own(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Chance gives the same numbers again and again; what is made is unique all the same."""
    subnet_id = make_subnet(client, make_vpc(client), MapPublicIpOnLaunch=False)
    client("ModifySubnetAttribute", SubnetId=subnet_id, MapPublicIpOnLaunch={"Value": True})
    narrow = client.service._random.getrandbits

    def getrandbits(bits: int) -> int:
        return narrow(3) if bits == 40 else narrow(64) & ~0xFFFFF8 if bits == 64 else narrow(bits)

    monkeypatch.setattr(client.service._random, "getrandbits", getrandbits)
    run(client, subnet_id, MinCount=6, MaxCount=6)
    rows = list(client.service.state.network.interfaces.values())
    assert len(rows) == 6
    assert len({identity_of(row.id) for row in rows}) == 6
    assert len({row.mac_address for row in rows}) == 6
    assert len({row.public_address for row in rows}) == 6


def test_a_filter_leads_straight_to_what_it_names(
    client: Client, as_account: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody else's resources are looked at, and where an id or a VPC is named, not all of one's own."""
    other = as_account(OTHER)
    for number in range(4):
        make_subnet(other, make_vpc(other, f"10.{number}.0.0/16"), f"10.{number}.0.0/24")
    vpc_ids = [make_vpc(client, f"10.{number}.0.0/16") for number in range(4)]
    subnet_ids = [make_subnet(client, vpc_id, f"10.{n}.0.0/24") for n, vpc_id in enumerate(vpc_ids)]
    looked_at: list[str] = []
    sees = type(client.service.context(None)).sees  # type: ignore[arg-type]

    def counted(ctx: Any, row: Any) -> bool:
        looked_at.append(row.id)
        return sees(ctx, row)

    monkeypatch.setattr(type(client.service.context(None)), "sees", counted)  # type: ignore[arg-type]
    for request, size in (
        ({}, 4),
        ({"SubnetIds": subnet_ids[:1]}, 1),
        ({"Filters": named("subnet-id", subnet_ids[0])}, 1),
        ({"Filters": named("vpc-id", vpc_ids[0], "vpc-00000000000000000")}, 1),
        ({"Filters": named("cidr", "10.0.0.0/24")}, 4),
    ):
        looked_at.clear()
        client("DescribeSubnets", **request)
        assert len(looked_at) == size
