"""The whole tree of an instance, from the state (EC2 guide, "Instance metadata categories").

Every version answers the same, as the newest one.
"""

from __future__ import annotations

import base64
import json
from datetime import datetime
from typing import Any

from msgspec import Struct

from realvpc.api.ec2.metadata_options import fits_in_path
from realvpc.net.hostnames import hostname, public_name
from realvpc.net.instance import Instance
from realvpc.net.instance_types import INSTANCE_TYPES
from realvpc.net.machine_image import ARCHITECTURE
from realvpc.net.network_interface import NetworkInterface
from realvpc.store.state import State

from .directory import Directory, Node, directory
from .interfaces import group_names, interface_directory
from .role import RoleAnswer, delivery, role_of

LATEST = "latest"
VERSIONS = (
    "1.0", "2007-01-19", "2007-03-01", "2007-08-29", "2007-10-10", "2007-12-15", "2008-02-01", "2008-09-01",
    "2009-04-04", "2011-01-01", "2011-05-01", "2012-01-12", "2014-02-25", "2014-11-05", "2015-10-20", "2016-04-19",
    "2016-06-30", "2016-09-02", "2018-03-28", "2018-08-17", "2018-09-24", "2019-10-01", "2020-10-27", "2021-01-03",
    "2021-03-23", "2021-07-15", "2022-07-09", "2022-09-24", "2024-04-11", LATEST,
)  # fmt: skip
_DOCUMENT_VERSION = "2017-09-30"
_STAMP = "%Y-%m-%dT%H:%M:%SZ"


class View(Struct, frozen=True):
    """Whose metadata, in which state and when.  ``key`` is the service's, for the role's credentials; ``has_token``:
    who asks has a session token of IMDSv2."""

    state: State
    instance: Instance
    now: datetime
    key: bytes
    has_token: bool = False

    @property
    def interfaces(self) -> tuple[NetworkInterface, ...]:
        return self.state.network.wanted_interfaces_of(self.instance.id)


def tree(view: View) -> Directory:
    """The root.  The instance must have a network interface, which who asks does."""
    user_data = view.instance.user_data
    version = directory(
        {
            "dynamic": _dynamic(view),
            "meta-data": _meta_data(view),
            "user-data": base64.b64decode(user_data) if user_data else None,
        },
        {"dynamic": "dynamic", "meta-data": "meta-data"},
    )
    return Directory(dict.fromkeys(VERSIONS, version), {name: name for name in VERSIONS})


def _meta_data(view: View) -> Directory:
    instance, network = view.instance, view.state.network
    primary = view.interfaces[0]
    public = network.public_address_of(primary)
    vpc = network.vpcs[primary.vpc_id]
    name = f"{hostname(instance, primary)}.{view.state.names.domain_of(vpc)}"  # as its DHCP options say
    root_device = instance.root_device_name
    return directory(
        {
            "ami-id": instance.image_id,
            "ami-launch-index": str(instance.ami_launch_index),
            "ami-manifest-path": "(unknown)",
            "block-device-mapping": Directory({"ami": root_device, "root": root_device}),
            "events": Directory({"maintenance": Directory({"history": "[]", "scheduled": "[]"})}),
            "hibernation": Directory({"configured": "false"}),
            "hostname": name,
            "iam": _iam(view),
            "identity-credentials": Directory({"ec2": Directory({"info": _json(_account(instance))})}),
            "instance-action": "none",
            "instance-id": instance.id,
            "instance-life-cycle": "on-demand",
            "instance-type": instance.instance_type,
            "ipv6": str(primary.ipv6_addresses[0]) if primary.ipv6_addresses else None,
            "local-hostname": name,
            "local-ipv4": str(primary.private_address) if primary.private_address else None,
            "mac": primary.mac_address,
            "managed-ssh-keys": _managed_ssh_keys(view),
            "network": Directory({"interfaces": Directory({"macs": _macs(view)})}),
            "placement": Directory(
                {
                    "availability-zone": instance.zone_name,
                    "availability-zone-id": instance.zone_id,
                    "region": instance.region,
                }
            ),
            "profile": "default-hvm",
            "public-hostname": public_name(vpc, public),
            "public-ipv4": str(public) if public is not None else None,
            "public-keys": _public_keys(instance),
            "reservation-id": instance.reservation_id,
            "security-groups": group_names(network, primary),
            "services": Directory({"domain": "amazonaws.com", "partition": "aws"}),
            "system": "nitro" if INSTANCE_TYPES[instance.instance_type].is_nitro else "xen",
            "tags": _tags(instance),
        }
    )


