"""A whole plan, and what leads from one to the next."""

from __future__ import annotations

from msgspec import Struct

from .entries import (
    AddressEntry,
    GroupMemberEntry,
    InterfaceEntry,
    NatGatewayEntry,
    PublicAddressEntry,
    RouteEntry,
    RuleSet,
    VpcCidrEntry,
)


class Plan(Struct, frozen=True, gc=False):
    """Entries by kind, in the order of their keys.  What an entry names is in a kind before its own."""

    rule_sets: tuple[RuleSet, ...] = ()
    group_members: tuple[GroupMemberEntry, ...] = ()
    vpc_cidrs: tuple[VpcCidrEntry, ...] = ()
    routes: tuple[RouteEntry, ...] = ()
    nat_gateways: tuple[NatGatewayEntry, ...] = ()
    interfaces: tuple[InterfaceEntry, ...] = ()
    addresses: tuple[AddressEntry, ...] = ()
    public_addresses: tuple[PublicAddressEntry, ...] = ()


KINDS: tuple[str, ...] = Plan.__struct_fields__


class PlanDelta(Struct, frozen=True, gc=False):
    """What leads from one plan to the next: entries that are new or have changed, and entries that are gone.

    No key is in both.  An interface that is put may name a rule set that was put earlier; a rule set that is gone is
    named by no interface any more.  The order of the entries of one kind means nothing.
    """

    puts: Plan = Plan()
    deletes: Plan = Plan()

    def __bool__(self) -> bool:
        return self != _NOTHING


_NOTHING = PlanDelta()
