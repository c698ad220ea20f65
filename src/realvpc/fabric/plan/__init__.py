"""The Plan: a Network compiled to what the data plane needs to know, and kept up as the Network changes."""

from .compiled import compile_plan
from .delta import Plan, PlanDelta
from .entries import (
    AddressEntry,
    Block,
    FamilyRules,
    GroupMemberEntry,
    InterfaceEntry,
    NatGatewayEntry,
    PublicAddressEntry,
    RouteEntry,
    RuleEntry,
    RuleSet,
    VpcCidrEntry,
)
from .kept import KeptPlan

__all__ = [
    "AddressEntry",
    "Block",
    "FamilyRules",
    "GroupMemberEntry",
    "InterfaceEntry",
    "KeptPlan",
    "NatGatewayEntry",
    "Plan",
    "PlanDelta",
    "PublicAddressEntry",
    "RouteEntry",
    "RuleEntry",
    "RuleSet",
    "VpcCidrEntry",
    "compile_plan",
]
