"""The files that flow logs deliver to Amazon S3 (VPC guide, "Flow log files"): what they are called, and what is in
them."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import blake2b

from msgspec import Struct

from realvpc.net.flow_line import Window
from realvpc.net.flow_log import FlowLog
from realvpc.net.flow_log_format import fields_of

from .flow_log_delivery import Batch

_ARN = "arn:aws:s3:::"


class LogFile(Struct, frozen=True):
    """An object: gzip of plain text."""

    bucket: str
    key: str
    content: bytes


def log_file(row: FlowLog, written: Sequence[Batch], window: Window) -> LogFile | None:
    """Of a window, or None when there is nothing to tell: the names of the fields, then a line for each flow in the
    order of time."""
    events = sorted((event.timestamp, event.message) for batch in written for event in batch.events)
    if not events:
        return None
    lines = (" ".join(fields_of(row.log_format)), *(message for _, message in events))
    content = gzip.compress("".join(f"{line}\n" for line in lines).encode(), mtime=window.end)
    bucket, _, prefix = row.log_destination.removeprefix(_ARN).partition("/")
    at = datetime.fromtimestamp(window.start, UTC)
    digest = blake2b(content, digest_size=4).hexdigest()
    name = f"{row.account}_vpcflowlogs_{row.region}_{row.id}_{at:%Y%m%dT%H%MZ}_{digest}.log.gz"
    folders = (*(each for each in prefix.split("/") if each), "AWSLogs", *_folders(row, at))
    return LogFile(bucket, "/".join((*folders, name)), content)


def _folders(row: FlowLog, at: datetime) -> Sequence[str]:
    values = {
        "aws-account-id": row.account,
        "aws-service": "vpcflowlogs",
        "aws-region": row.region,
        "year": f"{at:%Y}",
        "month": f"{at:%m}",
        "day": f"{at:%d}",
    }
    if row.has_hourly_partitions:
        values["hour"] = f"{at:%H}"
    return [f"{name}={value}" if row.has_hive_partitions else value for name, value in values.items()]
