"""How the ARNs of load balancers, target groups and listeners lead to rows (Service Authorization Reference, "Resource
types defined by AWS Elastic Load Balancing V2")."""

from __future__ import annotations

import re
from typing import TypeAlias, TypeVar

from .listener import Listener
from .load_balancer import PREFIX, LoadBalancer
from .network import Network
from .resource import Resource
from .target_group import TargetGroup

Balancing: TypeAlias = LoadBalancer | TargetGroup | Listener
R = TypeVar("R", bound=Balancing)

PREFIXES: dict[type[Resource], str] = {LoadBalancer: PREFIX, TargetGroup: "tg", Listener: "listener"}
"""Of ids, which have the digits of ARNs behind a zero."""

_KINDS: dict[str, type[Balancing]] = {
    "loadbalancer/net": LoadBalancer,
    "targetgroup": TargetGroup,
    "listener/net": Listener,
}
_ARN = re.compile(
    r"arn:aws:elasticloadbalancing:[a-z0-9-]+:[0-9]{12}:"
    rf"(?P<kind>{'|'.join(_KINDS)})/[^/]+/(?:[0-9a-f]{{16}}/)?(?P<digits>[0-9a-f]{{16}})",
    re.ASCII,
)


def kind_of(arn: str) -> type[Balancing] | None:
    """What it is an ARN of; None for any other."""
    read = _ARN.fullmatch(arn)
    return _KINDS[read["kind"]] if read else None


def row_at(network: Network, kind: type[R], arn: str) -> R | None:
    """The row of this kind that has the ARN, whoever's it is."""
    read = _ARN.fullmatch(arn)
    row = network.table(kind).get(f"{PREFIXES[kind]}-0{read['digits']}") if read else None
    return row if row is not None and row.arn == arn else None
