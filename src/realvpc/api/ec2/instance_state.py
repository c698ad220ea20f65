"""The life of an instance: start, stop, reboot, terminate, and what a host reports (EC2 guide, "Instance lifecycle").

``happens`` is the one place where an event changes an instance, its interfaces and its volumes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

from msgspec import Struct
from msgspec.structs import replace

from realvpc.net import indexes
from realvpc.net.instance import TRANSITIONS, Instance, InstanceEvent, InstanceState
from realvpc.net.network_interface import NetworkInterface
from realvpc.net.remains import Remains
from realvpc.net.resource import Resource
from realvpc.net.table import Change, put

from ..core.context import Answer, Context, Request
from ..core.effort import COMPARING, MAKING
from ..core.errors import AwsError, invalid_parameter_combination
from ..core.lookup import get_all
from .address_picker import AddressPicker
from .instance import INSTANCE, render_state
from .public_address import disassociated, with_public_address
from .volume import detached

_S, _E = InstanceState, InstanceEvent


class StateReason(Struct, frozen=True):
    """``StateReason`` of an instance: a code and a sentence."""

    code: str
    sentence: str


USER_SHUTDOWN = StateReason("Client.UserInitiatedShutdown", "User initiated shutdown")
INSTANCE_SHUTDOWN = StateReason("Client.InstanceInitiatedShutdown", "Instance initiated shutdown")


SERVER_ERROR = "Server.InternalError"


def server_error(sentence: str) -> StateReason:
    """The data plane failed."""
    return StateReason(SERVER_ERROR, sentence)


# -- requests --------------------------------------------------------------------------------------------------------


def start_instances(ctx: Context, request: Request) -> Answer:
    """Raises ``InvalidInstanceID.NotFound``, IncorrectInstanceState; then nothing is started."""
    return _request(ctx, request, _E.START, "StartingInstances")


def stop_instances(ctx: Context, request: Request) -> Answer:
    """Raises ``InvalidInstanceID.NotFound``, IncorrectInstanceState, OperationNotPermitted, UnsupportedOperation
    (hibernation)."""
    if request.get("Hibernate"):
        raise AwsError("UnsupportedHibernationConfiguration", "The instance is not configured for hibernation.")
    return _request(
        ctx, request, _E.STOP, "StoppingInstances", lambda row: _protected(row, "stopped", "disableApiStop")
    )


def terminate_instances(ctx: Context, request: Request) -> Answer:
    """Raises ``InvalidInstanceID.NotFound``, OperationNotPermitted for a protected instance; then none is ended."""
    return _request(
        ctx,
        request,
        _E.TERMINATE,
        "TerminatingInstances",
        lambda row: _protected(row, "terminated", "disableApiTermination"),
    )


def reboot_instances(ctx: Context, request: Request) -> Answer:
    """Raises ``InvalidInstanceID.NotFound``, IncorrectInstanceState."""
    _, change = _ask(ctx, request, _E.REBOOT)
    return Answer({}, change)


_VERBS = {_E.START: "started", _E.STOP: "stopped", _E.REBOOT: "rebooted", _E.TERMINATE: "terminated"}


def _protected(instance: Instance, verb: str, attribute: str) -> AwsError | None:
    protected = instance.disable_api_stop if verb == "stopped" else instance.disable_api_termination
    if not protected:
        return None
    return AwsError(
        "OperationNotPermitted",
        f"The instance '{instance.id}' may not be {verb}. Modify its '{attribute}' instance attribute and try again.",
    )


def _request(
    ctx: Context,
    request: Request,
    event: InstanceEvent,
    result: str,
    refusal: Callable[[Instance], AwsError | None] = lambda instance: None,
) -> Answer:
    changes, change = _ask(ctx, request, event, refusal)
    return Answer(
        {
            result: [
                {
                    "InstanceId": before.id,
                    "PreviousState": render_state(before.state),
                    "CurrentState": render_state(after),
                }
                for before, after in changes
            ]
        },
        change,
    )


def _ask(
    ctx: Context,
    request: Request,
    event: InstanceEvent,
    refusal: Callable[[Instance], AwsError | None] = lambda instance: None,
) -> tuple[list[tuple[Instance, InstanceState]], Change]:
    """Each instance with the state that the answer shows, and the change.

    Without a data plane there is nobody to report: the state that follows is stored at once.
    """
    if not request.get("InstanceIds"):
        raise invalid_parameter_combination("No instances specified")
    instances = get_all(ctx, INSTANCE, request["InstanceIds"])
    for instance in instances:
        error = refusal(instance) if instance.state is not _S.TERMINATED else None
        if error is not None:
            raise error
        if (instance.state, event) not in TRANSITIONS:
            which = "This" if event is _E.STOP else "The"
            raise AwsError(
                "IncorrectInstanceState",
                f"{which} instance '{instance.id}' is not in a state from which it can be {_VERBS[event]}.",
            )
    shown = [(instance, TRANSITIONS[instance.state, event]) for instance in instances]
    picker = AddressPicker(ctx)
    asked = all_of(ctx, (happens(ctx, instance, event, USER_SHUTDOWN, picker) for instance in instances))
    return shown, asked if ctx.options.has_fabric else _settled(ctx, instances, asked)


def _settled(ctx: Context, instances: Iterable[Instance], asked: Change) -> Change:
    later = ctx.with_state(ctx.state.apply(asked))
    rows = (later.network.instances[instance.id] for instance in instances)
    reports = (happens(later, row, _E.MACHINE_UP if row.machine_wanted else _E.MACHINE_DOWN) for row in rows)
    return Change.of((asked, *reports))


# -- events ----------------------------------------------------------------------------------------------------------


def happens(
    ctx: Context,
    instance: Instance,
    event: InstanceEvent,
    reason: StateReason | None = None,
    picker: AddressPicker | None = None,
) -> Change:
    """What ``event`` changes.  Nothing, when the state does not know it: then it is old news."""
    ctx.effort.spend(MAKING)
    state = TRANSITIONS.get((instance.state, event))
    if state is None:
        return Change()
    if event is _E.REBOOT and state is _S.RUNNING:
        return put(replace(instance, boot=instance.boot + 1))
    if state is instance.state:
        return Change()
    after = replace(instance, state=state)
    interfaces = ctx.network.interfaces_of(instance.id)
    match state:
        case _S.PENDING:
            after = replace(
                after,
                boot=instance.boot + 1,
                launched_at=ctx.now,
                state_reason_code=None,
                state_reason=None,
                state_transition_reason="",
            )
            picker = picker or AddressPicker(ctx)
            given = (with_public_address(ctx.network, row, picker) for row in interfaces)
            return put(after, *(new for old, new in zip(interfaces, given, strict=True) if new is not old))
        case _S.RUNNING:
            return put(after)
        case _S.TERMINATED:
            after = replace(_because(after, reason, ctx.now), terminated_at=ctx.now)
            change = _without_belongings(ctx, after, interfaces)
            # A machine that runs is wanted terminated first, until the host has done so; of this one a disk is left.
            is_left = event is _E.TERMINATE and ctx.options.has_fabric
            left = Remains(id=instance.id, account=instance.account, region=instance.region)
            return change + put(left) if is_left else change
        case _:  # stopping, stopped, shutting-down: the public address goes back to the pool
            released = (replace(row, public_address=None) for row in interfaces if row.public_address is not None)
            return put(_because(after, reason, ctx.now), *released)


def all_of(ctx: Context, changes: Iterable[Change]) -> Change:
    """These events' changes.  Once their instances have no machine any more, nothing is known of the health of targets:
    when they have one again, it is looked at anew."""
    change = Change.of(changes)
    if not ctx.options.has_fabric:  # nobody looks
        return change
    instances = ctx.network.instances
    gone = {
        row.id
        for row in change.puts
        if isinstance(row, Instance) and not row.machine_wanted and instances[row.id].machine_wanted
    }
    groups = {group.id: group for each in gone for group in ctx.network.target_groups.where(indexes.target_ids, each)}
    ctx.effort.spend(COMPARING * sum(len(group.registered) for group in groups.values()))
    anew = {group.id: group.looked_at_anew(gone) for group in groups.values()}
    return change + put(*(row for row in anew.values() if row != groups[row.id]))


def _because(instance: Instance, reason: StateReason | None, now: datetime) -> Instance:
    """With the reason, unless it has one already: the first cause counts."""
    if reason is None or instance.state_reason_code is not None:
        return instance
    by_user = reason is USER_SHUTDOWN
    return replace(
        instance,
        state_reason_code=reason.code,
        state_reason=f"{reason.code}: {reason.sentence}",
        state_transition_reason=f"User initiated ({now:%Y-%m-%d %H:%M:%S} GMT)" if by_user else reason.code,
    )


def _without_belongings(ctx: Context, instance: Instance, interfaces: tuple[NetworkInterface, ...]) -> Change:
    """The instance alone: interfaces and volumes that go with it are deleted, other interfaces are free again.

    Elastic IP addresses stay with an interface that is left, and with the account in any case.
    """
    doomed = [row for row in interfaces if row.attachment and row.attachment.delete_on_termination]
    freed = [address for row in doomed for address in disassociated(ctx.network, row)]
    kept = [
        replace(row, attachment=None, public_address=None)
        for row in interfaces
        if row.attachment and not row.attachment.delete_on_termination
    ]
    volumes = ctx.state.inventory.volumes_of(instance.id)
    permissions = [each for row in doomed for each in ctx.state.inventory.permissions_of(row.id)]
    deleted: list[Resource] = [*doomed, *permissions, *(row for row in volumes if row.delete_on_termination)]
    outlive = [detached(row) for row in volumes if not row.delete_on_termination]
    return Change(puts=(instance, *kept, *freed, *outlive), deletes=tuple(deleted))
