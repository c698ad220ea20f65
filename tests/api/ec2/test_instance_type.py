"""The catalogue of instance types, and what the choice of one means."""

from __future__ import annotations

from typing import Any

import pytest

from realvpc.clock import Clock

from ..build import make_subnet, make_vpc, named
from ..conftest import MAIN, TOKYO, Client, call, new_service
from .test_run_instances import IMAGE


@pytest.mark.parametrize(
    ("name", "vcpus", "mib", "interfaces", "addresses", "performance", "architecture"),
    [
        ("t2.micro", 1, 1024, 2, 2, "Low to Moderate", "x86_64"),
        ("t3.micro", 2, 1024, 2, 2, "Up to 5 Gigabit", "x86_64"),
        ("t4g.small", 2, 2048, 3, 4, "Up to 5 Gigabit", "arm64"),
        ("m5.large", 2, 8192, 3, 10, "Up to 10 Gigabit", "x86_64"),
        ("m6i.32xlarge", 128, 524288, 15, 50, "50 Gigabit", "x86_64"),
        ("m7g.medium", 1, 4096, 2, 4, "Up to 12.5 Gigabit", "arm64"),
        ("m7i-flex.large", 2, 8192, 3, 10, "Up to 12.5 Gigabit", "x86_64"),
        ("c6g.16xlarge", 64, 131072, 15, 50, "25 Gigabit", "arm64"),
        ("c7i.xlarge", 4, 8192, 4, 15, "Up to 12.5 Gigabit", "x86_64"),
        ("r6a.48xlarge", 192, 1572864, 15, 50, "50 Gigabit", "x86_64"),
    ],
)
def test_a_type_has_the_figures_of_awss_guide(
    client: Client,
    name: str,
    vcpus: int,
    mib: int,
    interfaces: int,
    addresses: int,
    performance: str,
    architecture: str,
) -> None:
    (row,) = client("DescribeInstanceTypes", InstanceTypes=[name])["InstanceTypes"]
    network = row["NetworkInfo"]
    assert (row["VCpuInfo"]["DefaultVCpus"], row["MemoryInfo"]["SizeInMiB"]) == (vcpus, mib)
    assert (network["MaximumNetworkInterfaces"], network["Ipv4AddressesPerInterface"]) == (interfaces, addresses)
    assert network["NetworkPerformance"] == performance
    assert row["ProcessorInfo"]["SupportedArchitectures"] == [architecture]


def test_types_are_found_by_what_they_show(client: Client) -> None:
    wanted = named("processor-info.supported-architecture", "arm64") + named("instance-type", "t4g.*")
    assert len(client("DescribeInstanceTypes", Filters=wanted)["InstanceTypes"]) == 7


def test_an_image_runs_on_its_own_architecture_only(client: Client) -> None:
    subnet_id = make_subnet(client, make_vpc(client))
    request: dict[str, Any] = {"SubnetId": subnet_id, "InstanceType": "t4g.micro", "MinCount": 1, "MaxCount": 1}
    error = client.refused("RunInstances", ImageId=IMAGE, **request)
    assert error.code == "InvalidParameterValue"
    assert error.message.startswith(
        "The architecture 'arm64' of the specified instance type does not match the architecture 'x86_64' of the "
        "specified AMI."
    )


def test_an_image_that_only_a_test_knows_has_the_architecture_of_the_type(clock: Clock) -> None:
    drop_in = Client(new_service(clock, any_image=True), MAIN, TOKYO)
    subnet_id = make_subnet(drop_in, make_vpc(drop_in))
    made = call(
        drop_in.service,
        "ec2",
        "RunInstances",
        ImageId="ami-12345678",
        InstanceType="t4g.micro",
        SubnetId=subnet_id,
        MinCount=1,
        MaxCount=1,
    )
    assert made["Instances"][0]["Architecture"] == "arm64"
    assert made["Instances"][0]["StateReason"] == {"Code": "pending", "Message": "pending"}
