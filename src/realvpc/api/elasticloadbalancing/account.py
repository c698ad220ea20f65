"""What an account may have, and what capacity its load balancers have set aside (Elastic Load Balancing API
Reference)."""

from __future__ import annotations

from realvpc.net.quotas import (
    LARGEST,
    LISTENERS_PER_LOAD_BALANCER,
    NETWORK_LOAD_BALANCERS_PER_REGION,
    TARGET_GROUPS_PER_REGION,
    TARGETS_PER_GROUP,
    TARGETS_PER_LOAD_BALANCER,
)

from ..core.context import Answer, Context, Request
from .common import balancer_at

_LIMITS = {
    "listeners-per-network-load-balancer": LISTENERS_PER_LOAD_BALANCER,
    "network-load-balancers": NETWORK_LOAD_BALANCERS_PER_REGION,
    "target-groups": TARGET_GROUPS_PER_REGION,
    "targets-per-availability-zone-per-network-load-balancer": TARGETS_PER_LOAD_BALANCER,
    "targets-per-network-load-balancer": TARGETS_PER_LOAD_BALANCER,
    "targets-per-target-group": TARGETS_PER_GROUP,
}


def describe_account_limits(ctx: Context, request: Request) -> Answer:
    """On one page."""
    rows = [{"Name": name, "Max": str(min(ctx.quota(each), LARGEST))} for name, each in _LIMITS.items()]
    return Answer({"Limits": rows})


def describe_capacity_reservation(ctx: Context, request: Request) -> Answer:
    """None: nobody can set any aside here.  Raises ValidationError, LoadBalancerNotFound."""
    balancer_at(ctx, request["LoadBalancerArn"])
    return Answer({"CapacityReservationState": []})
