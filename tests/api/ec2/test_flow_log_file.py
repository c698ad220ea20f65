"""Files of flow logs: their names and what is in them."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from typing import Any

import pytest

from realvpc.api.ec2.flow_log_delivery import Batch
from realvpc.api.ec2.flow_log_file import log_file
from realvpc.net.flow_line import Window
from realvpc.net.flow_log import DestinationType, FlowLog, TrafficType
from realvpc.net.log_group import LogEvent

from ..conftest import MAIN, TOKYO

BEGAN = datetime(2026, 6, 20, 16, 20, tzinfo=UTC)
WINDOW = Window(int(BEGAN.timestamp()), int(BEGAN.timestamp()) + 60)
WRITTEN = (
    Batch("eni-1-all", (LogEvent(3, "1.1.1.1 9"), LogEvent(1, "1.1.1.2 8"))),
    Batch("eni-2-all", (LogEvent(2, "x"),)),
)
PLACE = f"{MAIN}_vpcflowlogs_{TOKYO}_fl-0123456789abcdef0_20260620T1620Z_"


def flow_log(destination: str = "bucket", **more: Any) -> FlowLog:
    return FlowLog(
        id="fl-0123456789abcdef0",
        account=MAIN,
        region=TOKYO,
        resource_id="vpc-1",
        traffic_type=TrafficType.ALL,
        destination_type=DestinationType.S3,
        log_format="${srcaddr} ${bytes}",
        log_destination=f"arn:aws:s3:::{destination}",
        created_at=BEGAN,
        **more,
    )


@pytest.mark.parametrize(
    ("row", "bucket", "folders"),
    [
        (flow_log(), "bucket", f"AWSLogs/{MAIN}/vpcflowlogs/{TOKYO}/2026/06/20/"),
        (flow_log("b/my/logs/"), "b", f"my/logs/AWSLogs/{MAIN}/vpcflowlogs/{TOKYO}/2026/06/20/"),
        (flow_log(has_hourly_partitions=True), "bucket", f"AWSLogs/{MAIN}/vpcflowlogs/{TOKYO}/2026/06/20/16/"),
        (flow_log(has_hive_partitions=True, has_hourly_partitions=True), "bucket",
         f"AWSLogs/aws-account-id={MAIN}/aws-service=vpcflowlogs/aws-region={TOKYO}/year=2026/month=06/day=20/hour=16/"),
    ],
)  # fmt: skip
def test_a_file_is_called_as_on_aws(row: FlowLog, bucket: str, folders: str) -> None:
    file = log_file(row, WRITTEN, WINDOW)
    assert file is not None
    assert file.bucket == bucket
    assert file.key.startswith(f"{folders}{PLACE}")
    assert file.key.endswith(".log.gz")
    assert len(file.key.removeprefix(f"{folders}{PLACE}")) == len("fe123456.log.gz")


def test_a_file_begins_with_the_fields_and_has_a_line_for_each_flow() -> None:
    file = log_file(flow_log(), WRITTEN, WINDOW)
    assert file is not None
    assert gzip.decompress(file.content).decode() == "srcaddr bytes\n1.1.1.2 8\nx\n1.1.1.1 9\n"
    assert log_file(flow_log(), (), WINDOW) is None
