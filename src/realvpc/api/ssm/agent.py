"""Whether an instance's Systems Manager agent reaches the service (Systems Manager guide, "Instance prerequisites",
"Improve the security of EC2 instances by using VPC endpoints").

The agent needs a running machine, credentials that let it register, DNS, and a way out to TCP port 443 and back: to
Systems Manager and to its channel for messages, each over the internet or through an interface endpoint whose policy
lets it.  No inbound rule is needed at the instance.  `missing` tells which of these there is not.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import Enum
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from realvpc.iam.agent_policy import lets_agent_register
from realvpc.net.addresses import Address
from realvpc.net.dhcp_options import AMAZON_PROVIDED_DNS
from realvpc.net.instance import Instance, InstanceState
from realvpc.net.link_local import resolver_of
from realvpc.net.network_interface import NetworkInterface
from realvpc.net.services import RESOLVER_PORT
from realvpc.net.table import Change, put
from realvpc.net.trace import INTERNET
from realvpc.reach.question import Reachability
from realvpc.store.state import State

from ..core.context import Context
from ..core.effort import TRACING
from .agent_way import NEEDED, is_let_through, is_there, talk, way_to

AGENT_VERSION = "3.3.40.0"
"""The first one that needs no ec2messages.  It decides what clients do in port sessions: beyond 3.0.196.0 they
multiplex connections, beyond 3.1.1511.0 they send no frames to keep silent streams alive, which would make an idle
session look busy."""


class Condition(Enum):
    """``(English, Japanese)`` for when it is missing, with ``{instance}``, ``{service}`` for the name that is asked
    for, and ``{detail}`` for what lies behind it."""

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
    NAME = (
        "{instance} finds no address for {service} in its VPC: a private hosted zone hides it.",
        "{instance} の VPC では {service} のアドレスが見つかりません。プライベートホストゾーンに隠されています。",
    )
    ROUTE = (
        "{instance} cannot reach {service} on TCP port 443: {detail}",
        "{instance} は TCP ポート 443 で {service} に到達できません。{detail}",
    )
    IPV6_NAME = (
        "{instance} has no IPv4 address, and {service} no IPv6 address: its subnet needs DNS64, and a route from "
        "64:ff9b::/96 to a NAT gateway.",
        "{instance} には IPv4 アドレスがなく、{service} には IPv6 アドレスがありません。サブネットの DNS64 と、"
        "64:ff9b::/96 から NAT ゲートウェイへのルートが必要です。",
    )
    ENDPOINT_POLICY = (
        "The policy of the VPC endpoint through which {instance} reaches {service} does not let its agent register.",
        "{instance} が {service} に到達する VPC エンドポイントのポリシーは、エージェントの登録を許可していません。",
    )


class Lack(Struct, frozen=True):
    """A condition that is missing; ``found`` is how packets fare, where it is about those, ``service`` a name of
    AWS's."""

    condition: Condition
    instance_id: str
    found: Reachability | None = None
    service: str = ""

    def sentence(self, language: Literal["en", "ja"] = "en", label: Callable[[str], str] = str) -> str:
        """``label`` may turn ids into names that people know."""
        template = self.condition.value[0 if language == "en" else 1]
        detail = _NO_SERVER[language] if self.found is None else self.found.decisive.sentence(language, label)
        return template.format(instance=label(self.instance_id), detail=detail, service=self.service)


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
    arn = f"arn:aws:ec2:{instance.region}:{instance.account}:instance/{instance.id}"
    if not lets_agent_register(directory, role, arn):
        return Lack(Condition.POLICY, instance.id)
    (interface, *_) = network.interfaces_of(instance.id)
    name_server, unreachable = _name_server(state, interface)
    if name_server is None:
        return Lack(Condition.DNS, instance.id, unreachable)
    for label in NEEDED:
        service = _name(label, instance)
        way = way_to(state, interface, service, name_server)
        if way is None:
            lacking = Condition.NAME if interface.private_addresses else Condition.IPV6_NAME
            return Lack(lacking, instance.id, service=service)
        if not is_there(way):
            return Lack(Condition.ROUTE, instance.id, way, service)
        if not is_let_through(state, way, role, instance, label):
            return Lack(Condition.ENDPOINT_POLICY, instance.id, way, service)
    return None


def is_online(ctx: Context, instance: Instance) -> bool:
    ctx.effort.spend(TRACING)
    return missing(ctx.state, instance) is None


def way_to_service(state: State, instance: Instance) -> Reachability | None:
    """How the agent's packets fare, whatever else is missing; None for an instance that has nobody to send them to."""
    interfaces = state.network.interfaces_of(instance.id)
    name_server = _name_server(state, interfaces[0])[0] if interfaces else None
    return way_to(state, interfaces[0], _name("ssm", instance), name_server) if name_server else None


def _name(label: str, instance: Instance) -> str:
    return f"{label}.{instance.region}.amazonaws.com"


def _name_server(state: State, interface: NetworkInterface) -> tuple[Reachability | None, Reachability | None]:
    """The way to the first one that answers, and to the first that does not."""
    ways = (talk(state.network, interface, address, "udp", RESOLVER_PORT) for address in _servers(state, interface))
    found = [way for way in ways if way is not None]
    there = (each for each in found if each.reachable and each.forward.delivered_to != INTERNET)
    return next(there, None), next((each for each in found if not each.reachable), None)  # the internet has none


def _servers(state: State, interface: NetworkInterface) -> list[Address]:
    """The name servers that the VPC's DHCP options tell."""
    options = state.names.dhcp_options_of(state.network.vpcs[interface.vpc_id])
    servers, resolver = options.name_servers if options else (), resolver_of(state.network, interface)
    return [resolver if server == AMAZON_PROVIDED_DNS else Address.parse(server) for server in servers]


def agents_seen(ctx: Context, instances: Iterable[Instance] | None = None) -> Change:
    """Remember which of ``instances`` (all, when none are given) have an agent that is seen for the first time.

    A lost connection is one that once was there.
    """
    candidates = ctx.network.instances.values() if instances is None else instances
    new = (row for row in candidates if row.registered_at is None and is_online(ctx, row))
    return put(*(replace(row, registered_at=ctx.now) for row in new))
