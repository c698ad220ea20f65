"""What CloudWatch Logs lists and RealVPC has none of, as tables (CloudWatch Logs API Reference)."""

from __future__ import annotations

from collections.abc import Mapping

from ..core.action import Action, Perform, on_all
from ..core.context import Answer, Context, Request
from .common import group_named, paged
from .resources import on_group

EMPTY: Mapping[str, str] = {
    "DescribeAccountPolicies": "accountPolicies",
    "DescribeDeliveries": "deliveries",
    "DescribeDeliveryDestinations": "deliveryDestinations",
    "DescribeDeliverySources": "deliverySources",
    "DescribeDestinations": "destinations",
    "DescribeExportTasks": "exportTasks",
    "DescribeImportTasks": "imports",
    "DescribeLookupTables": "lookupTables",
    "DescribeMetricFilters": "metricFilters",
    "DescribeQueries": "queries",
    "DescribeQueryDefinitions": "queryDefinitions",
    "DescribeResourcePolicies": "resourcePolicies",
    "ListAnomalies": "anomalies",
    "ListIntegrations": "integrationSummaries",
    "ListLogAnomalyDetectors": "anomalyDetectors",
    "ListScheduledQueries": "scheduledQueries",
    "ListSyslogConfigurations": "syslogConfigurations",
}
"""The list's member of the response."""


def _listing(member: str) -> Perform:
    """Raises InvalidParameterException."""

    def nothing_listed(ctx: Context, request: Request) -> Answer:
        shown, _ = paged(request, (), str)
        return Answer({member: shown})

    return nothing_listed


def describe_subscription_filters(ctx: Context, request: Request) -> Answer:
    """Of a group that has to be there.  Raises ResourceNotFoundException, InvalidParameterException."""
    group_named(ctx, request["logGroupName"])
    shown, _ = paged(request, (), str)
    return Answer({"subscriptionFilters": shown})


ACTIONS: dict[str, Action] = {
    **{name: Action(_listing(member), on_all) for name, member in EMPTY.items()},
    "DescribeSubscriptionFilters": Action(describe_subscription_filters, on_group),
}
