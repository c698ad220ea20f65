"""An instance that Systems Manager manages, in a VPC of its own."""

from __future__ import annotations

from typing import Any

from tests.running import Running


class Target:
    """A managed instance in a VPC of its own, and the account's SSM."""

    def __init__(self, service: Running) -> None:
        self.service = service
        self.ssm: Any = service.client("ssm")
        self.ec2: Any = service.client("ec2")
        iam = service.client("iam")
        trust = (
            '{"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", '
            '"Principal": {"Service": "ec2.amazonaws.com"}}]}'
        )
        iam.create_role(RoleName="session", AssumeRolePolicyDocument=trust)
        iam.attach_role_policy(RoleName="session", PolicyArn="arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore")
        iam.create_instance_profile(InstanceProfileName="session")
        iam.add_role_to_instance_profile(InstanceProfileName="session", RoleName="session")
        made = service(
            "vpc",
            "create",
            "--name",
            "session",
            "--cidr",
            "10.70.0.0/16",
            "--azs",
            "1",
            "--public",
            "1",
            "--private",
            "0",
        )
        assert made
        vpc = self.ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["session-vpc"]}])["Vpcs"][0]["VpcId"]
        subnet = self.ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"][0]["SubnetId"]
        self.vpc_id = vpc
        image = self.ssm.get_parameter(Name="/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64")[
            "Parameter"
        ]["Value"]
        self.image = image
        launched = self.ec2.run_instances(
            ImageId=image, InstanceType="t2.micro", MinCount=1, MaxCount=1, IamInstanceProfile={"Name": "session"},
            NetworkInterfaces=[{"DeviceIndex": 0, "SubnetId": subnet, "AssociatePublicIpAddress": True}],
        )["Instances"][0]  # fmt: skip
        self.instance_id: str = launched["InstanceId"]
        self.ec2.get_waiter("instance_running").wait(InstanceIds=[self.instance_id])

    def start(self, **more: Any) -> dict[str, Any]:
        session: dict[str, Any] = self.ssm.start_session(Target=self.instance_id, **more)
        return session

    def status(self, session: dict[str, Any], state: str = "Active") -> list[str]:
        filters = [{"key": "SessionId", "value": session["SessionId"]}]
        return [row["Status"] for row in self.ssm.describe_sessions(State=state, Filters=filters)["Sessions"]]


class Peer:
    """An instance in a VPC that is peered with the target's, and lets it come in on all ports."""

    def __init__(self, target: Target) -> None:
        self._ec2 = ec2 = target.ec2
        words = "vpc create --name session-peer --cidr 10.71.0.0/16 --azs 1 --public 0 --private 1"
        target.service(*words.split())
        vpc = ec2.describe_vpcs(Filters=[{"Name": "tag:Name", "Values": ["session-peer-vpc"]}])["Vpcs"][0]["VpcId"]
        peering = ec2.create_vpc_peering_connection(VpcId=target.vpc_id, PeerVpcId=vpc)["VpcPeeringConnection"]
        peering_id = peering["VpcPeeringConnectionId"]
        ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=peering_id)
        for near, far in ((target.vpc_id, "10.71.0.0/16"), (vpc, "10.70.0.0/16")):
            for table in ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [near]}])["RouteTables"]:
                ec2.create_route(
                    RouteTableId=table["RouteTableId"], DestinationCidrBlock=far, VpcPeeringConnectionId=peering_id
                )
        self._group_id: str = ec2.create_security_group(GroupName="peer", Description="peer", VpcId=vpc)["GroupId"]
        self._rules = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "10.70.0.0/16"}]}]
        ec2.authorize_security_group_ingress(GroupId=self._group_id, IpPermissions=self._rules)
        subnet = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"][0]["SubnetId"]
        launched = ec2.run_instances(
            ImageId=target.image, InstanceType="t2.micro", MinCount=1, MaxCount=1,
            SubnetId=subnet, SecurityGroupIds=[self._group_id],
        )["Instances"][0]  # fmt: skip
        self.instance_id: str = launched["InstanceId"]
        self.address: str = launched["PrivateIpAddress"]
        ec2.get_waiter("instance_running").wait(InstanceIds=[self.instance_id])

    def close_group(self) -> None:
        self._ec2.revoke_security_group_ingress(GroupId=self._group_id, IpPermissions=self._rules)
