"""The rows of the table of EC2's actions that are about flow logs."""

from __future__ import annotations

from ..core.action import Action, on_all
from . import flow_log
from .resources import on, on_logged

FLOW_LOG_ACTIONS: dict[str, Action] = {
    "CreateFlowLogs": Action(flow_log.create_flow_logs, on_logged),
    "DeleteFlowLogs": Action(flow_log.delete_flow_logs, on("vpc-flow-log")),
    "DescribeFlowLogs": Action(flow_log.describe_flow_logs, on_all),
}
