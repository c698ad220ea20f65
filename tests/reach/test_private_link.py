"""Questions about interface endpoints."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from realvpc.net.table import put
from realvpc.reach.endpoint import resolve
from realvpc.reach.report import why

from ..net.test_private_link import ENDPOINT, network
from ..packets.endpoint import INTERFACE
from ..packets.hosts import number


@pytest.mark.parametrize("named", [ENDPOINT, number("eni", INTERFACE + 1), number("vpce", 1)])
def test_the_answer_names_the_endpoint_and_what_it_takes(named: str) -> None:
    made = network()
    found = why(made, resolve(made, number("i", 2)), resolve(made, named), "tcp", 443)
    assert (found["reachable"], found["arrived_at"]) == (True, number("vpce", 1))
    assert found["sentence"] == f"The packet arrives at {number('vpce', 1)}."
    assert found["sentence_ja"] == f"パケットは {number('vpce', 1)} に届きます。"
    group = made.security_groups[number("sg", 1)]
    rules = tuple(replace(rule, protocol=-1, from_port=-1, to_port=-1) for rule in group.rules)
    made = made.apply(put(replace(group, rules=rules)))
    found = why(made, resolve(made, number("i", 2)), resolve(made, named), "icmp", 0)
    assert (found["reachable"], found["reason"]) == (False, "ENDPOINT_NOT_SERVED")
