"""The lives of instances, of volumes, and of what is attached to instances."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from realvpc.api.machine_report import interfaces_settled, machine_down, machine_removed, machine_up
from realvpc.net.images import AL2023

from ..conftest import Client
from .life import NO, Ids, Life, place

# -- instances ---------------------------------------------------------------------------------------------------------


def _launched(client: Client, subnet_id: str = "") -> str:
    request: dict[str, Any] = {"ImageId": AL2023.id_in(client.region), "InstanceType": "t3.micro"}
    request |= {"MinCount": 1, "MaxCount": 1}
    [row] = client("RunInstances", **request, SubnetId=subnet_id or place(client))["Instances"]
    return str(row["InstanceId"])


def _instance(*steps: str) -> Callable[[Client], Ids]:
    def make(client: Client) -> Ids:
        instance_id = _launched(client)
        for step in steps:
            if step == "up":
                client.service.report(machine_up(instance_id), "test")
            elif step == "down":
                client.service.report(machine_down(instance_id), "test")
                client.service.report(machine_removed(instance_id), "test")
            else:
                client(f"{step}Instances", InstanceIds=[instance_id])
        return {"it": instance_id}

    return make


def _instance_state(client: Client, ids: Ids) -> str:
    [reservation] = client("DescribeInstances", InstanceIds=[ids["it"]])["Reservations"]
    return str(reservation["Instances"][0]["State"]["Name"])


def _instances(ids: Ids) -> dict[str, Any]:
    return {"InstanceIds": [ids["it"]]}


BAD = "IncorrectInstanceState"
INSTANCE = Life(
    states={
        "pending": _instance(),
        "running": _instance("up"),
        "stopping": _instance("up", "Stop"),
        "stopped": _instance("up", "Stop", "down"),
        "shutting-down": _instance("up", "Terminate"),
        "terminated": _instance("up", "Terminate", "down"),
    },
    asked={
        "StartInstances": _instances,
        "StopInstances": _instances,
        "RebootInstances": _instances,
        "TerminateInstances": _instances,
        "ModifyInstanceAttribute": lambda ids: {"InstanceId": ids["it"], "InstanceType": {"Value": "t3.small"}},
    },
    answers={
        "pending": (BAD, BAD, BAD, NO, BAD),
        "running": (NO, NO, NO, NO, BAD),
        "stopping": (BAD, NO, BAD, NO, BAD),
        "stopped": (NO, NO, BAD, NO, NO),
        "shutting-down": (BAD, BAD, BAD, NO, BAD),
        "terminated": (BAD, BAD, NO, NO, BAD),
    },
    unknown="InvalidInstanceID.NotFound",
    seen=_instance_state,
)

# -- volumes -----------------------------------------------------------------------------------------------------------


def _volume(client: Client) -> Ids:
    instance_id = _launched(client)
    client.service.report(machine_up(instance_id), "test")
    zone = client.service.state.network.instances[instance_id].zone_name
    return {"it": client("CreateVolume", AvailabilityZone=zone, Size=8)["VolumeId"], "instance": instance_id}


def _attached_volume(client: Client) -> Ids:
    ids = _volume(client)
    client("AttachVolume", VolumeId=ids["it"], InstanceId=ids["instance"], Device="/dev/sdf")
    return ids


def _volume_id(ids: Ids) -> dict[str, Any]:
    return {"VolumeId": ids["it"]}


VOLUME = Life(
    states={"available": _volume, "in-use": _attached_volume},
    asked={
        "AttachVolume": lambda ids: {"VolumeId": ids["it"], "InstanceId": ids["instance"], "Device": "/dev/sdg"},
        "DetachVolume": _volume_id,
        "DeleteVolume": _volume_id,
        "CreateSnapshot": _volume_id,
        "ModifyVolume": lambda ids: {"VolumeId": ids["it"], "Size": 9},
    },
    answers={
        "available": (NO, "IncorrectState", NO, NO, NO),
        "in-use": ("VolumeInUse", NO, "VolumeInUse", NO, NO),
    },
    unknown="InvalidVolume.NotFound",
    seen=lambda client, ids: client("DescribeVolumes", VolumeIds=[ids["it"]])["Volumes"][0]["State"],
)

# -- network interfaces ------------------------------------------------------------------------------------------------


def _interface(*steps: str) -> Callable[[Client], Ids]:
    def make(client: Client) -> Ids:
        subnet_id = place(client)
        instance_id = _launched(client, subnet_id)
        client.service.report(machine_up(instance_id), "test")
        made = client("CreateNetworkInterface", SubnetId=subnet_id)["NetworkInterface"]
        ids = {"it": made["NetworkInterfaceId"], "instance": instance_id, "attachment": "eni-attach-00000000000000001"}
        for step in steps:
            if step == "attach":
                ids["attachment"] = client("AttachNetworkInterface", **_attach(ids))["AttachmentId"]
            elif step == "detach":
                client("DetachNetworkInterface", AttachmentId=ids["attachment"])
            else:
                client.service.report(interfaces_settled(frozenset({ids["it"]})), "test")
        return ids

    return make


def _attach(ids: Ids) -> dict[str, Any]:
    return {"NetworkInterfaceId": ids["it"], "InstanceId": ids["instance"], "DeviceIndex": 1}


def _interface_state(client: Client, ids: Ids) -> str:
    [row] = client("DescribeNetworkInterfaces", NetworkInterfaceIds=[ids["it"]])["NetworkInterfaces"]
    return str((row.get("Attachment") or {}).get("Status") or row["Status"])


USED = "InvalidNetworkInterface.InUse"
ATTACHMENT = Life(
    states={
        "available": _interface(),
        "attaching": _interface("attach"),
        "attached": _interface("attach", "settled"),
        "detaching": _interface("attach", "settled", "detach"),
    },
    asked={
        "AttachNetworkInterface": _attach,
        "DetachNetworkInterface": lambda ids: {"AttachmentId": ids["attachment"]},
        "DeleteNetworkInterface": lambda ids: {"NetworkInterfaceId": ids["it"]},
        "AssignPrivateIpAddresses": lambda ids: {"NetworkInterfaceId": ids["it"], "SecondaryPrivateIpAddressCount": 1},
    },
    answers={
        "available": (NO, "InvalidAttachmentID.NotFound", NO, NO),
        "attaching": (USED, NO, "InvalidParameterValue", NO),
        "attached": (USED, NO, "InvalidParameterValue", NO),
        "detaching": (USED, "IncorrectState", "InvalidParameterValue", NO),
    },
    unknown="InvalidNetworkInterfaceID.NotFound",
    seen=_interface_state,
)
