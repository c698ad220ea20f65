"""The table of CloudWatch Logs' actions."""

from __future__ import annotations

from ..core.action import Action
from . import event_read, event_write, log_group, log_stream, tag
from .resources import on_group, on_groups, on_stream

ACTIONS: dict[str, Action] = {
    # Log groups
    "CreateLogGroup": Action(log_group.create_log_group, on_group),
    "DeleteLogGroup": Action(log_group.delete_log_group, on_group),
    "DeleteRetentionPolicy": Action(log_group.delete_retention_policy, on_group),
    "DescribeLogGroups": Action(log_group.describe_log_groups, on_groups),
    "ListLogGroups": Action(log_group.list_log_groups, on_groups),
    "PutLogGroupDeletionProtection": Action(log_group.put_log_group_deletion_protection, on_group),
    "PutRetentionPolicy": Action(log_group.put_retention_policy, on_group),
    # Tags
    "ListTagsForResource": Action(tag.list_tags_for_resource, on_group),
    "ListTagsLogGroup": Action(tag.list_tags_log_group, on_group),
    "TagLogGroup": Action(tag.tag_log_group, on_group),
    "TagResource": Action(tag.tag_resource, on_group),
    "UntagLogGroup": Action(tag.untag_log_group, on_group),
    "UntagResource": Action(tag.untag_resource, on_group),
    # Log streams
    "CreateLogStream": Action(log_stream.create_log_stream, on_group),
    "DeleteLogStream": Action(log_stream.delete_log_stream, on_stream),
    "DescribeLogStreams": Action(log_stream.describe_log_streams, on_group),
    # Events
    "FilterLogEvents": Action(event_read.filter_log_events, on_group),
    "GetLogEvents": Action(event_read.get_log_events, on_stream),
    "PutLogEvents": Action(event_write.put_log_events, on_stream),
}
