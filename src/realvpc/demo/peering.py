"""The walkthrough of VPC peering: two VPCs of one account, a third of another, and what peering does not do.

Three experiments, each with real pings from inside the instances: A to B inside one account, A to C across accounts,
and B to C by way of A, which AWS refuses however active the routes are.  Then B and C are peered as well.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from msgspec import Struct

from realvpc.client.aws import Aws, CallFailedError
from realvpc.client.teardown import empty_vpc
from realvpc.client.wizard import MadeVpc, create_vpc, plan_subnets
from realvpc.config import Settings
from realvpc.net.addresses import Cidr

from . import matrix
from .ping import ping
from .story import Story

MARK = {"realvpc-demo": "peering"}
"""The tag on the VPCs that the demo makes, and takes away when it runs again."""

ROLE = "SessionManager-Role"
_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
_POLICY = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"
_AMI = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"


class Site(Struct, frozen=True):
    """One of the three VPCs, with its instance."""

    aws: Aws
    name: str
    cidr: str
    vpc: MadeVpc
    instance_id: str
    address: str

    @property
    def instance_name(self) -> str:
        return f"{self.name}-EC2"

    @property
    def route_table_id(self) -> str:
        assert self.vpc.public_route_table_id is not None
        return self.vpc.public_route_table_id


class Walkthrough:
    """``ask_operator(method, path, **parameters)`` asks the service's own endpoint for predictions and reasons."""

    def __init__(
        self, story: Story, main: Aws, other: Aws, settings: Settings, ask_operator: Callable[..., Any]
    ) -> None:
        self._story = story
        self._main, self._other = main, other
        self._state_dir, self._node_socket = settings.state_dir, settings.node_socket
        self._ask = ask_operator

    def run(self) -> None:
        """All of it.  Raises CallFailedError, NodeError, PingError and ServiceError when a step cannot be done."""
        story = self._story
        story.chapter("Two VPCs in one account, each with an instance")
        a = self._site(self._main, "VPC-A", "10.20.0.0/16")
        b = self._site(self._main, "VPC-B", "10.30.0.0/16")

        story.chapter("Experiment 1: peer A and B inside the account")
        a_b = self._peer(a, b)
        self._route(a, b.cidr, a_b)
        self._route(b, a.cidr, a_b)
        self._ping(a, b, expected_loss=0)

        story.chapter("Experiment 2: peer A with C of another account")
        c = self._site(self._other, "VPC-C", "10.120.0.0/16")
        a_c = self._peer(a, c)
        self._route(a, c.cidr, a_c)
        self._route(c, a.cidr, a_c)
        self._ping(a, c, expected_loss=0)

        story.chapter("Experiment 3: from B to C by way of A")
        self._route(b, c.cidr, a_b)
        self._route(c, b.cidr, a_c)
        self._check_routes_active(b, c)
        self._ping(b, c, expected_loss=100)
        self._explain(b, c)
        self._matrix([a, b, c], {(b.instance_name, c.instance_name), (c.instance_name, b.instance_name)})

        story.chapter("The remedy: peer B and C too, a full mesh")
        b_c = self._peer(b, c)
        b.aws("ec2", "ReplaceRoute", **_route(b, c.cidr, b_c))
        c.aws("ec2", "ReplaceRoute", **_route(c, b.cidr, b_c))
        self._ping(b, c, expected_loss=0)
        self._matrix([a, b, c], set())
        self._story.chapter("What else there is to know")
        self._notes(a, c)

    # -- steps ---------------------------------------------------------------------------------------------------

    def _site(self, aws: Aws, name: str, cidr: str) -> Site:
        """A VPC by the "VPC and more" recipe with one public subnet, and an instance that anybody may ping."""
        block = Cidr.parse(cidr)
        zone = f"{aws.profile.region}a"
        vpc = create_vpc(aws, name, block, plan_subnets(block, [zone], public=1, private=0), tags=MARK)
        group_id = aws(
            "ec2", "CreateSecurityGroup", GroupName=f"{name}-sg", Description="Allow-ICMP", VpcId=vpc.vpc_id
        )["GroupId"]
        everybody = [{"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
        aws("ec2", "AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=everybody)
        _ensure_role(aws)
        image_id = aws("ssm", "GetParameter", Name=_AMI)["Parameter"]["Value"]
        launched = aws(
            "ec2",
            "RunInstances",
            ImageId=image_id,
            InstanceType="t2.micro",
            MinCount=1,
            MaxCount=1,
            IamInstanceProfile={"Name": ROLE},
            NetworkInterfaces=[
                {
                    "DeviceIndex": 0,
                    "SubnetId": vpc.public_subnet_ids[0],
                    "AssociatePublicIpAddress": True,
                    "Groups": [group_id],
                }
            ],
            TagSpecifications=[{"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": f"{name}-EC2"}]}],
        )
        instance_id: str = launched["Instances"][0]["InstanceId"]
        aws.wait("ec2", "InstanceRunning", InstanceIds=[instance_id])
        described = aws("ec2", "DescribeInstances", InstanceIds=[instance_id])
        address: str = described["Reservations"][0]["Instances"][0]["PrivateIpAddress"]
        return Site(aws, name, cidr, vpc, instance_id, address)

    def _peer(self, requester: Site, accepter: Site) -> str:
        foreign = requester.aws.profile.account != accepter.aws.profile.account
        made = requester.aws(
            "ec2",
            "CreateVpcPeeringConnection",
            VpcId=requester.vpc.vpc_id,
            PeerVpcId=accepter.vpc.vpc_id,
            **({"PeerOwnerId": accepter.aws.profile.account} if foreign else {}),
        )
        peering_id: str = made["VpcPeeringConnection"]["VpcPeeringConnectionId"]
        accepter.aws("ec2", "AcceptVpcPeeringConnection", VpcPeeringConnectionId=peering_id)
        requester.aws("ec2", "DescribeVpcPeeringConnections", VpcPeeringConnectionIds=[peering_id])
        return peering_id

    def _route(self, site: Site, destination: str, peering_id: str) -> None:
        site.aws("ec2", "CreateRoute", **_route(site, destination, peering_id))

    def _ping(self, source: Site, destination: Site, *, expected_loss: int) -> None:
        result = ping(self._state_dir, source.instance_id, destination.address)
        self._story.ping(source.instance_name, result, expected_loss=expected_loss)

    def _check_routes_active(self, b: Site, c: Site) -> None:
        states = []
        for site, destination in ((b, c.cidr), (c, b.cidr)):
            tables = site.aws("ec2", "DescribeRouteTables", RouteTableIds=[site.route_table_id])["RouteTables"]
            states += [r["State"] for r in tables[0]["Routes"] if r.get("DestinationCidrBlock") == destination]
        seen = f"both routes {states[0]}" if len(set(states)) == 1 else f"routes {' and '.join(states)}"
        self._story.check("the routes B to C and C to B", seen, states == ["active", "active"])

    def _explain(self, source: Site, destination: Site) -> None:
        answer = self._ask("GET", "why", source=source.instance_id, destination=destination.instance_id)
        self._story.say("")
        self._story.say(f"$ realvpc why {source.instance_name} {destination.instance_name}")
        self._story.say(f"    {answer['reason']}")
        self._story.say(f"    {answer['sentence_ja' if self._story.japanese else 'sentence']}")
        expected = answer["reason"] == "PCX_REQUIRES_ADDRESS_IN_VPC_CIDR"
        self._story.check("why B cannot reach C", answer["reason"], expected)

    def _matrix(self, sites: list[Site], unreachable: set[tuple[str, str]]) -> None:
        predicted = self._ask("GET", "matrix", instances=",".join(site.instance_id for site in sites))
        measured = matrix.measure(self._node_socket, predicted)
        self._story.say("")
        for line in matrix.table(predicted, measured):
            self._story.say(line)
        names = [row["name"] for row in predicted["instances"]]
        expected = [[None if row == column else (row, column) not in unreachable for column in names] for row in names]
        good = matrix.agrees(predicted, measured) and measured == expected
        self._story.check("the connectivity matrix", "predicted and measured agree" if good else "they differ", good)

    def _notes(self, a: Site, c: Site) -> None:
        zones = []
        for site in (a, c):
            subnets = site.aws("ec2", "DescribeSubnets", SubnetIds=site.vpc.public_subnet_ids)["Subnets"]
            zones.append((subnets[0]["AvailabilityZone"], subnets[0]["AvailabilityZoneId"]))
        (name, ours), (_, theirs) = zones
        say = self._story.say
        say("")
        say(
            f"{name} is {ours} in account {a.aws.profile.name} and {theirs} in account {c.aws.profile.name}: "
            "compare zone ids, not names."
        )
        say("A full mesh of n VPCs takes n(n-1)/2 connections, and routes on both sides of each.")
        say("A VPC may have 50 active peering connections (at most 125 when the quota is raised).")
        say("A request that nobody accepts expires after 7 days: `realvpc clock --advance 7d` shows it.")


def clean_up(aws: Aws) -> int:
    """Take away the VPCs of an earlier demo in this account, with all that is in them; returns how many."""
    mark = [{"Name": f"tag:{key}", "Values": [value]} for key, value in MARK.items()]
    vpc_ids: list[str] = [vpc["VpcId"] for vpc in aws("ec2", "DescribeVpcs", Filters=mark)["Vpcs"]]
    for vpc_id in vpc_ids:
        empty_vpc(aws, vpc_id)
    for vpc_id in vpc_ids:
        aws("ec2", "DeleteVpc", VpcId=vpc_id)
    return len(vpc_ids)


def _ensure_role(aws: Aws) -> None:
    """The role and the instance profile that make an instance a managed one; made once per account."""
    try:
        aws("iam", "GetInstanceProfile", InstanceProfileName=ROLE)
    except CallFailedError as error:
        if "NoSuchEntity" not in str(error):
            raise
        aws("iam", "CreateRole", RoleName=ROLE, AssumeRolePolicyDocument=json.dumps(_TRUST))
        aws("iam", "AttachRolePolicy", RoleName=ROLE, PolicyArn=_POLICY)
        aws("iam", "CreateInstanceProfile", InstanceProfileName=ROLE)
        aws("iam", "AddRoleToInstanceProfile", InstanceProfileName=ROLE, RoleName=ROLE)


def _route(site: Site, destination: str, peering_id: str) -> dict[str, str]:
    return {
        "RouteTableId": site.route_table_id,
        "DestinationCidrBlock": destination,
        "VpcPeeringConnectionId": peering_id,
    }
