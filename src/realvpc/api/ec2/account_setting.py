"""What accounts can set, as AWS has it for a new account: nothing here sets it (EC2 API Reference)."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from realvpc.net.instance_types import INSTANCE_TYPES

from ..core.action import Action, Perform, on_all
from ..core.context import Answer, Context, Request, Response
from ..core.errors import AwsError

_BY_ACCOUNT = {"ManagedBy": "account"}  # and not by a policy of an organization

SETTINGS: Mapping[str, Callable[[Context], Response]] = {
    "DescribeAccountVpcEncryptionControl": lambda ctx: {
        "AccountVpcEncryptionControl": {"State": "default-state", "Mode": "unmanaged", **_BY_ACCOUNT}
    },
    "DescribeInstanceEventNotificationAttributes": lambda ctx: {
        "InstanceTagAttribute": {"InstanceTagKeys": [], "IncludeAllTagsOfInstance": False}
    },
    "GetAllowedImagesSettings": lambda ctx: {"State": "disabled", "ImageCriteria": [], **_BY_ACCOUNT},
    "GetCapacityManagerAttributes": lambda ctx: {
        "CapacityManagerStatus": "disabled",
        "OrganizationsAccess": False,
        "DataExportCount": 0,
    },
    "GetEnabledIpamPolicy": lambda ctx: {"IpamPolicyEnabled": False},
    "GetSerialConsoleAccessStatus": lambda ctx: {"SerialConsoleAccessEnabled": False, **_BY_ACCOUNT},
}

_CPU_CREDITS = {kind.family: kind.default_cpu_credits for kind in INSTANCE_TYPES.values() if kind.is_burstable}


def get_default_credit_specification(ctx: Context, request: Request) -> Answer:
    """What an instance of a family is launched with that asks for nothing.  Raises InvalidInstanceFamily."""
    family = request["InstanceFamily"]
    if family not in _CPU_CREDITS:
        raise AwsError("InvalidInstanceFamily", f"The instance family '{family}' is not supported.")
    shown = {"InstanceFamily": family, "CpuCredits": _CPU_CREDITS[family]}
    return Answer({"InstanceFamilyCreditSpecification": shown})


def describe_spot_datafeed_subscription(ctx: Context, request: Request) -> Answer:
    """Nobody has one.  Raises ``InvalidSpotDatafeed.NotFound``."""
    raise AwsError("InvalidSpotDatafeed.NotFound", "Spot datafeed subscription does not exist.")


def _showing(setting: Callable[[Context], Response]) -> Perform:
    return lambda ctx, request: Answer(setting(ctx))


ACTIONS: dict[str, Action] = {name: Action(_showing(setting), on_all) for name, setting in SETTINGS.items()} | {
    "DescribeSpotDatafeedSubscription": Action(describe_spot_datafeed_subscription, on_all),
    "GetDefaultCreditSpecification": Action(get_default_credit_specification, on_all),
}
