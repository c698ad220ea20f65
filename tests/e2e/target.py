"""An instance that Systems Manager manages, in a VPC of its own."""

from __future__ import annotations

from typing import Any

from tests.running import REGION, Running

CIDR = "10.70.0.0/16"


def create_vpc(service: Running, ec2: Any, name: str, cidr: str, region: str = REGION) -> tuple[str, str]:
    """The ids of a VPC and of its only subnet, which is public."""
    words = f"vpc create --name {name} --cidr {cidr} --azs 1 --public 1 --private 0 --region {region}"
    service(*words.split())
    named = [{"Name": "tag:Name", "Values": [f"{name}-vpc"]}]
    vpc_id: str = ec2.describe_vpcs(Filters=named)["Vpcs"][0]["VpcId"]
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc_id]}])["Subnets"]
    return vpc_id, subnets[0]["SubnetId"]


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
        self.vpc_id, subnet = create_vpc(service, self.ec2, "session", CIDR)
        found = self.ssm.get_parameter(Name="/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64")
        self.image_id: str = found["Parameter"]["Value"]
        launched = self.ec2.run_instances(
            ImageId=self.image_id, InstanceType="t2.micro", MinCount=1, MaxCount=1,
            IamInstanceProfile={"Name": "session"},
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
