"""VPC Block Public Access: what of the internet is left to a VPC in each mode."""

from __future__ import annotations

import pytest

from realvpc.net.block_public_access import BlockMode, BlockPublicAccess, BlockPublicAccessExclusion, ExclusionMode
from realvpc.net.network import Network
from realvpc.net.reasons import Reason
from realvpc.net.table import put
from realvpc.net.trace import INTERNET
from realvpc.net.walk import walk
from tests.packets.hosts import COMMON, number
from tests.packets.nat import private_host, vpc_with_nat
from tests.worlds import ACCOUNT, NOW, REGION, ping, three_vpcs

OUTSIDE, A, B, PUBLIC = "198.19.0.1", "10.20.0.207", "10.30.4.69", "198.18.0.10"
BLOCKED = Reason.VPC_BLOCK_PUBLIC_ACCESS


def blocking(mode: BlockMode) -> Network:
    return three_vpcs().apply(put(BlockPublicAccess.of(ACCOUNT, REGION, mode, NOW)))


def excluding(network: Network, excluded_id: str, mode: ExclusionMode) -> Network:
    fields = {"id": f"vpcbpa-exclude-{excluded_id}", "account": ACCOUNT, "region": REGION, "excluded_id": excluded_id}
    return network.apply(put(BlockPublicAccessExclusion(**fields, mode=mode, created_at=NOW)))  # type: ignore[arg-type]


def reasons(network: Network) -> tuple[Reason, Reason]:
    """Of what goes out, and of what comes in."""
    out, inwards = walk(network, ping(A, OUTSIDE), "eni-a"), walk(network, ping(OUTSIDE, PUBLIC), INTERNET)
    return out.reason, inwards.reason


@pytest.mark.parametrize("mode", [BlockMode.BLOCK_BIDIRECTIONAL, BlockMode.BLOCK_INGRESS])
def test_nothing_passes_an_internet_gateway_but_for_peers(mode: BlockMode) -> None:
    network = blocking(mode)
    assert reasons(network) == (BLOCKED, BLOCKED)
    trace = walk(network, ping(A, OUTSIDE), "eni-a")
    assert (trace.resource, trace.reason.explanation_code) == ("igw-a", "VPC_BLOCK_PUBLIC_ACCESS_ENABLED")
    assert walk(network, ping(A, B), "eni-a").delivered_to == "eni-b"


def test_the_mode_is_the_accounts_own() -> None:
    network = three_vpcs().apply(put(BlockPublicAccess.of("222222222222", REGION, BlockMode.BLOCK_BIDIRECTIONAL, NOW)))
    assert reasons(network) == (Reason.DELIVERED, Reason.DELIVERED)
    assert reasons(blocking(BlockMode.OFF)) == (Reason.DELIVERED, Reason.DELIVERED)


@pytest.mark.parametrize("excluded_id", ["vpc-a", "subnet-a"])
def test_what_is_excluded_passes(excluded_id: str) -> None:
    network = blocking(BlockMode.BLOCK_BIDIRECTIONAL)
    freely = excluding(network, excluded_id, ExclusionMode.ALLOW_BIDIRECTIONAL)
    assert reasons(freely) == (Reason.DELIVERED, Reason.DELIVERED)
    assert walk(freely, ping(A, "198.18.0.11"), "eni-a").reason is BLOCKED, "the receiver is not excluded"
    outwards = excluding(network, excluded_id, ExclusionMode.ALLOW_EGRESS)
    assert reasons(outwards) == (BLOCKED, BLOCKED), "there is no NAT gateway"
    assert [walk(held, ping(A, OUTSIDE), "eni-a").hops[-1].rule for held in (network, outwards)] == [
        "nothing of the subnet may pass",
        "only NAT gateways and egress-only internet gateways lead out of the subnet",
    ]


def test_a_subnets_exclusion_comes_before_its_vpcs() -> None:
    network = excluding(blocking(BlockMode.BLOCK_BIDIRECTIONAL), "vpc-a", ExclusionMode.ALLOW_BIDIRECTIONAL)
    assert reasons(excluding(network, "subnet-a", ExclusionMode.ALLOW_EGRESS)) == (BLOCKED, BLOCKED)


def test_what_only_the_vpc_begins_passes_a_nat_gateway_when_ingress_is_blocked() -> None:
    network = Network.of(*vpc_with_nat(1, "10.20.0.0/16"), *private_host(1, 1, "10.20.1.7"))
    for mode, reason in ((BlockMode.BLOCK_INGRESS, Reason.DELIVERED), (BlockMode.BLOCK_BIDIRECTIONAL, BLOCKED)):
        blocked = network.apply(put(BlockPublicAccess.of(COMMON["account"], COMMON["region"], mode, NOW)))
        there = walk(blocked, ping("10.20.1.7", OUTSIDE), number("eni", 1))
        assert there.reason is reason
        if there.delivered_to == INTERNET:
            assert there.nat_flow is not None
            back = walk(blocked, there.packet.reply(), INTERNET, there.tracked, frozenset({there.nat_flow}))
            assert back.delivered_to == number("eni", 1)
