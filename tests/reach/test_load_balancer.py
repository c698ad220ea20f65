"""Questions about load balancers' nodes."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from realvpc.net.load_balancer import LoadBalancerState
from realvpc.net.network import Network
from realvpc.net.table import put
from realvpc.reach.endpoint import resolve
from realvpc.reach.report import why

from ..balanced import BALANCER, LISTENERS, large

NODE, LINK = "eni-00000000000000100", "eni-00000000000000101"


def made(state: LoadBalancerState = LoadBalancerState.ACTIVE) -> Network:
    network = large(endpoints=1).network
    links = (replace(network.interfaces[each], is_filtered=False) for each in (NODE, LINK))
    return network.apply(put(replace(network.load_balancers[BALANCER], state=state), *links))


@pytest.mark.parametrize(
    ("protocol", "port", "is_taken"),
    [("tcp", 1, True), ("udp", LISTENERS, True), ("tcp", LISTENERS + 1, False), ("udp", 99, False), ("icmp", 0, False)],
)
@pytest.mark.parametrize(("client", "node"), [("i-a", NODE), ("i-v", LINK)])
def test_a_node_takes_what_it_has_a_listener_for(
    client: str, node: str, protocol: str, port: int, *, is_taken: bool
) -> None:
    network = made()
    found = why(network, resolve(network, client), resolve(network, node), protocol, port)
    assert found["reachable"] is is_taken, found["sentence"]
    assert is_taken or (found["reason"], found["arrived_at"]) == ("NO_LISTENER", node)


@pytest.mark.parametrize("state", sorted({*LoadBalancerState} - {LoadBalancerState.ACTIVE}))
def test_it_takes_nothing_before_and_after_it_is_active(state: LoadBalancerState) -> None:
    network = made(state)
    found = why(network, resolve(network, "i-a"), resolve(network, NODE), "tcp", 1)
    assert (found["reachable"], found["reason"]) == (False, "INSTANCE_NOT_RUNNING")
    assert found["forward"][-1]["rule"] == f"{BALANCER} is {state}"
    through_endpoint = why(network, resolve(network, "i-v"), resolve(network, LINK), "tcp", 1)
    assert (through_endpoint["reachable"], through_endpoint["reason"]) == (False, "NO_LISTENER")
