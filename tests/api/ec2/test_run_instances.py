"""Launching instances."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from realvpc.clock import Clock
from realvpc.net.addresses import Address, Cidr
from realvpc.net.images import AL2023

from ..build import make_subnet, make_vpc, named, specification, tags
from ..conftest import MAIN, TOKYO, VIRGINIA, Client, new_service

IMAGE = AL2023.id_in(TOKYO)
PUBLIC = Cidr.parse("198.18.0.0/16")


def run(client: Client, subnet_id: str, count: int = 1, **more: Any) -> list[dict[str, Any]]:
    """The new instances as DescribeInstances shows them."""
    request: dict[str, Any] = {
        "ImageId": IMAGE,
        "InstanceType": "t2.micro",
        "SubnetId": subnet_id,
        "MinCount": count,
        "MaxCount": count,
    }
    made = client("RunInstances", **{k: v for k, v in (request | more).items() if v is not None})
    return described(client, *(row["InstanceId"] for row in made["Instances"]))


def described(client: Client, *instance_ids: str) -> list[dict[str, Any]]:
    reservations = client("DescribeInstances", InstanceIds=list(instance_ids))["Reservations"]
    return [row for reservation in reservations for row in reservation["Instances"]]


RESERVATION, ONLY = "cr-0123456789abcdef0", "capacity-reservations-only"


def reserved(**wanted: Any) -> dict[str, Any]:
    return {"CapacityReservationSpecification": wanted}


def targeted(**target: str) -> dict[str, Any]:
    return reserved(CapacityReservationTarget=target)


@pytest.fixture
def subnet_id(client: Client) -> str:
    return make_subnet(client, make_vpc(client))


@pytest.mark.parametrize("preference", ["open", "none"])
def test_whether_it_would_run_in_an_open_capacity_reservation_is_kept(
    client: Client, subnet_id: str, preference: str
) -> None:
    (made,) = run(client, subnet_id, **reserved(CapacityReservationPreference=preference))
    assert made["CapacityReservationSpecification"] == {"CapacityReservationPreference": preference}


def test_an_instance_is_pending_in_the_answer_and_runs_with_an_address_of_its_subnet(
    client: Client, subnet_id: str
) -> None:
    made = client("RunInstances", ImageId=IMAGE, InstanceType="t2.micro", SubnetId=subnet_id, MinCount=1, MaxCount=1)
    (pending,) = made["Instances"]
    assert pending["State"] == {"Code": 0, "Name": "pending"}
    assert pending["NetworkInterfaces"][0]["Attachment"]["Status"] == "attaching"
    (running,) = described(client, pending["InstanceId"])
    assert running["State"] == {"Code": 16, "Name": "running"}
    assert running["NetworkInterfaces"][0]["Attachment"]["Status"] == "attached"
    address = running["PrivateIpAddress"]
    assert Address.parse(address) in Cidr.parse("10.20.0.0/20")
    assert running["PrivateDnsName"] == f"ip-{address.replace('.', '-')}.{TOKYO}.compute.internal"
    assert running["PublicDnsName"] == ""
    assert running["PublicIpAddress"] is None
    assert running["Placement"]["AvailabilityZone"] == f"{TOKYO}a"
    assert running["SecurityGroups"][0]["GroupName"] == "default"
    (interface,) = client("DescribeNetworkInterfaces", Filters=named("attachment.instance-id", pending["InstanceId"]))[
        "NetworkInterfaces"
    ]
    assert interface["PrivateIpAddress"] == address
    assert interface["Status"] == "in-use"
    assert interface.get("PrivateDnsName") is None  # the VPC names no hosts
    assert interface["MacAddress"].startswith("06:")


def test_the_image_may_be_named_by_its_public_parameter(client: Client, subnet_id: str) -> None:
    name = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
    (instance,) = run(client, subnet_id, ImageId=f"resolve:ssm:{name}")
    assert instance["ImageId"] == client("GetParameter", of="ssm", Name=name)["Parameter"]["Value"] == IMAGE


def test_what_the_console_sends_gives_a_public_address_and_a_name_where_the_vpc_names_hosts(client: Client) -> None:
    vpc_id = make_vpc(client)
    client("ModifyVpcAttribute", VpcId=vpc_id, EnableDnsHostnames={"Value": True})
    subnet_id = make_subnet(client, vpc_id)
    specification_ = {"DeviceIndex": 0, "SubnetId": subnet_id, "AssociatePublicIpAddress": True}
    (instance,) = run(client, subnet_id, SubnetId=None, NetworkInterfaces=[specification_])
    public = Address.parse(instance["PublicIpAddress"])
    assert public in PUBLIC
    assert public & 0xFF not in (0, 255)
    assert instance["PublicDnsName"] == f"ec2-{str(public).replace('.', '-')}.{TOKYO}.compute.amazonaws.com"
    assert instance["NetworkInterfaces"][0]["PrivateDnsName"] == instance["PrivateDnsName"]


def test_the_subnet_may_give_public_addresses_by_itself(client: Client, subnet_id: str) -> None:
    client("ModifySubnetAttribute", SubnetId=subnet_id, MapPublicIpOnLaunch={"Value": True})
    assert run(client, subnet_id)[0]["PublicIpAddress"]


def test_many_instances_have_addresses_of_their_own(client: Client, subnet_id: str) -> None:
    client("ModifySubnetAttribute", SubnetId=subnet_id, MapPublicIpOnLaunch={"Value": True})
    instances = run(client, subnet_id, 50)
    for name in ("PrivateIpAddress", "PublicIpAddress"):
        assert len({instance[name] for instance in instances}) == 50
    assert [instance["AmiLaunchIndex"] for instance in instances] == list(range(50))


def test_a_full_subnet_takes_what_it_can_and_then_nothing(client: Client) -> None:
    subnet_id = make_subnet(client, make_vpc(client), "10.20.0.0/28")
    made = client("RunInstances", ImageId=IMAGE, InstanceType="t2.micro", SubnetId=subnet_id, MinCount=1, MaxCount=20)
    assert len(made["Instances"]) == 11
    error = refused(client, subnet_id)
    assert error.code == "InsufficientFreeAddressesInSubnet"
    assert subnet_id in error.message


def refused(client: Client, subnet_id: str, **more: Any) -> Any:
    request: dict[str, Any] = {
        "ImageId": IMAGE,
        "InstanceType": "t2.micro",
        "SubnetId": subnet_id,
        "MinCount": 1,
        "MaxCount": 1,
    }
    return client.refused("RunInstances", **{k: v for k, v in (request | more).items() if v is not None})


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"ImageId": None}, "MissingParameter", "ImageId"),
        ({"ImageId": "ami-1"}, "InvalidAMIID.Malformed", 'Invalid id: "ami-1" (expecting "ami-...")'),
        ({"ImageId": AL2023.id_in(VIRGINIA)}, "InvalidAMIID.NotFound", "The image id '[ami-"),
        ({"InstanceType": "t2.huge"}, "InvalidParameterValue", "Invalid value 't2.huge' for InstanceType."),
        ({"SubnetId": None}, "VPCIdNotSpecified", "No default VPC"),
        ({"SubnetId": "subnet-00000000000000001"}, "InvalidSubnetID.NotFound", "does not exist"),
        ({"SecurityGroupIds": ["sg-00000000000000001"]}, "InvalidGroup.NotFound", "does not exist in VPC 'vpc-"),
        (
            {"PrivateIpAddress": "10.20.99.1"},
            "InvalidParameterValue",
            "does not fall within the subnet's address range",
        ),
        ({"PrivateIpAddress": "10.20.0.1"}, "InvalidParameterValue", "reserved address range"),
        ({"PrivateIpAddress": "nonsense"}, "InvalidParameterValue", "privateIpAddress"),
        ({"PrivateIpAddress": "10.20.0.9", "MaxCount": 2}, "InvalidParameterCombination", "single instance"),
        ({"MinCount": 0}, "InvalidParameterValue", "minCount"),
        ({"MinCount": 2}, "InvalidParameterValue", "minCount"),
        ({"KeyName": "mine"}, "InvalidKeyPair.NotFound", "The key pair 'mine' does not exist"),
        ({"UserData": "%"}, "InvalidParameterValue", "Invalid BASE64 encoding of user data"),
        ({"UserData": base64.b64encode(b"x" * 16385).decode()}, "InvalidParameterValue", "limited to 16384 bytes"),
        ({"IamInstanceProfile": {"Name": "nobody"}}, "InvalidParameterValue", "Invalid IAM Instance Profile name"),
        ({"IamInstanceProfile": {"Arn": "arn:x"}}, "InvalidParameterValue", "Invalid IAM Instance Profile ARN"),
        ({"Placement": {"AvailabilityZone": "ap-northeast-1c"}}, "InvalidParameterValue", "availability zone"),
        ({"LaunchTemplate": {"LaunchTemplateName": "t"}}, "InvalidLaunchTemplateName.NotFoundException", "t"),
        ({"MinCount": 500_000, "MaxCount": 500_000}, "VcpuLimitExceeded", "vCPU"),
        ({"NetworkInterfaces": [{"DeviceIndex": 0}]}, "InvalidParameterCombination", "instance-level subnet ID"),
        ({"CreditSpecification": {"CpuCredits": "lots"}}, "InvalidParameterValue", "CpuCredits"),
        (reserved(CapacityReservationPreference="any"), "InvalidParameterValue", "(any)"),
        (reserved(CapacityReservationPreference=ONLY), "ReservationCapacityExceeded", "Capacity Reservation"),
        (targeted(CapacityReservationId="cr-1"), "InvalidCapacityReservationId.Malformed", "cr-1"),
        (targeted(CapacityReservationId=RESERVATION), "InvalidCapacityReservationId.NotFound", RESERVATION),
        (targeted(CapacityReservationResourceGroupArn="arn:aws:g"), "InvalidParameterValue", "arn:aws:g"),
        ({"TagSpecifications": specification("vpc", a="b")}, "InvalidParameterValue", "taggable resource type"),
    ],
)
def test_a_launch_that_cannot_be(
    client: Client, subnet_id: str, changes: dict[str, Any], code: str, words: str
) -> None:
    error = refused(client, subnet_id, **changes)
    assert (error.code, error.status) == (code, 400)
    assert words in error.message


def test_an_address_in_use_is_refused(client: Client, subnet_id: str) -> None:
    run(client, subnet_id, PrivateIpAddress="10.20.0.207")
    error = refused(client, subnet_id, PrivateIpAddress="10.20.0.207")
    assert (error.code, error.message) == ("InvalidIPAddress.InUse", "Address 10.20.0.207 is in use.")


def test_a_group_of_another_vpc_is_refused(client: Client, subnet_id: str) -> None:
    far = client("DescribeSecurityGroups", Filters=named("vpc-id", make_vpc(client, "10.30.0.0/16")))["SecurityGroups"]
    error = refused(client, subnet_id, SecurityGroupIds=[far[0]["GroupId"]])
    assert error.code == "InvalidParameter"
    assert "belong to different networks" in error.message


def test_the_same_client_token_launches_once(client: Client, subnet_id: str) -> None:
    first, second = run(client, subnet_id, ClientToken="t"), run(client, subnet_id, ClientToken="t")
    assert first == second
    assert len(client("DescribeInstances")["Reservations"]) == 1
    error = refused(client, subnet_id, ClientToken="t", InstanceType="t3.micro")
    assert error.code == "IdempotentParameterMismatch"


def test_tags_go_to_the_instance_its_interface_and_its_volume(client: Client, subnet_id: str) -> None:
    (instance,) = run(
        client,
        subnet_id,
        TagSpecifications=[
            *specification("instance", Name="i"),
            *specification("network-interface", Name="n"),
            *specification("volume", Name="v"),
        ],
    )
    assert instance["Tags"] == tags(Name="i")
    interface_id = instance["NetworkInterfaces"][0]["NetworkInterfaceId"]
    (interface,) = client("DescribeNetworkInterfaces", NetworkInterfaceIds=[interface_id])["NetworkInterfaces"]
    assert interface["TagSet"] == tags(Name="n")
    volume_id = instance["BlockDeviceMappings"][0]["Ebs"]["VolumeId"]
    (volume,) = client("DescribeVolumes", VolumeIds=[volume_id])["Volumes"]
    assert (volume["Tags"], volume["Size"], volume["State"]) == (tags(Name="v"), 8, "in-use")


def test_an_interface_made_before_is_taken_and_given_back(client: Client, subnet_id: str) -> None:
    interface_id = client("CreateNetworkInterface", SubnetId=subnet_id, PrivateIpAddress="10.20.0.50")[
        "NetworkInterface"
    ]["NetworkInterfaceId"]
    taken = [{"DeviceIndex": 0, "NetworkInterfaceId": interface_id}]
    (instance,) = run(client, subnet_id, SubnetId=None, NetworkInterfaces=taken)
    assert instance["PrivateIpAddress"] == "10.20.0.50"
    error = refused(client, subnet_id, SubnetId=None, NetworkInterfaces=taken)
    assert error.code == "InvalidNetworkInterface.InUse"
    assert client.refused("DeleteNetworkInterface", NetworkInterfaceId=interface_id).code == "InvalidParameterValue"

    client("TerminateInstances", InstanceIds=[instance["InstanceId"]])
    (interface,) = client("DescribeNetworkInterfaces", NetworkInterfaceIds=[interface_id])["NetworkInterfaces"]
    assert interface["Status"] == "available"


def test_one_interface_cannot_be_taken_twice(client: Client, subnet_id: str) -> None:
    interface_id = client("CreateNetworkInterface", SubnetId=subnet_id)["NetworkInterface"]["NetworkInterfaceId"]
    twice = [{"DeviceIndex": index, "NetworkInterfaceId": interface_id} for index in range(2)]
    error = refused(client, subnet_id, SubnetId=None, NetworkInterfaces=twice)
    assert (error.code, error.message) == ("InvalidNetworkInterface.InUse", f"Interface: [{interface_id}] in use.")


def test_more_interfaces_than_the_type_has_are_refused(client: Client, subnet_id: str) -> None:
    wanted = [{"DeviceIndex": index, "SubnetId": subnet_id} for index in range(3)]
    assert refused(client, subnet_id, SubnetId=None, NetworkInterfaces=wanted).code == "AttachmentLimitExceeded"
    (instance,) = run(client, subnet_id, SubnetId=None, NetworkInterfaces=wanted[:2])
    assert [row["Attachment"]["DeviceIndex"] for row in instance["NetworkInterfaces"]] == [0, 1]


def test_dry_run_launches_nothing(client: Client, subnet_id: str) -> None:
    error = refused(client, subnet_id, DryRun=True)
    assert (error.code, error.status) == ("DryRunOperation", 412)


def test_without_verified_credentials_an_unknown_image_is_the_default_one(clock: Clock) -> None:
    client = Client(new_service(clock, any_image=True), MAIN, TOKYO)
    vpc_id = client("CreateVpc", CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnet_id = client("CreateSubnet", VpcId=vpc_id, CidrBlock="10.0.0.0/24")["Subnet"]["SubnetId"]
    launch = {"SubnetId": subnet_id, "MinCount": 1, "MaxCount": 1}
    [instance] = client("RunInstances", ImageId="ami-12c6146b", **launch)["Instances"]
    assert (instance["ImageId"], instance["RootDeviceName"]) == ("ami-12c6146b", "/dev/xvda")
    assert client.refused("RunInstances", ImageId="ami-x", **launch).code == "InvalidAMIID.Malformed"
