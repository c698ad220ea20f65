"""Why Systems Manager manages an instance or does not, as plain data: for `realvpc why INSTANCE ssm`."""

from __future__ import annotations

from typing import Any

from realvpc.net.instance import Instance
from realvpc.reach import report
from realvpc.reach.endpoint import label
from realvpc.store.state import State

from .agent import missing, way_to_service

SSM = "ssm"
"""What people write where another instance would stand."""


def why_managed(state: State, instance: Instance) -> dict[str, Any]:
    """In the form of ``reach.report.why``; ``reason`` is the condition that is missing, or ``MANAGED``."""
    network = state.network
    lack = missing(state, instance)
    found = lack.found if lack else way_to_service(state, instance)
    way = report.explain(network, found) if found else {"forward": None, "reply": None}
    name = label(network, instance.id)
    return way | {
        "direction": "forward",  # the sentence begins with the instance, whichever way it is about
        "reachable": lack is None,
        "reason": lack.condition.name if lack else "MANAGED",
        "sentence": lack.sentence("en", lambda row: label(network, row)) if lack else f"{name} is managed.",
        "sentence_ja": lack.sentence("ja", lambda row: label(network, row)) if lack else f"{name} は管理されています。",
    }
