"""CPU options: what DescribeInstanceTypes calls valid can be asked for at a launch, and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from realvpc.api.core.errors import AwsError

from ..build import make_subnet, make_vpc
from ..conftest import Client
from .test_run_instances import described, run


def launched(client: Client, kind: str, **options: int) -> dict[str, Any]:
    subnet_id = make_subnet(client, make_vpc(client))
    (row,) = run(client, subnet_id, InstanceType=kind, CpuOptions=options)
    [found] = described(client, row["InstanceId"])
    assert found["CpuOptions"] == row["CpuOptions"]
    return found


@pytest.mark.parametrize("kind", ["c5.xlarge", "t3.micro", "t2.micro"])
def test_all_valid_numbers_of_threads_are_taken_and_shown(client: Client, kind: str) -> None:
    [row] = client("DescribeInstanceTypes", InstanceTypes=[kind])["InstanceTypes"]
    valid = row["VCpuInfo"]
    for threads in valid["ValidThreadsPerCore"]:
        asked = {"CoreCount": valid["DefaultCores"], "ThreadsPerCore": threads}
        assert launched(client, kind, **asked)["CpuOptions"] == asked


@pytest.mark.parametrize("options", [{"CoreCount": 1}, {"CoreCount": 2, "ThreadsPerCore": 3}, {"ThreadsPerCore": -1}])
def test_others_are_refused(client: Client, options: dict[str, int]) -> None:
    subnet_id = make_subnet(client, make_vpc(client))
    with pytest.raises(AwsError, match="UnsupportedOperation"):
        run(client, subnet_id, InstanceType="c5.xlarge", CpuOptions=options)


def test_another_type_has_its_own_threads(client: Client) -> None:
    instance_id = launched(client, "c5.xlarge", CoreCount=2, ThreadsPerCore=1)["InstanceId"]
    client("StopInstances", InstanceIds=[instance_id])
    client("ModifyInstanceAttribute", InstanceId=instance_id, InstanceType={"Value": "m5.xlarge"})
    assert described(client, instance_id)[0]["CpuOptions"] == {"CoreCount": 2, "ThreadsPerCore": 2}
