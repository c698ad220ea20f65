"""What a host reports of its machines: facts that change the state through the same door as requests.

A report about an instance or an appliance that is gone, or about an earlier boot, is old news and changes nothing.
"""

from __future__ import annotations

from msgspec.structs import replace

from realvpc.net.instance import Instance, InstanceEvent, InstanceState
from realvpc.net.instance_connect_endpoint import EndpointEvent, InstanceConnectEndpoint
from realvpc.net.load_balancer import LoadBalancer, LoadBalancerEvent
from realvpc.net.table import Change, delete, put

from .core.context import Context
from .ec2.instance_state import INSTANCE_SHUTDOWN, StateReason, all_of, happens, server_error
from .ec2.network_interface_attachment import settled
from .ec2.public_address import disassociated
from .service import Report as Report
from .ssm.agent import agents_seen


def machine_up(instance_id: str, boot: int | None = None) -> Report:
    """The machine runs, and its Systems Manager agent with it."""

    def report(ctx: Context) -> Change:
        if (place := _place(ctx, instance_id)) is not None:
            return _happens_to(place, boot, EndpointEvent.UP, LoadBalancerEvent.UP)
        change = _apply(ctx, instance_id, boot, InstanceEvent.MACHINE_UP)
        if not change:
            return change
        later = ctx.with_state(ctx.state.apply(change))
        return change + agents_seen(later, [later.network.instances[instance_id]])

    return report


def agent_seen(instance_id: str) -> Report:
    """The instance's Systems Manager agent may have come to reach the service."""

    def report(ctx: Context) -> Change:
        instance = ctx.network.instances.get(instance_id)
        return agents_seen(ctx, [instance]) if instance is not None else Change()

    return report


def machine_down(instance_id: str, boot: int | None = None) -> Report:
    """The machine is down: because it was asked to, or because it was shut down from inside."""

    def report(ctx: Context) -> Change:
        if (place := _place(ctx, instance_id)) is not None:
            return _again(place, boot)
        change = _apply(ctx, instance_id, boot, InstanceEvent.MACHINE_DOWN, INSTANCE_SHUTDOWN)
        before = ctx.network.instances.get(instance_id)
        if change and before and before.machine_wanted and before.shutdown_behavior == "terminate":
            later = ctx.with_state(ctx.state.apply(change))
            change += happens(later, later.network.instances[instance_id], InstanceEvent.TERMINATE)
        return change

    return report


def machine_removed(instance_id: str) -> Report:
    """Nothing is left of the machine, as it was wanted."""

    def report(ctx: Context) -> Change:
        change = Change()
        instance = ctx.network.instances.get(instance_id)
        if instance is not None and instance.state is InstanceState.SHUTTING_DOWN:
            change += happens(ctx, instance, InstanceEvent.MACHINE_DOWN)
        place = _place(ctx, instance_id)
        if place is not None and place.is_leaving:
            interfaces = ctx.network.interfaces_of(instance_id)
            change += delete(place, *interfaces) + put(
                *(row for each in interfaces for row in disassociated(ctx.network, each))
            )
        left = ctx.state.tokens.remains.get(instance_id)
        return change + Change(deletes=(left,)) if left else change

    return report


def machine_failed(instance_id: str, reason: str, boot: int | None = None) -> Report:
    """The machine could not be started, or could not be kept; ``reason`` is a sentence that the API shows.

    A new instance is terminated; one that ran before is stopped, for it has a disk to lose.
    """

    def report(ctx: Context) -> Change:
        if (place := _place(ctx, instance_id)) is not None:
            return _happens_to(place, boot, EndpointEvent.FAIL, LoadBalancerEvent.FAIL, reason)
        instance = ctx.network.instances.get(instance_id)
        ran = instance is not None and instance.boot > 1
        event = InstanceEvent.MACHINE_DOWN if ran else InstanceEvent.MACHINE_FAILED
        return _apply(ctx, instance_id, boot, event, server_error(reason))

    return report


def interfaces_settled(interface_ids: frozenset[str]) -> Report:
    """The machines have these network interfaces, or have them no more, as it was wanted."""
    return lambda ctx: settled(ctx, sorted(interface_ids))


def machines_impaired(names: frozenset[str]) -> Report:
    """These are all machines of which something on the host is not as it should be (EC2 guide, "Status checks")."""

    def report(ctx: Context) -> Change:
        changed = [
            replace(instance, impaired_since=ctx.now if instance.id in names else None)
            for instance in ctx.network.instances.values()
            if (instance.id in names) != (instance.impaired_since is not None)
        ]
        return put(*changed) if changed else Change()

    return report


def _apply(
    ctx: Context, instance_id: str, boot: int | None, event: InstanceEvent, reason: StateReason | None = None
) -> Change:
    instance = ctx.network.instances.get(instance_id)
    if instance is None or _is_old(instance, boot):
        return Change()
    if instance.state is InstanceState.SHUTTING_DOWN:
        return Change()  # it has ended when its disk is gone, too: see machine_removed
    return all_of(ctx, [happens(ctx, instance, event, reason)])


def _place(ctx: Context, name: str) -> InstanceConnectEndpoint | LoadBalancer | None:
    """The appliance of this id."""
    return ctx.network.instance_connect_endpoints.get(name) or ctx.network.load_balancers.get(name)


def _happens_to(
    place: InstanceConnectEndpoint | LoadBalancer,
    boot: int | None,
    of_endpoint: EndpointEvent,
    of_balancer: LoadBalancerEvent,
    message: str = "",
) -> Change:
    if _is_old(place, boot):
        return Change()
    after = place.after(of_balancer, message) if isinstance(place, LoadBalancer) else place.after(of_endpoint, message)
    return put(after) if after is not None else Change()


def _again(place: InstanceConnectEndpoint | LoadBalancer, boot: int | None) -> Change:
    """Nobody shuts one down: its place is made again."""
    return Change() if place.is_leaving or _is_old(place, boot) else put(replace(place, boot=place.boot + 1))


def _is_old(machine: Instance | InstanceConnectEndpoint | LoadBalancer, boot: int | None) -> bool:
    return boot is not None and boot < machine.boot
