"""VPCs that are peered with the target's."""

from __future__ import annotations

from typing import Any

from tests.running import REGION

from .target import CIDR, Target, create_vpc


class Peer:
    """A VPC beside the target's, peered with it; nothing leads there yet."""

    def __init__(self, target: Target, name: str, cidr: str, region: str = REGION) -> None:
        self.ec2: Any = target.service.client("ec2", "--region", region)
        self.vpc_id, self.subnet_id = create_vpc(target.service, self.ec2, name, cidr, region)
        self._image_id = target.image_id
        made = target.ec2.create_vpc_peering_connection(VpcId=target.vpc_id, PeerVpcId=self.vpc_id, PeerRegion=region)
        self.peering_id: str = made["VpcPeeringConnection"]["VpcPeeringConnectionId"]
        self.ec2.accept_vpc_peering_connection(VpcPeeringConnectionId=self.peering_id)

    def launch(self, **interface: Any) -> dict[str, Any]:
        """An instance with a public address, which runs."""
        launched = self.ec2.run_instances(
            ImageId=self._image_id, InstanceType="t2.micro", MinCount=1, MaxCount=1,
            NetworkInterfaces=[
                {"DeviceIndex": 0, "SubnetId": self.subnet_id, "AssociatePublicIpAddress": True, **interface}
            ],
        )["Instances"][0]  # fmt: skip
        self.ec2.get_waiter("instance_running").wait(InstanceIds=[launched["InstanceId"]])
        reservations = self.ec2.describe_instances(InstanceIds=[launched["InstanceId"]])["Reservations"]
        instance: dict[str, Any] = reservations[0]["Instances"][0]
        return instance

    def allow_names(self, allowed: bool) -> None:
        """Whether the target's VPC may resolve names of this one."""
        options = {"AllowDnsResolutionFromRemoteVpc": allowed}
        self.ec2.modify_vpc_peering_connection_options(
            VpcPeeringConnectionId=self.peering_id, AccepterPeeringConnectionOptions=options
        )


class OpenPeer(Peer):
    """With routes both ways, and an instance that lets the target's VPC come in on all ports."""

    def __init__(self, target: Target, name: str, cidr: str) -> None:
        super().__init__(target, name, cidr)
        for near, far in ((target.vpc_id, cidr), (self.vpc_id, CIDR)):
            for table in self.ec2.describe_route_tables(Filters=[{"Name": "vpc-id", "Values": [near]}])["RouteTables"]:
                self.ec2.create_route(
                    RouteTableId=table["RouteTableId"], DestinationCidrBlock=far, VpcPeeringConnectionId=self.peering_id
                )
        made = self.ec2.create_security_group(GroupName=name, Description=name, VpcId=self.vpc_id)
        self._group_id: str = made["GroupId"]
        self._rules = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": CIDR}]}]
        self.ec2.authorize_security_group_ingress(GroupId=self._group_id, IpPermissions=self._rules)
        instance = self.launch(Groups=[self._group_id])
        self.instance_id: str = instance["InstanceId"]
        self.address: str = instance["PrivateIpAddress"]

    def close_group(self) -> None:
        self.ec2.revoke_security_group_ingress(GroupId=self._group_id, IpPermissions=self._rules)
