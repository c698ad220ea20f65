"""Whether an instance's Systems Manager agent reaches the service (Systems Manager guide, "Instance prerequisites").

The agent needs a running machine, credentials that let it register, DNS, and a way out to TCP port 443 and back.  No
inbound rule is needed.  `missing` tells which of these there is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from realvpc.iam.managed_policies import ADMINISTRATOR, SSM_MANAGED_INSTANCE_CORE
from realvpc.net.addresses import Address
from realvpc.net.dhcp_options import AMAZON_PROVIDED_DNS
from realvpc.net.instance import Instance, InstanceState
from realvpc.net.network import Network
from realvpc.net.network_interface import NetworkInterface
from realvpc.net.services import ENDPOINT, RESOLVER_PORT
from realvpc.net.table import Change, put
from realvpc.net.trace import INTERNET
from realvpc.reach.question import Question, Reachability, ask
from realvpc.store.state import State

from ..core.context import Context

AGENT_VERSION = "3.3.0.0"
"""Decides what clients do in port sessions: beyond 3.0.196.0 they multiplex connections, beyond 3.1.1511.0 they send no
frames to keep silent streams alive, which would make an idle session look busy."""

_ENOUGH = frozenset({SSM_MANAGED_INSTANCE_CORE.arn, ADMINISTRATOR.arn})
_HTTPS = 443


class Condition(Enum):
    """``(English, Japanese)`` for when it is missing, with ``{instance}``, and ``{detail}`` for what lies behind it."""

    RUNNING = (
        "{instance} is not running.",
        "{instance} は実行中ではありません。",
    )
    INSTANCE_PROFILE = (
        "{instance} has no instance profile with a role, so that its agent has no credentials.",
        "{instance} にはロールを持つインスタンスプロファイルがなく、エージェントに認証情報がありません。",
    )
    POLICY = (
        "The role of {instance} has no policy that lets the agent register: attach AmazonSSMManagedInstanceCore.",
        "{instance} のロールには、エージェントの登録を許可するポリシーがありません。"
        "AmazonSSMManagedInstanceCore をアタッチしてください。",
    )
    DNS = (
        "{instance} cannot ask any name server for the service's address: {detail}",
        "{instance} はサービスのアドレスを問い合わせる DNS サーバーに到達できません。{detail}",
    )
    ROUTE = (
        "{instance} cannot reach the service on TCP port 443: {detail}",
        "{instance} は TCP ポート 443 でサービスに到達できません。{detail}",
    )


class Lack(Struct, frozen=True):
    """A condition that is missing; ``found`` is how packets fare, where it is about those."""

    condition: Condition
    instance_id: str
    found: Reachability | None = None

    def sentence(self, language: Literal["en", "ja"] = "en", label: Callable[[str], str] = str) -> str:
        """``label`` may turn ids into names that people know."""
        template = self.condition.value[0 if language == "en" else 1]
        detail = _NO_SERVER[language] if self.found is None else self.found.decisive.sentence(language, label)
        return template.format(instance=label(self.instance_id), detail=detail)


_NO_SERVER = {
    "en": "DNS resolution is off in its VPC, or no server is named in the DHCP options.",
    "ja": "VPC の DNS 解決が無効か、DHCP オプションに DNS サーバーがありません。",
}


def missing(state: State, instance: Instance) -> Lack | None:
    """The first condition that an instance lacks to be managed; None when its agent is connected."""
    if instance.state is not InstanceState.RUNNING:
        return Lack(Condition.RUNNING, instance.id)
    network, directory = state.network, state.directory
    profile = directory.instance_profiles.get(instance.instance_profile_arn or "")
    role = directory.roles.get(profile.role_arn) if profile and profile.role_arn else None
    if role is None:
        return Lack(Condition.INSTANCE_PROFILE, instance.id)
    if _ENOUGH.isdisjoint(role.attached_policy_arns):
        return Lack(Condition.POLICY, instance.id)
    (interface, *_) = network.interfaces_of(instance.id)
    servers = [_talk(network, interface, address, "udp", RESOLVER_PORT) for address in _servers(state, interface)]
    if not any(found.reachable and found.forward.delivered_to != INTERNET for found in servers):
        unreachable = (found for found in servers if not found.reachable)  # on the internet there is no name server
        return Lack(Condition.DNS, instance.id, next(unreachable, None))
    service = _talk(network, interface, ENDPOINT, "tcp", _HTTPS)
    return None if service.reachable else Lack(Condition.ROUTE, instance.id, service)


def is_online(ctx: Context, instance: Instance) -> bool:
    return missing(ctx.state, instance) is None


def way_to_service(network: Network, instance: Instance) -> Reachability | None:
    """How the agent's packets fare, whatever else is missing; None for an instance without a network interface."""
    interfaces = network.interfaces_of(instance.id)
    return _talk(network, interfaces[0], ENDPOINT, "tcp", _HTTPS) if interfaces else None


def _servers(state: State, interface: NetworkInterface) -> list[Address]:
    """The name servers that the VPC's DHCP options tell."""
    vpc = state.network.vpcs[interface.vpc_id]
    options = state.names.dhcp_options_of(vpc)
    servers = options.name_servers if options else ()
    return [vpc.resolver if server == AMAZON_PROVIDED_DNS else Address.parse(server) for server in servers]


def _talk(
    network: Network, interface: NetworkInterface, to: Address, protocol: Literal["tcp", "udp"], port: int
) -> Reachability:
    source = interface.private_address
    return ask(network, Question(at=interface.id, source=source, destination=to, protocol=protocol, port=port))


def agents_seen(ctx: Context, instances: Iterable[Instance] | None = None) -> Change:
    """Remember which of ``instances`` (all, when none are given) have an agent that is seen for the first time.

    A lost connection is one that once was there.
    """
    candidates = ctx.network.instances.values() if instances is None else instances
    new = (row for row in candidates if row.registered_at is None and is_online(ctx, row))
    return put(*(replace(row, registered_at=ctx.now) for row in new))
