"""Deleting a VPC with all that is in it, in the order that AWS asks for."""

from __future__ import annotations

from .aws import Aws


def delete_vpc(aws: Aws, vpc_id: str) -> None:
    """Instances, peering connections, NAT gateways, subnets, route tables, internet gateway, groups, VPC.

    Elastic IP addresses stay with the account.  Raises CallFailedError.
    """
    empty_vpc(aws, vpc_id)
    aws("ec2", "DeleteVpc", VpcId=vpc_id)


def empty_vpc(aws: Aws, vpc_id: str) -> None:
    """The same but for the VPC itself: peered VPCs are emptied first and deleted then."""
    inside = [{"Name": "vpc-id", "Values": [vpc_id]}]
    reservations = aws("ec2", "DescribeInstances", Filters=inside)["Reservations"]
    instances = [i["InstanceId"] for r in reservations for i in r["Instances"] if i["State"]["Name"] != "terminated"]
    if instances:
        aws("ec2", "TerminateInstances", InstanceIds=instances)
        aws.wait("ec2", "InstanceTerminated", InstanceIds=instances)
    for side in ("requester", "accepter"):
        live = [
            {"Name": f"{side}-vpc-info.vpc-id", "Values": [vpc_id]},
            {"Name": "status-code", "Values": ["active", "pending-acceptance"]},
        ]
        for peering in aws("ec2", "DescribeVpcPeeringConnections", Filters=live)["VpcPeeringConnections"]:
            aws("ec2", "DeleteVpcPeeringConnection", VpcPeeringConnectionId=peering["VpcPeeringConnectionId"])
    available = [*inside, {"Name": "state", "Values": ["available"]}]
    for nat in aws("ec2", "DescribeNatGateways", Filter=available)["NatGateways"]:
        aws("ec2", "DeleteNatGateway", NatGatewayId=nat["NatGatewayId"])
    for subnet in aws("ec2", "DescribeSubnets", Filters=inside)["Subnets"]:
        aws("ec2", "DeleteSubnet", SubnetId=subnet["SubnetId"])
    for table in aws("ec2", "DescribeRouteTables", Filters=inside)["RouteTables"]:
        if not any(association.get("Main") for association in table["Associations"]):
            aws("ec2", "DeleteRouteTable", RouteTableId=table["RouteTableId"])
    attached = [{"Name": "attachment.vpc-id", "Values": [vpc_id]}]
    for gateway in aws("ec2", "DescribeInternetGateways", Filters=attached)["InternetGateways"]:
        aws("ec2", "DetachInternetGateway", InternetGatewayId=gateway["InternetGatewayId"], VpcId=vpc_id)
        aws("ec2", "DeleteInternetGateway", InternetGatewayId=gateway["InternetGatewayId"])
    for group in aws("ec2", "DescribeSecurityGroups", Filters=inside)["SecurityGroups"]:
        if group["GroupName"] != "default":
            aws("ec2", "DeleteSecurityGroup", GroupId=group["GroupId"])
