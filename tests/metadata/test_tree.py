"""What an instance reads about itself."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from tests.api.conftest import MAIN

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
