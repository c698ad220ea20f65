"""Who got a ping and who answered it, where addresses repeat: what the model says, packets say too."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from realvpc.demo.probe import probe
from realvpc.fabric.fabric import Fabric
from realvpc.net.network import Network
from realvpc.reach.report import matrix

from .hosts import bring_up, host, number, peering, ping, vpc

pytestmark = pytest.mark.root

L88, M77, M66, N66, N99 = (number("i", index) for index in range(1, 6))


def twins() -> Network:
    """VPC 1 is peered with 2 and 3, of the same block; its route to 10.0.0.77 leads to 2, that to the rest to 3."""
    return Network.of(
        *vpc(1, "172.16.0.0/16", peers=[("10.0.0.77/32", 1), ("10.0.0.0/16", 2)]),
        *vpc(2, "10.0.0.0/16", peers=[("172.16.0.0/16", 1)]),
        *vpc(3, "10.0.0.0/16", peers=[("172.16.0.0/16", 2)]),
        *host(1, 1, "172.16.0.88"),
        *host(2, 2, "10.0.0.77"),
        *host(3, 2, "10.0.0.66"),
        *host(4, 3, "10.0.0.66"),
        *host(5, 3, "10.0.0.99"),
        peering(1, 1, 2),
        peering(2, 1, 3),
    )


def test_the_matrix_is_what_packets_find_where_addresses_repeat(fabric: Fabric) -> None:
    network = twins()
    bring_up(fabric, network)
    predicted = matrix(network)
    instances = predicted["instances"]
    with ExitStack() as open_sockets:
        sockets = [open_sockets.enter_context(fabric.probe_in(row["id"])) for row in instances]
        reached = probe(sockets, [row["address"] for row in instances])
    assert reached == {
        (row, column)
        for row, cells in enumerate(predicted["cells"])
        for column, cell in enumerate(cells)
        if cell and cell["reachable"]
    }
    place = {row["id"]: index for index, row in enumerate(instances)}
    assert (place[M66], place[L88]) not in reached
    assert (place[M77], place[N66]) not in reached
    assert {(place[M77], place[M66]), (place[L88], place[N66]), (place[N99], place[L88])} <= reached
    assert ping(fabric, M77, "10.0.0.66").received == 3, "a ping alone is content with the other one's answer"