def _macs(view: View) -> Directory:
    return Directory({row.mac_address: interface_directory(view.state.network, row) for row in view.interfaces})


def _public_keys(instance: Instance) -> Directory | None:
    if instance.authorized_key is None:
        return None
    key = Directory({"openssh-key": instance.authorized_key})
    return Directory({"0": key}, {"0": f"0={instance.key_name}"})


def _managed_ssh_keys(view: View) -> Directory | None:
    """What EC2 Instance Connect has brought, by user: each key behind what is known of it, as AWS has it but
    for the signature (aws-ec2-instance-connect-config on GitHub)."""
    of_user: dict[str, list[str]] = {}
    for row in sorted(view.state.inventory.keys_offered_to(view.instance.id), key=lambda row: row.offered_at):
        if row.is_good_at(view.now):
            known = {
                "Timestamp": str(int(row.good_until.timestamp())),
                "Instance": row.instance_id,
                "Caller": row.caller_arn,
            }
            lines = (*(f"#{name}={value}" for name, value in known.items()), row.line)
            of_user.setdefault(row.os_user, []).append("".join(f"{line}\n" for line in lines))
    if not of_user:
        return None
    return Directory({"active-keys": Directory({user: "\n".join(keys) for user, keys in of_user.items()})})


def _tags(instance: Instance) -> Directory | None:
    if instance.metadata_options.instance_metadata_tags != "enabled":
        return None
    shown: dict[str, Node] = {key: value for key, value in instance.tags.items() if fits_in_path(key)}
    return Directory({"instance": Directory(shown)}) if shown else None


def _iam(view: View) -> Directory | None:
    """The instance profile and its role's credentials; nothing at all without a profile."""
    conditions = delivery(view.instance, view.interfaces[0], has_token=view.has_token)
    answer = role_of(view.state.directory, view.instance, view.now, view.key, conditions)
    if answer is None:
        return None
    entries: dict[str, Node] = {"info": _json(answer.info)}
    if answer.role_name is not None:
        entries["security-credentials"] = Directory({answer.role_name: _json(_credentials(answer))})
    return Directory(entries)


def _account(instance: Instance) -> dict[str, Any]:
    """What scripts read the account's number from.  The credentials next to it on AWS are AWS's own programs'."""
    return {
        "Code": "Success",
        "LastUpdated": instance.launched_at.strftime(_STAMP),
        "AccountId": instance.account,
    }


def _credentials(answer: RoleAnswer) -> dict[str, Any]:
    issued = answer.credentials
    if issued is None:
        return answer.refusal
    return {
        "Code": "Success",
        "LastUpdated": issued.grant.last_updated.strftime(_STAMP),
        "Type": "AWS-HMAC",
        "AccessKeyId": issued.access_key_id,
        "SecretAccessKey": issued.secret_access_key,
        "Token": issued.session_token,
        "Expiration": issued.grant.expiration.strftime(_STAMP),
    }


def _dynamic(view: View) -> Directory:
    instance, address = view.instance, view.interfaces[0].private_address
    document = {
        "accountId": instance.account,
        "architecture": ARCHITECTURE,
        "availabilityZone": instance.zone_name,
        "billingProducts": None,
        "devpayProductCodes": None,
        "marketplaceProductCodes": None,
        "imageId": instance.image_id,
        "instanceId": instance.id,
        "instanceType": instance.instance_type,
        "kernelId": None,
        "pendingTime": instance.launched_at.strftime(_STAMP),
        "privateIp": str(address) if address else None,
        "ramdiskId": None,
        "region": instance.region,
        "version": _DOCUMENT_VERSION,
    }
    return Directory(
        {
            "fws": Directory({"instance-monitoring": "enabled" if instance.detailed_monitoring else "disabled"}),
            "instance-identity": Directory({"document": _json(document)}),
        }
    )


def _json(value: Any) -> str:
    """As AWS prints it, which people read with grep."""
    return json.dumps(value, indent=2, separators=(",", " : "))
