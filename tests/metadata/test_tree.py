"""What an instance reads about itself."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest

from tests.api.build import ipv6_of
from tests.api.conftest import MAIN
from tests.api.ec2.test_run_instances import run

from .conftest import Launch, World


@pytest.fixture
def instance(world: World) -> dict[str, Any]:
    return world.run()


def test_the_tree_is_found_under_every_version(world: World, launch: Launch) -> None:
    me = launch()
    versions = world.read(me, "/").text.splitlines()
    assert {"1.0", "2009-04-04", "2021-03-23", "latest"} <= set(versions)
    assert versions == sorted(versions)
    for version in versions:
        assert world.read(me, f"/{version}/").text == "dynamic\nmeta-data"
        assert world.read(me, f"/{version}/meta-data/instance-id").text == me


def test_every_listed_entry_can_be_read(world: World, launch: Launch) -> None:
    me = launch(MetadataOptions={"InstanceMetadataTags": "enabled"}, TagSpecifications=[
        {"ResourceType": "instance", "Tags": [{"Key": "Name", "Value": "host-a"}, {"Key": "a:b", "Value": ""}]}
    ])  # fmt: skip
    seen: set[str] = set()

    def crawl(path: str) -> None:
        reply = world.read(me, path)
        assert reply.status == 200, path
        seen.add(path)
        for name in reply.text.splitlines():
            if name.endswith("/"):
                crawl(path + name)
            else:
                assert world.read(me, path + name).status == 200, path + name
                seen.add(path + name)

    crawl("/2009-04-04/meta-data/")
    crawl("/2009-04-04/dynamic/")
    names = {path.removeprefix("/2009-04-04/meta-data/") for path in seen}
    assert {"ami-id", "placement/availability-zone-id", "tags/instance/Name", "tags/instance/a:b"} <= names
    assert "iam/info" not in names
    assert "/2009-04-04/dynamic/instance-identity/document" in seen


def test_scripts_find_the_account_and_the_monitoring(world: World, launch: Launch) -> None:
    me = launch(Monitoring={"Enabled": True})
    said = world.read(me, "/latest/meta-data/identity-credentials/ec2/info").json
    assert (said["Code"], said["AccountId"]) == ("Success", MAIN)
    assert world.read(me, "/latest/dynamic/fws/instance-monitoring").text == "enabled"
    assert world.read(launch(), "/latest/dynamic/fws/instance-monitoring").text == "disabled"
    assert world.read(me, "/latest/meta-data/hibernation/configured").text == "false"


def test_it_says_what_the_api_says(world: World, instance: dict[str, Any]) -> None:
    me = instance["InstanceId"]
    (interface,) = instance["NetworkInterfaces"]
    mac = f"network/interfaces/macs/{interface['MacAddress']}"
    said = {
        "ami-id": instance["ImageId"],
        "ami-launch-index": "0",
        "hostname": instance["PrivateDnsName"],
        "instance-id": me,
        "instance-type": instance["InstanceType"],
        "instance-life-cycle": "on-demand",
        "local-hostname": instance["PrivateDnsName"],
        "local-ipv4": instance["PrivateIpAddress"],
        "public-hostname": instance["PublicDnsName"],
        "public-ipv4": instance["PublicIpAddress"],
        "mac": interface["MacAddress"],
        "placement/availability-zone": instance["Placement"]["AvailabilityZone"],
        "placement/availability-zone-id": instance["Placement"]["AvailabilityZoneId"],
        "placement/region": "ap-northeast-1",
        "security-groups": "default",
        "services/domain": "amazonaws.com",
        "services/partition": "aws",
        "block-device-mapping/root": instance["RootDeviceName"],
        f"{mac}/device-number": "0",
        f"{mac}/interface-id": interface["NetworkInterfaceId"],
        f"{mac}/ipv4-associations/{instance['PublicIpAddress']}": instance["PrivateIpAddress"],
        f"{mac}/local-ipv4s": instance["PrivateIpAddress"],
        f"{mac}/owner-id": interface["OwnerId"],
        f"{mac}/security-group-ids": instance["SecurityGroups"][0]["GroupId"],
        f"{mac}/subnet-id": instance["SubnetId"],
        f"{mac}/subnet-ipv4-cidr-block": "10.20.0.0/20",
        f"{mac}/vpc-id": instance["VpcId"],
        f"{mac}/vpc-ipv4-cidr-block": "10.20.0.0/16",
    }
    assert {category: world.text(me, category) for category in said} == said


def test_it_follows_the_state_at_once(world: World, instance: dict[str, Any]) -> None:
    me, mac = instance["InstanceId"], instance["NetworkInterfaces"][0]["MacAddress"]
    world.client("AssociateVpcCidrBlock", VpcId=world.vpc_id, CidrBlock="10.21.0.0/16")
    assert world.text(me, f"network/interfaces/macs/{mac}/vpc-ipv4-cidr-blocks") == "10.20.0.0/16\n10.21.0.0/16"
    assert world.read(me, "/latest/meta-data/tags/").status == 404
    world.client("CreateTags", Resources=[me], Tags=[{"Key": "Name", "Value": "host-a"}])
    world.client("ModifyInstanceMetadataOptions", InstanceId=me, InstanceMetadataTags="enabled")
    assert world.text(me, "tags/instance/") == "Name"
    assert world.text(me, "tags/instance/Name") == "host-a"


def test_it_knows_elastic_ip_addresses(world: World) -> None:
    """Of the primary address instead of the pool's, and of secondary ones."""
    interface = {"DeviceIndex": 0, "SubnetId": world.subnet_id, "SecondaryPrivateIpAddressCount": 1}
    [instance] = run(world.client, "", SubnetId=None, NetworkInterfaces=[interface])
    me, [shown] = instance["InstanceId"], instance["NetworkInterfaces"]
    private = [each["PrivateIpAddress"] for each in shown["PrivateIpAddresses"]]
    addresses = [world.client("AllocateAddress") for _ in private]
    for address, to in zip(addresses, private, strict=True):
        to_interface = {"NetworkInterfaceId": shown["NetworkInterfaceId"], "PrivateIpAddress": to}
        world.client("AssociateAddress", AllocationId=address["AllocationId"], **to_interface)
    public = [address["PublicIp"] for address in addresses]
    mac = f"network/interfaces/macs/{shown['MacAddress']}"
    assert world.text(me, "public-ipv4") == public[0]
    assert world.text(me, "public-hostname").startswith(f"ec2-{public[0].replace('.', '-')}.")
    assert world.text(me, f"{mac}/public-ipv4s") == "\n".join(public)
    assert [world.text(me, f"{mac}/ipv4-associations/{each}") for each in public] == private


