"""The catalogue of instance types, and what the choice of one means."""

from __future__ import annotations

from typing import Any

import pytest

from realvpc.api.core.errors import AwsError
from realvpc.clock import Clock

from ..build import make_subnet, make_vpc, named
from ..conftest import MAIN, TOKYO, Client, call, new_service
from ..test_effort import CALLS, kept
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
        ("m5.24xlarge", 96, 393216, 15, 50, "25 Gigabit", "x86_64"),
        ("c5.9xlarge", 36, 73728, 8, 30, "12 Gigabit", "x86_64"),
        ("t3a.small", 2, 2048, 2, 4, "Up to 5 Gigabit", "x86_64"),
        ("c6in.32xlarge", 128, 262144, 16, 50, "200 Gigabit", "x86_64"),
        ("c7gn.large", 2, 4096, 3, 10, "Up to 30 Gigabit", "arm64"),
        ("m8i.96xlarge", 384, 1572864, 24, 64, "100 Gigabit", "x86_64"),
        ("r8a.2xlarge", 8, 65536, 4, 40, "Up to 15 Gigabit", "x86_64"),
        ("x8g.medium", 1, 16384, 2, 4, "Up to 12.5 Gigabit", "arm64"),
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


def found(client: Client, **requirements: Any) -> set[str]:
    wanted = {"VCpuCount": {"Min": 2, "Max": 2}, "MemoryMiB": {"Min": 4096, "Max": 8192}} | requirements
    rows = client(
        "GetInstanceTypesFromInstanceRequirements",
        ArchitectureTypes=["x86_64"],
        VirtualizationTypes=["hvm"],
        InstanceRequirements=wanted,
    )["InstanceTypes"]
    return {row["InstanceType"] for row in rows}


def test_requirements_find_the_types_that_meet_them(client: Client) -> None:
    assert {"m7i.large", "c7i.large", "m5.large"} <= found(client)
    assert all(name.endswith(".large") for name in found(client)), "burstable ones have to be asked for"
    assert {"t3.medium", "t3.large", "t2.medium"} <= found(client, BurstablePerformance="required")
    assert found(client, CpuManufacturers=["amd"]) == {
        *("c5a.large", "c6a.large", "c7a.large", "c8a.large"),
        *("m5a.large", "m6a.large", "m7a.large", "m8a.large"),
    }
    assert found(client, AllowedInstanceTypes=["m*"], InstanceGenerations=["previous"]) == {"m5.large", "m6i.large"}
    assert "m7i.large" not in found(client, ExcludedInstanceTypes=["m7i.*"])
    assert found(client, MemoryGiBPerVCpu={"Max": 2}) & {"m7i.large", "c7i.large"} == {"c7i.large"}
    for impossible in ({"BareMetal": "required"}, {"AcceleratorCount": {"Min": 1}}, {"LocalStorage": "required"}):
        assert found(client, **impossible) == set()


@pytest.mark.parametrize(
    ("requirements", "code"),
    [
        ({"AllowedInstanceTypes": ["m*"], "ExcludedInstanceTypes": ["c*"]}, "InvalidParameterCombination"),
        ({"VCpuCount": {"Min": 4, "Max": 2}}, "InvalidParameterValue"),
        ({"NetworkBandwidthGbps": {"Min": 1.0}}, "UnsupportedOperation"),
    ],
)
def test_requirements_that_cannot_be_met_or_judged(client: Client, requirements: dict[str, Any], code: str) -> None:
    with pytest.raises(AwsError) as caught:
        found(client, **requirements)
    assert caught.value.code == code


@pytest.mark.parametrize("member", ["AllowedInstanceTypes", "ExcludedInstanceTypes"])
def test_many_patterns_leave_the_loop_soon(client: Client, member: str) -> None:
    figures = {"VCpuCount": {"Min": 0}, "MemoryMiB": {"Min": 0}, "BurstablePerformance": "included"}
    request = {
        "ArchitectureTypes": ["x86_64", "arm64"],
        "VirtualizationTypes": ["hvm"],
        "InstanceRequirements": figures | {member: [f"x*{number}*y" for number in range(1000)]},
    }
    assert kept(client.service, "ec2", "GetInstanceTypesFromInstanceRequirements", request) < CALLS
