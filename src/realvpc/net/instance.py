"""An EC2 instance and its life cycle (EC2 guide, "Instance lifecycle")."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from .machine_image import ROOT_DEVICE_NAME
from .resource import Resource

TERMINATED_VISIBLE_FOR = timedelta(hours=1)


class InstanceState(StrEnum):
    PENDING = "pending"
    RUNNING = "running"
    SHUTTING_DOWN = "shutting-down"
    TERMINATED = "terminated"
    STOPPING = "stopping"
    STOPPED = "stopped"

    @property
    def code(self) -> int:
        """The low byte of ``InstanceState.Code`` in the EC2 API."""
        return _CODES[self]


_CODES = {
    InstanceState.PENDING: 0,
    InstanceState.RUNNING: 16,
    InstanceState.SHUTTING_DOWN: 32,
    InstanceState.TERMINATED: 48,
    InstanceState.STOPPING: 64,
    InstanceState.STOPPED: 80,
}


class InstanceEvent(StrEnum):
    """What may happen to an instance: four requests of a user, three reports of the node."""

    START = "start"
    STOP = "stop"
    REBOOT = "reboot"
    TERMINATE = "terminate"
    MACHINE_UP = "machine-up"
    MACHINE_DOWN = "machine-down"
    MACHINE_FAILED = "machine-failed"


_S, _E = InstanceState, InstanceEvent

# Every legal transition.  A request that is not here is refused with IncorrectInstanceState; a report that is not
# here is old news and changes nothing.
TRANSITIONS: dict[tuple[InstanceState, InstanceEvent], InstanceState] = {
    (_S.PENDING, _E.MACHINE_UP): _S.RUNNING,
    (_S.PENDING, _E.MACHINE_DOWN): _S.STOPPED,  # shut down from inside before anybody heard that it was up
    (_S.PENDING, _E.MACHINE_FAILED): _S.SHUTTING_DOWN,
    (_S.PENDING, _E.TERMINATE): _S.SHUTTING_DOWN,
    (_S.RUNNING, _E.START): _S.RUNNING,
    (_S.RUNNING, _E.STOP): _S.STOPPING,
    (_S.RUNNING, _E.REBOOT): _S.RUNNING,
    (_S.RUNNING, _E.TERMINATE): _S.SHUTTING_DOWN,
    (_S.RUNNING, _E.MACHINE_DOWN): _S.STOPPED,  # shut down from inside
    (_S.RUNNING, _E.MACHINE_FAILED): _S.STOPPED,
    (_S.STOPPING, _E.STOP): _S.STOPPING,
    (_S.STOPPING, _E.TERMINATE): _S.SHUTTING_DOWN,
    (_S.STOPPING, _E.MACHINE_DOWN): _S.STOPPED,
    (_S.STOPPING, _E.MACHINE_FAILED): _S.STOPPED,
    (_S.STOPPED, _E.START): _S.PENDING,
    (_S.STOPPED, _E.STOP): _S.STOPPED,
    (_S.STOPPED, _E.TERMINATE): _S.TERMINATED,
    (_S.SHUTTING_DOWN, _E.TERMINATE): _S.SHUTTING_DOWN,
    (_S.SHUTTING_DOWN, _E.MACHINE_DOWN): _S.TERMINATED,
    (_S.SHUTTING_DOWN, _E.MACHINE_FAILED): _S.TERMINATED,
    (_S.TERMINATED, _E.TERMINATE): _S.TERMINATED,
    (_S.TERMINATED, _E.REBOOT): _S.TERMINATED,  # ignored
}

MACHINE_WANTED = frozenset({_S.PENDING, _S.RUNNING})


class MetadataOptions(Struct, frozen=True, kw_only=True):
    """How the instance metadata service answers (EC2 guide, "Configure the instance metadata options")."""

    http_tokens: str = "required"
    http_put_response_hop_limit: int = 2
    http_endpoint: str = "enabled"
    http_protocol_ipv6: str = "disabled"
    instance_metadata_tags: str = "disabled"


class Instance(Resource, frozen=True, kw_only=True):
    """Addresses, subnet and groups are those of its network interfaces (``Network.interfaces_of``)."""

    reservation_id: str
    image_id: str
    image_content: str | None = None  # MachineImage.content, which outlives its image
    root_device_name: str = ROOT_DEVICE_NAME
    instance_type: str
    state: InstanceState
    launched_at: datetime  # last launch: a start renews it
    boot: int = 1  # counts the starts and reboots of the machine
    zone_name: str = ""
    zone_id: str = ""
    ami_launch_index: int = 0
    client_token: str = ""
    instance_profile_arn: str | None = None
    instance_profile_association_id: str | None = None
    instance_profile_associated_at: datetime | None = None
    registered_at: datetime | None = None  # when its Systems Manager agent was first seen to reach the service
    key_name: str | None = None
    authorized_key: str | None = None  # of its key pair, which it outlives
    user_data: str | None = None  # base64, as RunInstances takes it
    disable_api_termination: bool = False
    disable_api_stop: bool = False
    shutdown_behavior: str = "stop"  # of a shutdown from inside: stop or terminate
    detailed_monitoring: bool = False
    ebs_optimized: bool = False
    threads_per_core: int | None = None  # of its CPU options, where they are not the type's own
    cpu_credits: str | None = None  # standard or unlimited, for burstable types
    metadata_options: MetadataOptions = MetadataOptions()
    tenancy: str = "default"  # or dedicated
    capacity_reservation_preference: str = "open"  # or none
    placement_group_id: str | None = None
    partition_number: int | None = None
    hostname_type: str = "ip-name"
    enable_resource_name_dns_a_record: bool = False
    enable_resource_name_dns_aaaa_record: bool = False
    state_reason_code: str | None = None
    state_reason: str | None = None
    state_transition_reason: str = ""
    terminated_at: datetime | None = None
    impaired_since: datetime | None = None  # when something of its host was found that was not as it should be

    @property
    def is_launching(self) -> bool:
        """Whether it has never run."""
        return self.state is InstanceState.PENDING and self.boot == 1

    @property
    def machine_wanted(self) -> bool:
        """Whether a machine should be up for this instance."""
        return self.state in MACHINE_WANTED

    def visible_to(self, account: str, region: str, now: datetime) -> bool:
        """A terminated instance stays visible for about an hour (EC2 guide)."""
        gone = self.terminated_at is not None and now >= self.terminated_at + TERMINATED_VISIBLE_FOR
        return not gone and super().visible_to(account, region, now)