def test_without_a_public_address_there_is_none(world: World) -> None:
    me = world.run(public=False)["InstanceId"]
    for category in ("public-ipv4", "public-hostname", "public-keys/"):
        assert world.read(me, f"/latest/meta-data/{category}").status == 404


def test_the_public_key_is_where_cloud_init_looks_for_it(world: World, launch: Launch) -> None:
    world.client("CreateKeyPair", KeyName="my-key", KeyType="ed25519")
    me = launch(KeyName="my-key")
    assert world.text(me, "public-keys/") == "0=my-key"
    assert world.text(me, "public-keys/0/") == "openssh-key"
    assert world.text(me, "public-keys/0/openssh-key").startswith("ssh-ed25519 AAAA")


def test_user_data_comes_as_it_was_given(world: World, launch: Launch) -> None:
    given = b"#!/bin/sh\necho \xff\x00\n"
    me = launch(UserData=base64.b64encode(given).decode())
    reply = world.read(me, "/latest/user-data")
    assert (reply.body, reply.headers["content-type"]) == (given, "application/octet-stream")
    assert world.read(me, "/latest/").text == "dynamic\nmeta-data\nuser-data"
    assert world.read(launch(), "/latest/user-data").status == 404


def test_the_identity_document_names_account_region_and_instance(world: World, instance: dict[str, Any]) -> None:
    document = json.loads(world.read(instance["InstanceId"], "/latest/dynamic/instance-identity/document").body)
    assert (document["accountId"], document["region"]) == (world.client.account, world.client.region)
    assert document["instanceId"] == instance["InstanceId"]
    assert document["privateIp"] == instance["PrivateIpAddress"]
    assert document["availabilityZone"] == instance["Placement"]["AvailabilityZone"]
    assert document["pendingTime"] == "2026-11-22T09:30:00Z"


