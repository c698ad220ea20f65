"""A VPC with an instance in an account of its own choice, to be peered with others."""

from __future__ import annotations

import re
from typing import Any

from tests.patience import PATIENCE_SECONDS
from tests.running import Running

# All are sent at once: once one is answered, ping would wait for a last one no longer than between two.
_THREE_AT_ONCE = ("ping", "-n", "-l", "3", "-c", "3")
PING = (*_THREE_AT_ONCE, "-W", f"{PATIENCE_SECONDS:g}")
PING_BRIEFLY = (*_THREE_AT_ONCE, "-W", "1")
ALL_ICMP = [{"IpProtocol": "icmp", "FromPort": -1, "ToPort": -1, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]


def loss(output: str) -> int:
    found = re.search(r"(\d+)% packet loss", output)
    assert found, output
    return int(found[1])


class Site:
    """One VPC with an instance, made with boto3 as the article does it by hand."""

    def __init__(self, service: Running, account: str, name: str, cidr: str, subnet: str, **launch: Any) -> None:
        self.service, self.cidr = service, cidr
        self.account: str = service.client("sts", "--account", account).get_caller_identity()["Account"]
        self.ec2: Any = service.client("ec2", "--account", account)
        self.vpc_id: str = self.ec2.create_vpc(CidrBlock=cidr)["Vpc"]["VpcId"]
        self.ec2.get_waiter("vpc_available").wait(VpcIds=[self.vpc_id])
        self.subnet_id: str = self.ec2.create_subnet(VpcId=self.vpc_id, CidrBlock=subnet)["Subnet"]["SubnetId"]
        self.ec2.get_waiter("subnet_available").wait(SubnetIds=[self.subnet_id])
        main = [{"Name": "vpc-id", "Values": [self.vpc_id]}, {"Name": "association.main", "Values": ["true"]}]
        self.route_table_id: str = self.ec2.describe_route_tables(Filters=main)["RouteTables"][0]["RouteTableId"]
        group = self.ec2.create_security_group(GroupName=name, Description=name, VpcId=self.vpc_id)
        self.ec2.authorize_security_group_ingress(GroupId=group["GroupId"], IpPermissions=ALL_ICMP)
        images = self.ec2.describe_images(
            Owners=["amazon"], Filters=[{"Name": "name", "Values": ["al2023-ami-2023.*-kernel-6.1-x86_64"]}]
        )
        image_id = images["Images"][0]["ImageId"]
        self.launch: dict[str, Any] = {
            "ImageId": image_id, "InstanceType": "t2.micro", "MinCount": 1, "MaxCount": 1, "SubnetId": self.subnet_id,
            "SecurityGroupIds": [group["GroupId"]], **launch,
        }  # fmt: skip
        launched = self.ec2.run_instances(**self.launch)["Instances"][0]
        self.instance_id: str = launched["InstanceId"]
        self.address: str = launched["PrivateIpAddress"]
        self.ec2.get_waiter("instance_running").wait(InstanceIds=[self.instance_id])

    def peer(self, other: Site) -> str:
        made = self.ec2.create_vpc_peering_connection(
            VpcId=self.vpc_id, PeerVpcId=other.vpc_id, PeerOwnerId=other.account
        )
        pcx: str = made["VpcPeeringConnection"]["VpcPeeringConnectionId"]
        other.ec2.get_waiter("vpc_peering_connection_exists").wait(VpcPeeringConnectionIds=[pcx])
        other.ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=pcx)
        return pcx

    def route(self, destination: str, pcx: str) -> None:
        self.ec2.create_route(
            RouteTableId=self.route_table_id, DestinationCidrBlock=destination, VpcPeeringConnectionId=pcx
        )

    def ping(self, address: str) -> int:
        """The loss in percent."""
        return loss(self.service("exec", self.instance_id, "--", *PING, address, code=None).out)

    def ping_briefly(self, address: str) -> int:
        """The same where nothing is to come back, or not yet."""
        return loss(self.service("exec", self.instance_id, "--", *PING_BRIEFLY, address, code=None).out)
