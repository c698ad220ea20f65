"""The walkthrough of VPC peering, by every client that people use: the demo, the aws command, a boto3 script."""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from tests.running import Running

from .site import Site, loss

pytestmark = [pytest.mark.root, pytest.mark.e2e]


@pytest.mark.parametrize("client", ["botocore", "aws"])
def test_the_demo_sees_what_aws_shows(service: Running, client: str) -> None:
    story = json.loads(service("demo", "peering", "--json", "--client", client).out)
    assert story["as_on_aws"], story["checks"]
    pings = [check["seen"] for check in story["checks"] if "ping" in check["what"]]
    assert pings == ["0 % loss", "0 % loss", "100 % loss", "0 % loss"]
    outputs = [step["seen"] for chapter in story["chapters"] for step in chapter["steps"] if "instance" in step]
    assert all("ttl=127" in output for output in outputs if loss(output) == 0)


def test_the_demo_can_be_told_to_people(service: Running) -> None:
    told = service("demo", "peering").out
    assert "Experiment 3: from B to C by way of A" in told
    assert "PCX_REQUIRES_ADDRESS_IN_VPC_CIDR" in told
    assert "VPC peering is not transitive." in told
    service("matrix", "--measured")
    service("why", "VPC-B-EC2", "VPC-C-EC2")


def test_a_boto3_script(service: Running) -> None:
    a = Site(service, "main", "a", "10.21.0.0/16", "10.21.0.0/20")
    b = Site(service, "main", "b", "10.31.0.0/16", "10.31.0.0/20")
    c = Site(service, "other", "c", "10.121.0.0/16", "10.121.0.0/20")
    assert a.ping_briefly(b.address) == 100
    a_b, a_c = a.peer(b), a.peer(c)
    for near, far, pcx in ((a, b, a_b), (b, a, a_b), (a, c, a_c), (c, a, a_c), (b, c, a_b), (c, b, a_c)):
        near.route(far.cidr, pcx)
    assert (a.ping(b.address), a.ping(c.address), b.ping_briefly(c.address)) == (0, 0, 100)
    a.ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=a_b)
    a.ec2.get_waiter("vpc_peering_connection_deleted").wait(VpcPeeringConnectionIds=[a_b])
    tables = b.ec2.describe_route_tables(RouteTableIds=[b.route_table_id])["RouteTables"]
    assert {route["State"] for route in tables[0]["Routes"] if "VpcPeeringConnectionId" in route} == {"blackhole"}
    assert a.ping_briefly(b.address) == 100


def test_equal_blocks_and_equal_addresses_in_two_accounts(service: Running) -> None:
    ours = Site(service, "main", "twin", "10.50.0.0/16", "10.50.0.0/20", PrivateIpAddress="10.50.0.10")
    theirs = Site(service, "other", "twin", "10.50.0.0/16", "10.50.0.0/20", PrivateIpAddress="10.50.0.10")
    assert ours.address == theirs.address == "10.50.0.10"
    neighbour = ours.ec2.run_instances(
        ImageId=ours.ec2.describe_instances(InstanceIds=[ours.instance_id])["Reservations"][0]["Instances"][0]["ImageId"],
        InstanceType="t2.micro", MinCount=1, MaxCount=1, SubnetId=ours.subnet_id, PrivateIpAddress="10.50.0.11",
        SecurityGroupIds=[ours.ec2.describe_security_groups(
            Filters=[{"Name": "vpc-id", "Values": [ours.vpc_id]}, {"Name": "group-name", "Values": ["twin"]}]
        )["SecurityGroups"][0]["GroupId"]],
    )["Instances"][0]  # fmt: skip
    ours.ec2.get_waiter("instance_running").wait(InstanceIds=[neighbour["InstanceId"]])
    assert ours.ping("10.50.0.11") == 0
    assert theirs.ping_briefly("10.50.0.11") == 100
    pcx = ours.ec2.create_vpc_peering_connection(
        VpcId=ours.vpc_id, PeerVpcId=theirs.vpc_id, PeerOwnerId=theirs.account
    )["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    found = ours.ec2.describe_vpc_peering_connections(VpcPeeringConnectionIds=[pcx])["VpcPeeringConnections"]
    assert found[0]["Status"]["Code"] == "failed"
    with pytest.raises(ClientError, match=r"InvalidInstanceID\.NotFound"):
        theirs.ec2.describe_instances(InstanceIds=[ours.instance_id])


def test_typed_by_hand(service: Running) -> None:
    """The aws command, with its waiters, and the API's word about the machine's address."""
    vpc = service.aws("ec2", "create-vpc", "--cidr-block", "10.60.0.0/16")["Vpc"]["VpcId"]
    service.aws("ec2", "wait", "vpc-available", "--vpc-ids", vpc)
    subnet = service.aws("ec2", "create-subnet", "--vpc-id", vpc, "--cidr-block", "10.60.0.0/24")["Subnet"]["SubnetId"]
    image = service.aws(
        "ssm", "get-parameter", "--name", "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
    )["Parameter"]["Value"]
    instance = service.aws(
        "ec2", "run-instances", "--image-id", image, "--instance-type", "t2.micro", "--subnet-id", subnet
    )["Instances"][0]  # fmt: skip
    instance_id, address = instance["InstanceId"], instance["PrivateIpAddress"]
    service.aws("ec2", "wait", "instance-running", "--instance-ids", instance_id)
    assert f"inet {address}/24" in service("exec", instance_id, "--", "ip", "-4", "addr", "show", "eth0").out
    assert service("exec", instance_id, "--", "hostname").out.strip() == f"ip-{address.replace('.', '-')}"
    assert "mtu 9001" in service("exec", instance_id, "--", "ip", "link", "show", "eth0").out
    complaint = service.aws("ec2", "delete-subnet", "--subnet-id", subnet, code=255)
    assert "(DependencyViolation)" in complaint
    service.aws("ec2", "terminate-instances", "--instance-ids", instance_id)
    service.aws("ec2", "wait", "instance-terminated", "--instance-ids", instance_id)
    service.aws("ec2", "delete-subnet", "--subnet-id", subnet)
    service.aws("ec2", "delete-vpc", "--vpc-id", vpc)
    assert "(InvalidVpcID.NotFound)" in service.aws("ec2", "describe-vpcs", "--vpc-ids", vpc, code=255)
