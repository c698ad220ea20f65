"""The private names of an instance (EC2 guide, "EC2 instance hostnames and domains")."""

from __future__ import annotations

from msgspec.structs import replace

from realvpc.net.hostnames import HOSTNAME_TYPES
from realvpc.net.instance import InstanceState
from realvpc.net.table import put

from ..core.context import Answer, Context, Request
from ..core.errors import AwsError, invalid_parameter_value
from ..core.lookup import named
from .instance import INSTANCE
from .subnet import check_hostname_type


def modify_private_dns_name_options(ctx: Context, request: Request) -> Answer:
    """Set the hostname type of a stopped instance, and whether the resolver knows an instance by its id.

    Raises ``InvalidInstanceID.NotFound``; IncorrectInstanceState for the hostname of an instance that is not stopped,
    and for a terminated one; InvalidParameterValue for another type, and for AAAA records, which need an IPv6 address.
    """
    instance = named(ctx, INSTANCE, request, "InstanceId")
    hostname_type = request.get("PrivateDnsHostnameType") or instance.hostname_type
    if hostname_type not in HOSTNAME_TYPES:
        raise invalid_parameter_value(f"Invalid value '{hostname_type}' for privateDnsHostnameType.")
    primary = next(iter(ctx.network.interfaces_of(instance.id)), None)
    if request.get("EnableResourceNameDnsAAAARecord") and not (primary and primary.ipv6_addresses):
        raise invalid_parameter_value(
            "Invalid value 'true' for enableResourceNameDnsAAAARecord. "
            f"The instance '{instance.id}' does not have an IPv6 address."
        )
    if primary is not None:
        check_hostname_type(ctx.network.subnets[primary.subnet_id], hostname_type)
    if hostname_type != instance.hostname_type and instance.state is not InstanceState.STOPPED:
        raise AwsError("IncorrectInstanceState", f"The instance '{instance.id}' is not in the 'stopped' state.")
    if instance.state in (InstanceState.SHUTTING_DOWN, InstanceState.TERMINATED):
        raise AwsError("IncorrectInstanceState", f"The instance '{instance.id}' is {instance.state}.")
    a_record = request.get("EnableResourceNameDnsARecord")
    aaaa_record = request.get("EnableResourceNameDnsAAAARecord")
    changed = replace(
        instance,
        hostname_type=hostname_type,
        enable_resource_name_dns_a_record=instance.enable_resource_name_dns_a_record if a_record is None else a_record,
        enable_resource_name_dns_aaaa_record=(
            instance.enable_resource_name_dns_aaaa_record if aaaa_record is None else aaaa_record
        ),
    )
    return Answer({"Return": True}, put(changed))
