"""The attributes of a VPC: DNS and address metrics (VPC guide, "DNS attributes for your VPC")."""

from __future__ import annotations

from msgspec.structs import replace

from realvpc.net.table import put
from realvpc.net.vpc import Vpc

from ..core.context import Answer, Context, Request
from ..core.errors import AwsError, invalid_parameter_combination, invalid_parameter_value, missing_parameter
from ..core.lookup import named
from ..core.parameters import parameter_name
from .vpc import VPC

_FIELDS = {
    "EnableDnsHostnames": "enable_dns_hostnames",
    "EnableDnsSupport": "enable_dns_support",
    "EnableNetworkAddressUsageMetrics": "enable_network_address_usage_metrics",
}


def describe_vpc_attribute(ctx: Context, request: Request) -> Answer:
    """One attribute, under its own name.  Raises InvalidParameterValue for a name that AWS does not have."""
    vpc = named(ctx, VPC, request, "VpcId")
    wanted = request["Attribute"]
    for member, field in _FIELDS.items():
        if wanted == parameter_name(member):
            return Answer({"VpcId": vpc.id, member: {"Value": getattr(vpc, field)}})
    raise invalid_parameter_value(f"Value ({wanted}) for parameter attribute is invalid. Unknown VPC attribute.")


def modify_vpc_attribute(ctx: Context, request: Request) -> Answer:
    """Set one attribute.

    Raises MissingParameter or InvalidParameterCombination unless it is exactly one, and InvalidParameterValue for
    DNS hostnames without DNS support.
    """
    vpc = named(ctx, VPC, request, "VpcId")
    given = [member for member in _FIELDS if request.get(member) is not None]
    if not given:
        raise missing_parameter("enableDnsHostnames, enableDnsSupport or enableNetworkAddressUsageMetrics")
    if len(given) > 1:
        names = ", ".join(map(parameter_name, given))
        raise invalid_parameter_combination(f"Fields for multiple attribute types specified: {names}")
    value = request[given[0]].get("Value")
    if value is None:
        raise missing_parameter(f"{parameter_name(given[0])}.value")
    changed: Vpc = replace(vpc, **{_FIELDS[given[0]]: value})
    if given[0] == "EnableDnsHostnames" and value and not vpc.enable_dns_support:
        raise AwsError(
            "InvalidParameterCombination", "DNS hostnames can be enabled only while DNS support is enabled for the VPC."
        )
    return Answer({}, put(changed))


def modify_vpc_tenancy(ctx: Context, request: Request) -> Answer:
    """From dedicated to default, for instances that are launched from now on.

    Raises UnsupportedTenancy for another tenancy, and for a VPC that is not dedicated.
    """
    vpc = named(ctx, VPC, request, "VpcId")
    if request["InstanceTenancy"] != "default":
        raise AwsError("UnsupportedTenancy", f"The tenancy value {request['InstanceTenancy']} is not supported.")
    if vpc.instance_tenancy != "dedicated":
        raise AwsError("UnsupportedTenancy", f"The tenancy of the VPC '{vpc.id}' is not dedicated.")
    return Answer({"ReturnValue": True}, put(replace(vpc, instance_tenancy="default")))
