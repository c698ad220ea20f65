"""Listeners of Network Load Balancers: a port, and the target group that gets its connections (Network Load Balancers
guide, "Listeners")."""

from __future__ import annotations

from .resource import Resource
from .target_group import Protocol

_DIGITS = 16


class Listener(Resource, frozen=True, kw_only=True):
    """``listener-…``, which nobody sees: AWS calls it by its ARN, which begins with ``balancer``, the path of its load
    balancer's."""

    load_balancer_id: str
    balancer: str  # net/NAME/DIGITS
    protocol: Protocol
    port: int
    target_group_id: str
    attributes: dict[str, str] = {}

    @property
    def arn(self) -> str:
        path = f"listener/{self.balancer}/{self.id[-_DIGITS:]}"
        return f"arn:aws:elasticloadbalancing:{self.region}:{self.account}:{path}"
