"""Flow logs: which traffic of which interfaces is written down, where, and as what (VPC guide, "VPC Flow Logs")."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from .resource import Resource


class Action(StrEnum):
    """What security groups and network ACLs did with a packet."""

    ACCEPT = "ACCEPT"
    REJECT = "REJECT"


class TrafficType(StrEnum):
    ACCEPT = "ACCEPT"
    REJECT = "REJECT"
    ALL = "ALL"

    @property
    def actions(self) -> frozenset[Action]:
        return frozenset(Action) if self is TrafficType.ALL else frozenset({Action(self)})


class DestinationType(StrEnum):
    CLOUD_WATCH_LOGS = "cloud-watch-logs"
    S3 = "s3"
    FIREHOSE = "kinesis-data-firehose"


PLAIN_TEXT = "plain-text"


class FlowLog(Resource, frozen=True, kw_only=True):
    """Nothing of it ever changes but its tags and ``delivery_error``: why what it writes does not arrive, or not all.

    ``resource_id`` names a VPC, a subnet or an interface.  ``log_group_name`` is set for CloudWatch Logs;
    ``log_destination`` is the ARN that the request gave, if it did.  ``interval`` counts seconds.  ``reaches_s3``:
    there was an Amazon S3 to deliver to when it was made.
    """

    resource_id: str
    traffic_type: TrafficType
    destination_type: DestinationType
    log_format: str
    created_at: datetime
    interval: int = 600
    log_group_name: str = ""
    log_destination: str = ""
    role_arn: str = ""
    file_format: str = ""  # of Amazon S3, and what follows
    has_hive_partitions: bool = False
    has_hourly_partitions: bool = False
    reaches_s3: bool = False
    delivery_error: str = ""

    @property
    def is_of_files(self) -> bool:
        return self.destination_type is DestinationType.S3

    @property
    def is_gathered_for(self) -> bool:
        """Whether somebody will read what is gathered: CloudWatch Logs, or text files of a store that there is."""
        if self.is_of_files:
            return self.reaches_s3 and self.file_format == PLAIN_TEXT
        return self.destination_type is DestinationType.CLOUD_WATCH_LOGS

    @property
    def destination(self) -> tuple[DestinationType, str]:
        """Two flow logs of a resource may have the same one, if they differ in what they write."""
        return self.destination_type, self.log_group_name or self.log_destination


def logged_id(row: FlowLog) -> Iterable[str]:
    """Names the index of the flow logs of a VPC, a subnet or an interface."""
    return (row.resource_id,)