def test_an_instance_learns_of_its_ipv6_addresses(world: World, instance: dict[str, Any]) -> None:
    me, (interface,) = instance["InstanceId"], instance["NetworkInterfaces"]
    mac = f"network/interfaces/macs/{interface['MacAddress']}"
    categories = ("ipv6", f"{mac}/ipv6s", f"{mac}/subnet-ipv6-cidr-blocks", f"{mac}/vpc-ipv6-cidr-blocks")
    assert {world.read(me, f"/latest/meta-data/{category}").status for category in categories} == {404}
    world.client("AssociateVpcCidrBlock", VpcId=world.vpc_id, AmazonProvidedIpv6CidrBlock=True)
    block = ipv6_of(world.client, world.vpc_id)
    world.client("AssociateSubnetCidrBlock", SubnetId=world.subnet_id, Ipv6CidrBlock=str(block.subnet(1, 64)))
    addresses = [str(block.subnet(1, 64).at(place)) for place in (7, 8)]
    interface_id = interface["NetworkInterfaceId"]
    world.client("AssignIpv6Addresses", NetworkInterfaceId=interface_id, Ipv6Addresses=addresses)
    said = (addresses[0], "\n".join(addresses), str(block.subnet(1, 64)), str(block))
    assert tuple(world.text(me, category) for category in categories) == said


def test_keys_of_ec2_instance_connect_are_there_for_a_minute(world: World, launch: Launch) -> None:
    me = launch()
    place = "/latest/meta-data/managed-ssh-keys/active-keys/"
    assert world.read(me, place).status == 404
    key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPKl4wTtq2kZYZdFM9Qq5HyvMF+s3cZAoT3jqHQ9WFiO"
    offered = {"InstanceId": me, "SSHPublicKey": key}
    world.client("SendSSHPublicKey", of="ec2-instance-connect", InstanceOSUser="ec2-user", **offered)
    assert world.read(me, place).text == "ec2-user"
    said = world.read(me, f"{place}ec2-user/").text.splitlines()
    assert [line for line in said if line.startswith("ssh-")] == [key]
    assert f"#Instance={me}" in said
    assert world.read(me, f"{place}ubuntu").status == 404
    world.clock.offset += timedelta(seconds=60)
    assert world.read(me, place).status == 404


def test_an_ipv6_only_instance_learns_of_no_ipv4_of_its_own(world: World) -> None:
    world.client("AssociateVpcCidrBlock", VpcId=world.vpc_id, AmazonProvidedIpv6CidrBlock=True)
    block = str(ipv6_of(world.client, world.vpc_id).subnet(1, 64))
    made = world.client("CreateSubnet", VpcId=world.vpc_id, Ipv6Native=True, Ipv6CidrBlock=block)["Subnet"]
    [instance] = run(world.client, made["SubnetId"], InstanceType="t3.micro")
    me, [interface] = instance["InstanceId"], instance["NetworkInterfaces"]
    mac = f"network/interfaces/macs/{interface['MacAddress']}"
    absent = ("local-ipv4", "public-ipv4", "public-hostname", f"{mac}/local-ipv4s", f"{mac}/subnet-ipv4-cidr-block")
    assert {world.read(me, f"/latest/meta-data/{category}").status for category in absent} == {404}
    name = instance["PrivateDnsName"]
    said = {"local-hostname": name, f"{mac}/local-hostname": name, "ipv6": instance["Ipv6Address"]}
    said[f"{mac}/vpc-ipv4-cidr-block"] = "10.20.0.0/16"
    assert {category: world.text(me, category) for category in said} == said
    assert world.read(me, "/latest/dynamic/instance-identity/document").json["privateIp"] is None
