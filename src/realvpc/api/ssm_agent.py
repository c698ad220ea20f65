"""Whether an instance's Systems Manager agent reaches the service (Systems Manager guide, "Instance prerequisites").

The agent needs a running machine, credentials that let it register, DNS, and a way out to TCP port 443 and back.  No
inbound rule is needed.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from realvpc.iam.managed_policies import ADMINISTRATOR, SSM_MANAGED_INSTANCE_CORE
from realvpc.net.addresses import Address
from realvpc.net.dhcp_options import AMAZON_PROVIDED_DNS
from realvpc.net.instance import Instance, InstanceState
from realvpc.net.network_interface import NetworkInterface
from realvpc.net.packet import Packet
from realvpc.net.security_group import TCP, UDP
from realvpc.net.services import RESOLVER_PORT
from realvpc.net.table import Change, put
from realvpc.net.trace import INTERNET
from realvpc.net.walk import walk
from realvpc.reach.endpoint import INTERNET_HOST

from .context import Context

_ENOUGH = frozenset({SSM_MANAGED_INSTANCE_CORE.arn, ADMINISTRATOR.arn})
_HTTPS, _SOME_PORT = 443, 49152


def is_online(ctx: Context, instance: Instance) -> bool:
    return (
        instance.state is InstanceState.RUNNING
        and _may_register(ctx, instance)
        and any(_gets_out(ctx, interface) for interface in ctx.network.interfaces_of(instance.id)[:1])
    )


def _may_register(ctx: Context, instance: Instance) -> bool:
    profile = ctx.directory.instance_profiles.get(instance.instance_profile_arn or "")
    role = ctx.directory.roles.get(profile.role_arn) if profile and profile.role_arn else None
    return role is not None and not _ENOUGH.isdisjoint(role.attached_policy_arns)


def _gets_out(ctx: Context, interface: NetworkInterface) -> bool:
    """The service's endpoints are on the internet; the way to any host there is the way to them."""
    return _resolves(ctx, interface) and _talks_to(ctx, interface, INTERNET_HOST, TCP, _HTTPS) == INTERNET


def _resolves(ctx: Context, interface: NetworkInterface) -> bool:
    """Whether a name server that the VPC's DHCP options tell can be asked.  On the internet there is none."""
    vpc = ctx.network.vpcs[interface.vpc_id]
    options = ctx.network.dhcp_options_of(vpc)
    servers = options.name_servers if options else ()
    addresses = (vpc.resolver if server == AMAZON_PROVIDED_DNS else Address.parse(server) for server in servers)
    places = (_talks_to(ctx, interface, address, UDP, RESOLVER_PORT) for address in addresses)
    return any(place not in (None, INTERNET) for place in places)


def _talks_to(ctx: Context, interface: NetworkInterface, address: Address, protocol: int, port: int) -> str | None:
    """Where packets to the address arrive (as in ``Trace.delivered_to``), if their answers come back."""
    packet = Packet(
        source=interface.private_address,
        destination=address,
        protocol=protocol,
        source_port=_SOME_PORT,
        destination_port=port,
    )
    out = walk(ctx.network, packet, interface.id)
    if out.delivered_to is None or not walk(ctx.network, out.packet.reply(), out.delivered_to, out.tracked).delivered:
        return None
    return out.delivered_to


def agents_seen(ctx: Context, instances: Iterable[Instance] | None = None) -> Change:
    """Remember which of ``instances`` (all, when none are given) have an agent that is seen for the first time.

    A lost connection is one that once was there.
    """
    candidates = ctx.network.instances.values() if instances is None else instances
    new = (row for row in candidates if row.registered_at is None and is_online(ctx, row))
    return put(*(replace(row, registered_at=ctx.now) for row in new))
