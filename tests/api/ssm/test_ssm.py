"""Systems Manager: public parameters, and which instances are managed."""

from __future__ import annotations

import json
from typing import Any

import pytest

from realvpc.api.ssm.agent import agents_seen, missing
from realvpc.net.images import AL2023

from ..build import ipv6_of, make_internet_gateway, make_route_table, make_subnet, make_vpc, named
from ..conftest import TOKYO, VIRGINIA, Client, caller
from ..ec2.test_run_instances import run
from ..iam.test_iam import make_profile

AL2023_NAME = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"


def test_the_image_parameter_has_a_value_in_every_region(client: Client) -> None:
    here = client("GetParameter", of="ssm", Name=AL2023_NAME)["Parameter"]
    assert here["Value"] == AL2023.id_in(TOKYO) != AL2023.id_in(VIRGINIA)
    assert here["ARN"] == f"arn:aws:ssm:{TOKYO}::parameter{AL2023_NAME}"
    answer = client("GetParameters", of="ssm", Names=[AL2023_NAME, "/mine"])
    assert [row["Name"] for row in answer["Parameters"]] == [AL2023_NAME]
    assert answer["InvalidParameters"] == ["/mine"]
    under = client("GetParametersByPath", of="ssm", Path="/aws/service/ami-amazon-linux-latest")["Parameters"]
    assert AL2023_NAME in [row["Name"] for row in under]
    assert client.refused("GetParameter", of="ssm", Name="/mine").code == "ParameterNotFound"


