"""The table of Service Quotas' actions."""

from __future__ import annotations

from ..core.action import Action, on_all
from ..core.service_questions import asking
from . import quota, request
from .questions import of_service

ACTIONS: dict[str, Action] = {
    "GetAWSDefaultServiceQuota": Action(quota.get_aws_default_service_quota, on_all),
    "GetRequestedServiceQuotaChange": Action(request.get_requested_service_quota_change, on_all),
    "GetServiceQuota": Action(quota.get_service_quota, on_all, asks=asking(of_service)),
    "ListAWSDefaultServiceQuotas": Action(quota.list_aws_default_service_quotas, on_all),
    "ListRequestedServiceQuotaChangeHistory": Action(request.list_requested_service_quota_change_history, on_all),
    "ListRequestedServiceQuotaChangeHistoryByQuota": Action(
        request.list_requested_service_quota_change_history_by_quota, on_all, asks=asking(of_service)
    ),
    "ListServiceQuotas": Action(quota.list_service_quotas, on_all),
    "ListServices": Action(quota.list_services, on_all),
    "ListTagsForResource": Action(quota.list_tags_for_resource, on_all),
    "RequestServiceQuotaIncrease": Action(
        request.request_service_quota_increase, request.on_quota, asks=asking(of_service)
    ),
}
