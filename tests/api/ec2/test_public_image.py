"""The images of Amazon, Canonical and Debian, as configurations look for them."""

from __future__ import annotations

import pytest

from ..build import make_subnet, make_vpc, named
from ..conftest import Client
from .test_run_instances import run


def newest(client: Client, owner: str, name: str) -> str:
    """What ``most_recent`` of Terraform's aws_ami takes."""
    images = client("DescribeImages", Owners=[owner], Filters=named("name", name))["Images"]
    image_id: str = max(images, key=lambda row: str(row["CreationDate"]))["ImageId"]
    return image_id


@pytest.mark.parametrize(
    ("owner", "name", "parameter"),
    [
        (
            "amazon",
            "al2023-ami-2023.*-x86_64",
            "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
        ),
        ("137112412989", "al2023-ami-*-arm64", "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-6.1-arm64"),
        ("amazon", "amzn2-ami-hvm-*-x86_64-gp2", "/aws/service/ami-amazon-linux-latest/amzn2-ami-hvm-x86_64-gp2"),
        (
            "amazon",
            "amzn2-ami-kernel-5.10-hvm-*-x86_64-gp2",
            "/aws/service/ami-amazon-linux-latest/amzn2-ami-kernel-5.10-hvm-x86_64-gp2",
        ),
        (
            "099720109477",
            "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-*",
            "/aws/service/canonical/ubuntu/server/24.04/stable/current/amd64/hvm/ebs-gp3/ami-id",
        ),
        (
            "099720109477",
            "ubuntu/images/hvm-ssd/ubuntu-jammy-22.04-amd64-server-*",
            "/aws/service/canonical/ubuntu/server/jammy/stable/current/amd64/hvm/ebs-gp2/ami-id",
        ),
        ("136693071363", "debian-12-amd64-*", "/aws/service/debian/release/12/latest/amd64"),
        ("136693071363", "debian-13-arm64-*", "/aws/service/debian/release/trixie/latest/arm64"),
    ],
)
def test_name_and_parameter_lead_to_one_image(client: Client, owner: str, name: str, parameter: str) -> None:
    found = newest(client, owner, name)
    assert client("GetParameter", of="ssm", Name=parameter)["Parameter"]["Value"] == found
    (image,) = client("DescribeImages", ImageIds=[found])["Images"]
    assert (image["ImageOwnerAlias"], image["Public"]) == ("amazon", True)
    assert image["ImageLocation"] == f"amazon/{image['Name']}"
    assert "the host's system stands in for it" in image["Description"]


def test_an_image_of_canonical_is_launched_with_its_own_root_device(client: Client) -> None:
    image_id = newest(client, "099720109477", "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-arm64-server-*")
    (instance,) = run(client, make_subnet(client, make_vpc(client)), ImageId=image_id, InstanceType="t4g.micro")
    assert (instance["RootDeviceName"], instance["Architecture"]) == ("/dev/sda1", "arm64")
    assert [row["DeviceName"] for row in instance["BlockDeviceMappings"]] == ["/dev/sda1"]
    copy = client("CopyImage", Name="copy", SourceRegion=client.region, SourceImageId=image_id)["ImageId"]
    (image,) = client("DescribeImages", ImageIds=[copy])["Images"]
    assert (image["Architecture"], image["RootDeviceName"]) == ("arm64", "/dev/sda1")


def test_nobody_changes_an_image_of_others(client: Client) -> None:
    image_id = newest(client, "136693071363", "debian-12-amd64-*")
    assert client.refused("DeregisterImage", ImageId=image_id).code == "AuthFailure"