class Managed:
    """An instance that Systems Manager manages, and what it takes."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.vpc_id = make_vpc(client)
        self.subnet_id = make_subnet(client, self.vpc_id)
        self.table_id = make_route_table(client, self.vpc_id)
        gateway_id = make_internet_gateway(client, self.vpc_id)
        self.route = {"RouteTableId": self.table_id, "DestinationCidrBlock": "0.0.0.0/0"}
        client("CreateRoute", **self.route, GatewayId=gateway_id)
        client("AssociateRouteTable", RouteTableId=self.table_id, SubnetId=self.subnet_id)
        client("ModifySubnetAttribute", SubnetId=self.subnet_id, MapPublicIpOnLaunch={"Value": True})
        self.profile = make_profile(client)
        (self.instance,) = run(client, self.subnet_id, IamInstanceProfile={"Name": self.profile})
        self.group_id = self.instance["SecurityGroups"][0]["GroupId"]

    def listed(self, **more: Any) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = self.client("DescribeInstanceInformation", of="ssm", **more)[
            "InstanceInformationList"
        ]
        return rows

    def without_route(self) -> None:
        self.client("DeleteRoute", **self.route)

    def without_policy(self) -> None:
        arn = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
        self.client("DetachRolePolicy", of="iam", RoleName=self.profile, PolicyArn=arn)

    def without_profile(self) -> None:
        (row,) = self.client("DescribeIamInstanceProfileAssociations")["IamInstanceProfileAssociations"]
        self.client("DisassociateIamInstanceProfile", AssociationId=row["AssociationId"])

    def without_egress(self) -> None:
        everything = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
        self.client("RevokeSecurityGroupEgress", GroupId=self.group_id, IpPermissions=everything)

    def without_dns(self) -> None:
        self.client("ModifyVpcAttribute", VpcId=self.vpc_id, EnableDnsSupport={"Value": False})

    def with_name_servers(self, *servers: str) -> None:
        options = [{"Key": "domain-name-servers", "Values": list(servers)}]
        made = self.client("CreateDhcpOptions", DhcpConfigurations=options)["DhcpOptions"]["DhcpOptionsId"]
        self.client("AssociateDhcpOptions", VpcId=self.vpc_id, DhcpOptionsId=made)

    def without_name_servers(self) -> None:
        self.client("AssociateDhcpOptions", VpcId=self.vpc_id, DhcpOptionsId="default")

    def without_public_address(self) -> None:
        interface_id = self.instance["NetworkInterfaces"][0]["NetworkInterfaceId"]
        self.client("ModifyNetworkInterfaceAttribute", NetworkInterfaceId=interface_id, AssociatePublicIpAddress=False)

    def stopped(self) -> None:
        self.client("StopInstances", InstanceIds=[self.instance["InstanceId"]])


@pytest.fixture
def managed(client: Client) -> Managed:
    return Managed(client)


def test_a_managed_instance_tells_its_agents_version(managed: Managed) -> None:
    (row,) = managed.listed()
    assert row["IsLatestVersion"]
    assert managed.listed(Filters=[{"Key": "AgentVersion", "Values": [row["AgentVersion"]]}])
    assert not managed.listed(Filters=[{"Key": "AgentVersion", "Values": ["2.0.0.0"]}])


def test_no_inbound_rule_is_needed(managed: Managed) -> None:
    (group,) = managed.client("DescribeSecurityGroups", GroupIds=[managed.group_id])["SecurityGroups"]
    managed.client("RevokeSecurityGroupIngress", GroupId=managed.group_id, IpPermissions=group["IpPermissions"])
    (row,) = managed.listed()
    assert (row["InstanceId"], row["PingStatus"]) == (managed.instance["InstanceId"], "Online")
    assert row["IPAddress"] == managed.instance["PrivateIpAddress"]
    assert managed.listed(Filters=[{"Key": "PingStatus", "Values": ["ConnectionLost"]}]) == []
    assert (
        managed.client.refused(
            "DescribeInstanceInformation", of="ssm", Filters=[{"Key": "Nothing", "Values": ["x"]}]
        ).code
        == "InvalidFilterKey"
    )


LACKS = (
    "without_route",
    "without_policy",
    "without_egress",
    "without_dns",
    "without_name_servers",
    "without_public_address",
    "stopped",
)


@pytest.mark.parametrize("lack", LACKS)
def test_an_instance_that_lacks_something_is_not_managed_or_loses_its_connection(managed: Managed, lack: str) -> None:
    getattr(managed, lack)()
    assert managed.listed() == []


AGENT = {"Effect": "Allow", "Action": ["ssm:Update*", "ssmmessages:*"], "Resource": "*"}
ON_INSTANCES = AGENT | {"Action": "ssm:*", "Resource": "arn:aws:ec2:*:*:instance/*"}


@pytest.mark.parametrize(
    ("statements", "is_managed"),
    [
        ([AGENT], True),
        ([AGENT | {"Action": "*"}], True),
        (
            [
                AGENT | {"Action": "ssm:*", "Resource": "arn:aws:ec2:*:*:instance/*"},
                AGENT | {"Action": "SSMMessages:*"},
            ],
            True,
        ),
        ([{"Effect": "Allow", "NotAction": "iam:*", "NotResource": "arn:aws:s3:::*"}], True),
        ([AGENT | {"Action": "ssm:*"}], False),
        ([AGENT | {"Resource": "arn:aws:ec2:*:*:instance/i-other"}], False),
        ([AGENT | {"Condition": {"Bool": {"aws:SecureTransport": "true"}}}], False),
        ([AGENT, AGENT | {"Effect": "Deny"}], False),
    ],
)
def test_a_policy_of_ones_own_lets_the_agent_register(
    managed: Managed, statements: list[dict[str, Any]], is_managed: bool
) -> None:
    managed.without_policy()
    document = json.dumps({"Version": "2012-10-17", "Statement": statements})
    made = managed.client("CreatePolicy", of="iam", PolicyName="agent", PolicyDocument=document)["Policy"]
    managed.client("AttachRolePolicy", of="iam", RoleName=managed.profile, PolicyArn=made["Arn"])
    assert bool(managed.listed()) is is_managed
    managed.client("DetachRolePolicy", of="iam", RoleName=managed.profile, PolicyArn=made["Arn"])
    assert managed.listed() == []
    request = {"RoleName": managed.profile, "PolicyName": "agent", "PolicyDocument": document}
    managed.client("PutRolePolicy", of="iam", **request)
    assert bool(managed.listed()) is is_managed


def test_name_servers_of_ones_own_have_to_be_reached(managed: Managed) -> None:
    (server,) = run(managed.client, managed.subnet_id)
    address = server["PrivateIpAddress"]
    managed.with_name_servers("10.20.15.250", "8.8.8.8", "fd00::53")  # nobody, nowhere, another protocol
    assert managed.listed() == []
    managed.with_name_servers("10.20.15.250", address)  # of the default group, which admits its members
    assert managed.listed() != []
    managed.client("StopInstances", InstanceIds=[server["InstanceId"]])
    assert managed.listed() == []
    managed.with_name_servers(address, "169.254.169.253")
    assert managed.listed() != []


def test_a_connection_that_was_there_is_lost_and_comes_back(managed: Managed) -> None:
    managed.client.service.report(agents_seen, "sweep")
    managed.without_route()
    (row,) = managed.listed()
    assert row["PingStatus"] == "ConnectionLost"
    gateways = managed.client("DescribeInternetGateways", Filters=named("attachment.vpc-id", managed.vpc_id))
    managed.client("CreateRoute", **managed.route, GatewayId=gateways["InternetGateways"][0]["InternetGatewayId"])
    assert managed.listed()[0]["PingStatus"] == "Online"


def test_callers_learn_who_they_are(client: Client) -> None:
    who = caller()
    assert client("GetCallerIdentity", of="sts") == {"UserId": who.user_id, "Account": who.account, "Arn": who.arn}


def test_an_ipv6_only_instance_needs_dns64_and_nat64(managed: Managed) -> None:
    client, vpc_id = managed.client, managed.vpc_id
    client("AssociateVpcCidrBlock", VpcId=vpc_id, AmazonProvidedIpv6CidrBlock=True)
    block = str(ipv6_of(client, vpc_id).subnet(1, 64))
    subnet_id = client("CreateSubnet", VpcId=vpc_id, Ipv6Native=True, Ipv6CidrBlock=block)["Subnet"]["SubnetId"]
    profile = {"Name": managed.profile}
    [instance] = run(client, subnet_id, InstanceType="t3.micro", IamInstanceProfile=profile)

    def lacking() -> str | None:
        state = client.service.state
        found = missing(state, state.network.instances[instance["InstanceId"]])
        return found.condition.name if found else None

    assert lacking() == "IPV6_NAME"
    client("ModifySubnetAttribute", SubnetId=subnet_id, EnableDns64={"Value": True})
    assert lacking() == "ROUTE"
    allocation = client("AllocateAddress")["AllocationId"]
    gateway = client("CreateNatGateway", SubnetId=managed.subnet_id, AllocationId=allocation)["NatGateway"]
    table_id = make_route_table(client, vpc_id)
    to_nat64 = {"DestinationIpv6CidrBlock": "64:ff9b::/96", "NatGatewayId": gateway["NatGatewayId"]}
    client("CreateRoute", RouteTableId=table_id, **to_nat64)
    client("AssociateRouteTable", RouteTableId=table_id, SubnetId=subnet_id)
    assert lacking() is None
    [row] = [row for row in managed.listed() if row["InstanceId"] == instance["InstanceId"]]
    assert (row["IPAddress"], row["ComputerName"]) == (instance["Ipv6Address"], instance["PrivateDnsName"])
    managed.with_name_servers("10.20.0.53")
    assert lacking() == "DNS"
