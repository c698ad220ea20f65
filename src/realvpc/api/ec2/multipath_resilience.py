"""Multipath resilience of VPC peering connections between Regions (EC2 API Reference, PeeringConnectionOptionsRequest).

Both sides have to allow it; then AWS sends what they say to each other over several paths of its network.  Here there
is one path, and what the two sides allow is remembered and shown.
"""

from __future__ import annotations

from ..core.context import Request
from ..core.errors import invalid_parameter_combination


def asked_multipath_resilience(options: Request, *, before: bool, across: bool) -> bool:
    """Whether a side allows it after these options; ``before`` stays where they do not say, ``across`` means between
    Regions.  Raises InvalidParameterCombination: inside a Region, or a mode for what is not allowed."""
    asked: bool | None = options.get("AllowMultipathResilience")
    allowed = before if asked is None else asked
    if allowed and not across:
        raise invalid_parameter_combination(
            "Multipath resilience is supported only for VPC peering connections between Regions."
        )
    if options.get("MultipathResilienceMode") is not None and not allowed:
        raise invalid_parameter_combination(
            "MultipathResilienceMode can be specified only if AllowMultipathResilience is true."
        )
    return allowed
