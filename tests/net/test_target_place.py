"""Who gets the connections of a target group, and what it costs to say so."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from realvpc.api.machines import work_of, workload_specs
from realvpc.dns.load_balancer import balancer_node
from realvpc.net import load_balancing, target_place
from realvpc.net.addresses import Address
from realvpc.net.load_balancing import forwards_of, nodes_with_targets
from realvpc.net.machine import ApplianceSpec, Forwarding
from realvpc.net.table import delete, put
from realvpc.net.target_group import Health, TargetGroup
from realvpc.net.target_place import subnet_at
from realvpc.node.messages import DesiredDelta, decode_request, encode
from realvpc.node_view import NodeView
from realvpc.store.commit import Commit
from realvpc.store.state import State
from tests.balanced import BALANCER, ENDPOINTS, LISTENERS, TARGETS, large
from tests.worlds import peering

TRANSPORTS = 2


@pytest.fixture
def looked_at(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The targets whose places were looked up."""
    found: list[str] = []
    look = target_place.place_of

    def place_of(network: Any, group: Any, target: Any) -> Any:
        found.append(target.id)
        return look(network, group, target)

    monkeypatch.setattr(target_place, "place_of", place_of)
    monkeypatch.setattr(load_balancing, "place_of", place_of)
    return found


def flap(state: State) -> Commit:
    """One target of the first group becomes unhealthy."""
    group = state.network.target_groups["tg-00000000000000000"]
    first, *others = group.registered
    ill: TargetGroup = replace(group, registered=(replace(first, health=Health.UNHEALTHY), *others))
    change = put(ill)
    return Commit(2, state, state.apply(change), change)


@pytest.mark.parametrize("groups", [1, 50])
def test_each_target_is_looked_at_once_however_many_listeners_and_endpoints_lead_to_it(
    looked_at: list[str], groups: int
) -> None:
    state = large(groups=groups)
    given = forwards_of(state.network, state.network.load_balancers[BALANCER])
    assert len(given) == (1 + ENDPOINTS) * LISTENERS * TRANSPORTS
    assert len(looked_at) == TARGETS
    assert len({id(row.targets) for row in given}) == groups
    assert {len(row.targets) for row in given} == {TARGETS // groups}


def test_the_node_is_told_of_each_target_once(looked_at: list[str]) -> None:
    commit = flap(large())
    view = NodeView(commit.before, 1, "")
    assert view.is_long(commit), "others do not wait for it"
    delta = view.follow(commit)
    assert len(looked_at) == 2 * TARGETS, "those that were, and those that are"
    assert delta is not None
    told = encode(delta)
    assert told.count(b"10.20.17.253") == 1
    assert len(told) < 1 << 20
    request = decode_request(told)
    assert isinstance(request, DesiredDelta)
    [spec] = request.machines
    assert isinstance(spec, ApplianceSpec)
    assert spec.forwarding is not None
    network = commit.after.network
    assert spec.forwarding.forwards() == forwards_of(network, network.load_balancers[BALANCER])
    assert [spec] == [each for each in workload_specs(commit.after) if each.id == BALANCER]


def test_what_few_wait_for_is_no_long_change() -> None:
    commit = flap(large(groups=50, endpoints=0))
    small = commit.after.apply(delete(*list(commit.after.network.listeners.values())[1:]))
    row = commit.change.puts[0]
    change = put(row)
    assert work_of(small, small, change) < 200
    assert not NodeView(small, 1, "").is_long(Commit(2, small, small, change))


def test_targets_that_are_not_told_cannot_be_named() -> None:
    state = large(endpoints=0)
    forwarding = Forwarding.of(forwards_of(state.network, state.network.load_balancers[BALANCER]))
    with pytest.raises(ValueError, match="not told"):
        Forwarding(forwarding.told, forwarding.lists[:1])


@pytest.mark.parametrize(("health", "places"), [(Health.HEALTHY, 1), (Health.UNHEALTHY, 0)])
def test_a_name_is_answered_as_soon_as_all_nodes_have_somebody(
    looked_at: list[str], health: Health, places: int
) -> None:
    state = large(health=health)
    assert len(nodes_with_targets(state.network, state.network.load_balancers[BALANCER])) == 1
    assert len(looked_at) == places


@pytest.mark.parametrize(("zone", "are_given"), [("", False), ("ap-northeast-1a", False), ("all", True)])
def test_nobody_gives_to_an_address_whose_subnet_is_gone(zone: str, *, are_given: bool) -> None:
    state = large(zone=zone)
    state = state.apply(delete(state.network.subnets["subnet-b"]))
    balancer = state.network.load_balancers[BALANCER]
    assert any(row.targets for row in forwards_of(state.network, balancer)) is are_given
    assert all(bool(row.targets) is are_given for row in forwards_of(state.network, balancer))


def test_the_subnet_of_an_address_is_found_whatever_its_size() -> None:
    network = large(endpoints=0).network
    at = {
        text: subnet_at(network, "vpc-a", Address.parse(text)) for text in ("10.20.15.255", "10.20.16.0", "10.20.32.0")
    }
    assert [row and row.id for row in at.values()] == ["subnet-a", "subnet-b", None]


def test_whoever_asks_for_a_name_again_has_nobody_looked_at(looked_at: list[str]) -> None:
    state = large()
    zone = replace(state.network.subnets["subnet-b"], zone_id="apne1-az1")
    state = state.apply(put(zone))
    network = state.network
    name = f"{network.load_balancers[BALANCER].dns_name}.".lower()
    first = balancer_node(network, name)
    assert first is not None
    assert len(looked_at) == TARGETS, "none is in the node's zone"
    assert balancer_node(network, name) == first
    assert len(looked_at) == TARGETS
    balancer_node(flap(state).after.network, name)
    assert len(looked_at) == 2 * TARGETS - 1, "it is another network, with one that is healthy less"


@pytest.mark.parametrize(("vpc_id", "is_peered"), [("vpc-a", False), ("vpc-v", False), ("vpc-v", True)])
def test_nobody_gives_to_a_load_balancers_node(vpc_id: str, *, is_peered: bool) -> None:
    """Two could give each other the same connection again and again."""
    state = large(endpoints=0, zone="all")
    balancer = state.network.load_balancers[BALANCER]
    [node] = state.network.interfaces_of(BALANCER)
    other = replace(balancer, id="nlb-00123456789abcde0", vpc_id=vpc_id)
    assert node.attachment is not None
    its_node = replace(
        node,
        id="eni-00000000000000001",
        vpc_id=vpc_id,
        subnet_id=f"subnet-{vpc_id[-1]}",
        private_addresses=(Address.parse("10.20.16.4"), Address.parse("10.20.16.5")),
        attachment=replace(node.attachment, owner_id=other.id),
    )
    change = put(other, its_node, *([peering("a", "v")] if is_peered else []))
    after = state.apply(change)
    [given] = {row.targets for row in forwards_of(after.network, balancer)}
    is_unusable = vpc_id == "vpc-a" or is_peered
    assert len(given) == TARGETS - 2 * is_unusable
    told = NodeView(state, 1, "").follow(Commit(2, state, after, change))
    assert told is not None
    assert (BALANCER in {each.id for each in told.machines}) is is_unusable
