"""VPC Block Public Access with real packets: a change of the mode holds for the next packet."""

from __future__ import annotations

import pytest

from realvpc.fabric.fabric import Fabric
from realvpc.fabric.plan import KeptPlan
from realvpc.net.block_public_access import BlockMode, BlockPublicAccess
from realvpc.net.network import Network
from realvpc.net.table import put

from .hosts import COMMON, NOW, bring_up, host, number, ping, ping_in_vain, vpc
from .test_fabric import counted

pytestmark = pytest.mark.root


def test_what_is_blocked_neither_leaves_nor_enters(fabric: Fabric) -> None:
    network = Network.of(*vpc(1, "10.20.0.0/16"), *host(1, 1, "10.20.0.7", public="198.18.0.10"))
    bring_up(fabric, network)
    kept = KeptPlan(network)
    tries = ((BlockMode.OFF, ping, 3), (BlockMode.BLOCK_BIDIRECTIONAL, ping_in_vain, 0), (BlockMode.OFF, ping, 3))
    for mode, tried, received in tries:
        change = put(BlockPublicAccess.of(COMMON["account"], COMMON["region"], mode, NOW))
        network = network.apply(change)
        delta = kept.advance(network, change)
        fabric.apply_delta(delta.puts, delta.deletes)
        assert tried(fabric, number("i", 1), "198.19.0.1").received == received
        assert tried(fabric, "internet", "198.18.0.10").received == received
    change = put(BlockPublicAccess.of(COMMON["account"], COMMON["region"], BlockMode.BLOCK_INGRESS, NOW))
    network = network.apply(change)
    delta = kept.advance(network, change)
    fabric.apply_delta(delta.puts, delta.deletes)
    asked = counted(fabric, lambda: ping_in_vain(fabric, "internet", "198.18.0.10"))
    assert asked == {"VPC_BLOCK_PUBLIC_ACCESS": 3}
