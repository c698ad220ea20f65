"""The attributes of an instance, one at a time (EC2 API Reference)."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

from msgspec.structs import replace

from realvpc.net.instance import Instance, InstanceState
from realvpc.net.instance_types import INSTANCE_TYPES
from realvpc.net.network_interface import NetworkInterface
from realvpc.net.resource import Resource
from realvpc.net.table import Change, put
from realvpc.net.volume import Volume

from ..core.context import Answer, Context, Request, Response
from ..core.describe import paginate, select
from ..core.errors import (
    AwsError,
    invalid_parameter_combination,
    invalid_parameter_value,
    unknown_attribute,
    unsupported_operation,
)
from ..core.lookup import get, named
from ..core.parameters import refuse
from .instance import INSTANCE, only_interface, render_block_devices
from .launch import read_cpu_credits, read_user_data
from .network_interface import render_groups
from .network_interface_attachment import check_families
from .network_interface_attribute import with_groups

# -- describe --------------------------------------------------------------------------------------------------------

_Attribute = Callable[[Context, Instance], Response]

_ATTRIBUTES: dict[str, _Attribute] = {
    "blockDeviceMapping": lambda ctx, row: {"BlockDeviceMappings": render_block_devices(ctx, row)},
    "disableApiStop": lambda ctx, row: {"DisableApiStop": {"Value": row.disable_api_stop}},
    "disableApiTermination": lambda ctx, row: {"DisableApiTermination": {"Value": row.disable_api_termination}},
    "ebsOptimized": lambda ctx, row: {"EbsOptimized": {"Value": row.ebs_optimized}},
    "enaSupport": lambda ctx, row: {"EnaSupport": {"Value": True}},
    "enclaveOptions": lambda ctx, row: {"EnclaveOptions": {"Enabled": False}},
    "groupSet": lambda ctx, row: {
        "Groups": render_groups(ctx, primary) if (primary := _primary_or_none(ctx, row)) else []
    },
    "instanceInitiatedShutdownBehavior": lambda ctx, row: {
        "InstanceInitiatedShutdownBehavior": {"Value": row.shutdown_behavior}
    },
    "instanceType": lambda ctx, row: {"InstanceType": {"Value": row.instance_type}},
    "kernel": lambda ctx, row: {"KernelId": {}},
    "productCodes": lambda ctx, row: {"ProductCodes": []},
    "ramdisk": lambda ctx, row: {"RamdiskId": {}},
    "rootDeviceName": lambda ctx, row: {"RootDeviceName": {"Value": row.root_device_name}},
    "sourceDestCheck": lambda ctx, row: {
        "SourceDestCheck": {"Value": primary.source_dest_check} if (primary := _primary_or_none(ctx, row)) else {}
    },
    "sriovNetSupport": lambda ctx, row: {"SriovNetSupport": {}},
    "userData": lambda ctx, row: {"UserData": {"Value": row.user_data} if row.user_data else {}},
}


def describe_instance_attribute(ctx: Context, request: Request) -> Answer:
    """An attribute without a value has no ``Value``.  Raises ``InvalidInstanceID.NotFound``, InvalidParameterValue."""
    instance = named(ctx, INSTANCE, request, "InstanceId")
    render = _ATTRIBUTES.get(request["Attribute"])
    if render is None:
        raise unknown_attribute(request["Attribute"])
    return Answer({"InstanceId": instance.id} | render(ctx, instance))


def _primary_or_none(ctx: Context, instance: Instance) -> NetworkInterface | None:
    return next(iter(ctx.network.interfaces_of(instance.id)), None)


def get_instance_uefi_data(ctx: Context, request: Request) -> Answer:
    """A machine of this service has no UEFI variable store, so there is no data.

    Raises ``InvalidInstanceID.NotFound``.
    """
    return Answer({"InstanceId": named(ctx, INSTANCE, request, "InstanceId").id})


_CREDITS = replace(INSTANCE, filters={"instance-id": ".id"})


def describe_instance_credit_specifications(ctx: Context, request: Request) -> Answer:
    """Burstable instances with their CPU credits: those asked for, or all that are ``unlimited``.

    Raises ``InvalidInstanceID.NotFound``, InvalidParameterValue for a filter.
    """
    asked = request.get("InstanceIds") or request.get("Filters")
    found = [
        row for row in select(ctx, request, _CREDITS) if row.cpu_credits and (asked or row.cpu_credits == "unlimited")
    ]
    page, token = paginate(request, found)
    return Answer(
        {
            "InstanceCreditSpecifications": [{"InstanceId": row.id, "CpuCredits": row.cpu_credits} for row in page],
            "NextToken": token,
        }
    )


def modify_instance_credit_specification(ctx: Context, request: Request) -> Answer:
    """Those that can be changed are, and of the others the answer says why not."""
    done: list[Response] = []
    failed: list[Response] = []
    changed: dict[str, Instance] = {}
    for wanted in request["InstanceCreditSpecifications"]:
        instance_id = wanted.get("InstanceId") or ""
        try:
            instance = changed.get(instance_id) or get(ctx, INSTANCE, instance_id)
            changed[instance_id] = replace(instance, cpu_credits=_credits(instance, wanted))
            done.append({"InstanceId": instance_id})
        except AwsError as error:
            failed.append({"InstanceId": instance_id, "Error": {"Code": error.code, "Message": error.message}})
    response = {
        "SuccessfulInstanceCreditSpecifications": done,
        "UnsuccessfulInstanceCreditSpecifications": failed,
    }
    return Answer(response, put(*changed.values()))


def _credits(instance: Instance, wanted: Request) -> str | None:
    kind = INSTANCE_TYPES[instance.instance_type]
    if not kind.is_burstable:
        raise AwsError(
            "InstanceCreditSpecification.NotSupported",
            f"The instance type {kind.name} does not support credit specifications.",
        )
    if instance.state in (InstanceState.SHUTTING_DOWN, InstanceState.TERMINATED):
        raise AwsError("IncorrectInstanceState", f"The instance '{instance.id}' is {instance.state}.")
    return read_cpu_credits({"CreditSpecification": wanted}, kind)


# -- modify ----------------------------------------------------------------------------------------------------------

_BOOLEANS = {
    "disableApiTermination": "disable_api_termination",
    "disableApiStop": "disable_api_stop",
    "ebsOptimized": "ebs_optimized",
}
_MEMBERS = {
    "DisableApiStop": "disableApiStop",
    "DisableApiTermination": "disableApiTermination",
    "EbsOptimized": "ebsOptimized",
    "InstanceInitiatedShutdownBehavior": "instanceInitiatedShutdownBehavior",
    "InstanceType": "instanceType",
    "SourceDestCheck": "sourceDestCheck",
    "UserData": "userData",
}
_NOT_HERE = ("EnaSupport", "Kernel", "Ramdisk", "SriovNetSupport")
_WHILE_STOPPED = ("ebsOptimized", "instanceType", "userData")


def modify_instance_attribute(ctx: Context, request: Request) -> Answer:
    """One attribute, by its own member or by ``Attribute`` and ``Value``.

    Raises ``InvalidInstanceID.NotFound``, InvalidParameterCombination, InvalidParameterValue, IncorrectInstanceState
    (what a machine is made with changes while it is stopped only), ``InvalidGroup.NotFound``, UnsupportedOperation.
    """
    instance = named(ctx, INSTANCE, request, "InstanceId")
    refuse(request, _NOT_HERE)
    given: dict[str, Any] = {
        attribute: (request[member] or {}).get("Value")
        for member, attribute in _MEMBERS.items()
        if request.get(member) is not None
    }
    if request.get("Groups"):
        given["groupSet"] = request["Groups"]
    if request.get("BlockDeviceMappings"):
        given["blockDeviceMapping"] = request["BlockDeviceMappings"]
    if request.get("Attribute"):
        given[request["Attribute"]] = _value(request["Attribute"], request.get("Value"))
    if not given:
        raise invalid_parameter_combination("No attributes specified.")
    if len(given) > 1:
        raise invalid_parameter_combination("Fields for multiple attribute types specified: " + ", ".join(given))
    ((attribute, value),) = given.items()
    return Answer({}, _modified(ctx, instance, attribute, value))


def _value(attribute: str, text: str | None) -> object:
    """The value of the old form, in which everything is text."""
    if attribute in (*_BOOLEANS, "sourceDestCheck"):
        if (text or "").lower() not in ("true", "false"):
            raise invalid_parameter_value(f"Invalid value '{text}' for {attribute}. Expecting true or false.")
        return (text or "").lower() == "true"
    return text


def _modified(ctx: Context, instance: Instance, attribute: str, value: Any) -> Change:
    if attribute in _WHILE_STOPPED and instance.state is not InstanceState.STOPPED:
        raise AwsError("IncorrectInstanceState", f"The instance '{instance.id}' is not in the 'stopped' state.")
    if attribute in _BOOLEANS:
        return put(replace(instance, **{_BOOLEANS[attribute]: bool(value)}))
    if attribute == "blockDeviceMapping":
        return put(*_with_devices(ctx, instance, value))
    changed: Resource
    match attribute:
        case "sourceDestCheck":
            changed = replace(_primary(ctx, instance), source_dest_check=bool(value))
        case "groupSet":
            changed = with_groups(ctx, _primary(ctx, instance), value)
        case "instanceInitiatedShutdownBehavior":
            if value not in ("stop", "terminate"):
                raise invalid_parameter_value(f"Invalid value '{value}' for instanceInitiatedShutdownBehavior.")
            changed = replace(instance, shutdown_behavior=value)
        case "instanceType":
            changed = _with_type(ctx, instance, value or "")
        case "userData":
            text = base64.b64encode(value).decode() if isinstance(value, bytes) else value
            changed = replace(instance, user_data=read_user_data({"UserData": text}))
        case _:
            raise invalid_parameter_value(f"Value ({attribute}) for parameter attribute is invalid.")
    return put(changed)


def _with_devices(ctx: Context, instance: Instance, mappings: Any) -> list[Volume]:
    """Volumes that go with the instance or outlive it.  Raises InvalidInstanceAttributeValue for a device that it does
    not have, UnsupportedOperation for a root volume that is to outlive it, InvalidParameterValue for a text."""
    volumes = {row.device_name: row for row in ctx.state.inventory.volumes_of(instance.id)}
    if not isinstance(mappings, list):
        raise invalid_parameter_value("Block devices are given by the member blockDeviceMapping, not as a text.")
    for mapping in mappings:
        name, ebs = mapping.get("DeviceName"), mapping.get("Ebs") or {}
        if name not in volumes or ebs.get("VolumeId") not in (None, volumes[name].id):
            raise AwsError("InvalidInstanceAttributeValue", f"No device is currently mapped at {name}")
        goes = ebs.get("DeleteOnTermination")
        if goes is False and name == instance.root_device_name:
            raise unsupported_operation("The root volume is deleted on termination.")
        if goes is not None:
            volumes[name] = replace(volumes[name], delete_on_termination=goes)
    return list(volumes.values())


def _with_type(ctx: Context, instance: Instance, name: str) -> Instance:
    kind = INSTANCE_TYPES.get(name)
    if kind is None:
        raise invalid_parameter_value(f"Invalid value '{name}' for InstanceType.")
    if kind.architecture != INSTANCE_TYPES[instance.instance_type].architecture:
        raise invalid_parameter_value(f"The architecture of {name} is not that of the instance.")
    interfaces = ctx.network.interfaces_of(instance.id)
    check_families(kind, *(ctx.network.subnets[row.subnet_id] for row in interfaces))
    if len(interfaces) > kind.interfaces:
        raise invalid_parameter_combination(f"The instance has more network interfaces than {name} allows.")
    return replace(instance, instance_type=name, threads_per_core=None, cpu_credits=read_cpu_credits({}, kind))


def _primary(ctx: Context, instance: Instance) -> NetworkInterface:
    """Raises InvalidInstanceID for an instance of several interfaces, whose own attributes count."""
    interface = only_interface(ctx, instance)
    if interface is None:
        raise AwsError("IncorrectInstanceState", f"The instance '{instance.id}' is terminated.")
    return interface
