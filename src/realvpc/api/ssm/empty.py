"""What Systems Manager lists and RealVPC has none of, as tables (SSM API Reference)."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from ..core.action import Action, Perform, on_all
from ..core.context import Answer, Context, Request
from ..core.errors import AwsError
from .paging import paged

_LARGEST_PAGE = 1000  # the model has each action's own

EMPTY: Mapping[str, str] = {
    "DescribeActivations": "ActivationList",
    "DescribeAutomationExecutions": "AutomationExecutionMetadataList",
    "DescribeAvailablePatches": "Patches",
    "DescribeInstancePatchStates": "InstancePatchStates",
    "DescribeInstancePatchStatesForPatchGroup": "InstancePatchStates",
    "DescribeInventoryDeletions": "InventoryDeletions",
    "DescribeMaintenanceWindowSchedule": "ScheduledWindowExecutions",
    "DescribeMaintenanceWindows": "WindowIdentities",
    "DescribeMaintenanceWindowsForTarget": "WindowIdentities",
    "DescribeOpsItems": "OpsItemSummaries",
    "DescribePatchBaselines": "BaselineIdentities",
    "DescribePatchGroups": "Mappings",
    "GetOpsSummary": "Entities",
    "ListAssociations": "Associations",
    "ListCloudConnectors": "CloudConnectors",
    "ListComplianceItems": "ComplianceItems",
    "ListComplianceSummaries": "ComplianceSummaryItems",
    "ListOpsItemEvents": "Summaries",
    "ListOpsItemRelatedItems": "Summaries",
    "ListOpsMetadata": "OpsMetadataList",
    "ListResourceComplianceSummaries": "ResourceComplianceSummaryItems",
    "ListResourceDataSync": "ResourceDataSyncItems",
}
"""The list's member of the response."""


class Unknown(Struct, frozen=True):
    """``member`` of the request names what there is none of."""

    member: str
    code: str
    says: str

    def nothing_named(self, ctx: Context, request: Request) -> Answer:
        """Raises ``code``."""
        raise AwsError(self.code, self.says.format(request.get(self.member) or ""))


_WINDOW = Unknown("WindowId", "DoesNotExistException", "Maintenance window {} does not exist")

UNKNOWN: Mapping[str, Unknown] = {
    "DescribeAssociation": Unknown("AssociationId", "AssociationDoesNotExist", "Association {} does not exist"),
    "DescribeMaintenanceWindowTargets": _WINDOW,
    "DescribeMaintenanceWindowTasks": _WINDOW,
    "GetAutomationExecution": Unknown(
        "AutomationExecutionId", "AutomationExecutionNotFoundException", "Automation execution {} does not exist"
    ),
    "GetMaintenanceWindow": _WINDOW,
    "GetOpsItem": Unknown("OpsItemId", "OpsItemNotFoundException", "OpsItem ID {} not found"),
}


def _listing(member: str) -> Perform:
    """Raises InvalidNextToken."""

    def nothing_listed(ctx: Context, request: Request) -> Answer:
        shown, _ = paged((), str, request, largest=_LARGEST_PAGE)
        return Answer({member: shown})

    return nothing_listed


ACTIONS: dict[str, Action] = {
    **{name: Action(_listing(member), on_all) for name, member in EMPTY.items()},
    **{name: Action(row.nothing_named, on_all) for name, row in UNKNOWN.items()},
}
