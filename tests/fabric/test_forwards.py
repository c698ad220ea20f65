"""What a balancer's rules say; that nftables and the packets take them so is in `tests/packets/test_balancer*.py`."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from realvpc.fabric.errors import FabricError
from realvpc.fabric.forwards import SLOTS, Way, next_ifindex, ruleset, slots
from realvpc.net.machine import Forward, Target

OWN, THEIRS = "eni-0123456789abcdef0", "eni-0123456789abcdef1"
WAYS = {OWN: Way("eth0", 2), THEIRS: Way("eth1", 7)}
FORWARD = Forward(
    protocol="tcp",
    interface_id=THEIRS,
    address="10.0.0.8",
    port=80,
    source_interface_id=OWN,
    source="10.0.0.4",
    targets=(Target("10.0.0.5", 8080), Target("10.0.0.6", 8081)),
)


def chain(text: str, name: str) -> list[str]:
    _, _, rest = text.partition(f"chain {name} {{\n")
    return rest.partition("\n}\n")[0].splitlines()


def test_all_is_replaced_at_once() -> None:
    for text in (ruleset((), {}), ruleset((FORWARD,), WAYS)):
        assert text.startswith("add table inet realvpc\ndelete table inet realvpc\ntable inet realvpc {\n")
        assert text.count("table inet realvpc {") == 1


@pytest.mark.parametrize("forwards", [(), (FORWARD,)])
@pytest.mark.parametrize("name", ["passing", "mine", "own"])
def test_what_no_rule_lets_through_is_dropped(forwards: tuple[Forward, ...], name: str) -> None:
    assert chain(ruleset(forwards, WAYS), name)[-1] == "drop"


def test_a_connection_goes_to_one_of_its_targets_by_a_hash_and_from_the_source() -> None:
    text = ruleset((FORWARD,), WAYS)
    [_, new] = chain(text, "new")
    assert new.endswith('{ "eth1" . 10.0.0.8 . tcp . 80 : goto to_one_of_0_by_4007 }')
    assert chain(text, "to_one_of_0_by_4007") == ["ct mark set 0x4007", "goto one_of_0"], (
        "by eth1, 7, and on by eth0, 2"
    )
    [choice] = chain(text, "one_of_0")
    assert choice.startswith("meta l4proto { tcp, udp } dnat ip to jhash ip saddr . th sport mod 2 ")
    assert choice.endswith("map { 0 : 10.0.0.5 . 8080, 1 : 10.0.0.6 . 8081 }")
    [_, going] = chain(text, "going")
    assert going.endswith('{ "eth1" . 10.0.0.8 : goto from_0 }')
    assert chain(text, "from_0") == ["meta l4proto { tcp, udp } snat ip to 10.0.0.4:1024-65535"]


def test_of_targets_that_many_share_there_is_one_list() -> None:
    """Listeners times endpoints times targets would be millions."""
    forwards = [replace(FORWARD, interface_id=name, port=port) for name in WAYS for port in range(1, 51)]
    assert ruleset(forwards, WAYS).count("10.0.0.6 . 8081") == 1


def test_without_targets_connections_are_reset_by_the_link_they_come_by() -> None:
    text = ruleset((replace(FORWARD, targets=()),), WAYS)
    assert "ct state new ip daddr . tcp dport { 10.0.0.8 . 80 } meta mark set 0x7 reject with tcp reset" in chain(
        text, "by_7"
    )
    assert "dnat" not in "".join(chain(text, "new"))


def test_a_target_has_ended_where_no_forward_has_it() -> None:
    one, other = FORWARD.targets
    healthy = replace(FORWARD, targets=(one,), ended=(other,))
    elsewhere = replace(FORWARD, port=81, targets=(other,), ended=(one,))
    ended = "ct direction original ip daddr . tcp dport { 10.0.0.6 . 8081 } goto ended"
    assert chain(ruleset((healthy,), WAYS), "passing")[1] == ended
    assert "ended" not in "".join(chain(ruleset((healthy, elsewhere), WAYS), "passing"))


def test_addresses_of_six_are_told_apart_from_ports() -> None:
    of_six = replace(FORWARD, address="2001:db8::8", source="2001:db8::4", targets=(Target("2001:db8::5", 80),))
    text = ruleset((of_six,), WAYS)
    assert chain(text, "one_of_0")[-1] == "meta l4proto { tcp, udp } dnat ip6 to [2001:db8::5]:80"
    assert chain(text, "from_0") == ["meta l4proto { tcp, udp } snat ip6 to [2001:db8::4]:1024-65535"]


@pytest.mark.parametrize(
    ("forwards", "why"),
    [
        ((replace(FORWARD, interface_id="eni-0123456789abcdef9"),), "eni-0123456789abcdef9 has no link"),
        ((replace(FORWARD, source_interface_id="eni-0123456789abcdef9"),), "eni-0123456789abcdef9 has no link"),
        ((replace(FORWARD, source="2001:db8::4"),), "the other family"),
        ((replace(FORWARD, targets=(Target("2001:db8::5", 80),)),), "the other family"),
        ((replace(FORWARD, ended=(Target("2001:db8::5", 80),)),), "the other family"),
        ((FORWARD, replace(FORWARD, targets=())), "in two ways"),
        ((FORWARD, replace(FORWARD, port=81, source="10.0.0.9")), "from two addresses"),
    ],
)
def test_what_cannot_be_is_refused(forwards: tuple[Forward, ...], why: str) -> None:
    with pytest.raises(FabricError, match=why):
        ruleset(forwards, WAYS)


def test_a_link_without_a_number_of_its_own_is_refused() -> None:
    with pytest.raises(FabricError, match="marks"):
        ruleset((), {OWN: Way("eth0", 1 << 13)})


@pytest.mark.parametrize(
    ("last", "taken", "found"),
    [(1, {1}, 2), (2, {1, 2}, 3), (2, {1, 2, 3, 4}, 5), (8190, {1}, 8191), (8191, {1}, 2), (9000, {1, 9000}, 810)],
)
def test_a_new_link_has_the_next_number_round_about_that_none_has(last: int, taken: set[int], found: int) -> None:
    assert next_ifindex(last, taken) == found
    ruleset((), {OWN: Way("eth0", found)})


def test_of_a_link_s_connections_all_are_found_by_their_marks_and_no_other_s() -> None:
    one, other = Way("eth0", 3), Way("eth1", 7)

    def has(way: Way, mark: int) -> bool:
        return any(mark & mask == wanted for wanted, mask in way.marks)

    for mark in (one.mark_back, one.mark_on, one.mark_back | other.mark_on, other.mark_back | one.mark_on | SLOTS):
        assert has(one, mark)
    for mark in (other.mark_back, other.mark_on, other.mark_back | other.mark_on | SLOTS, 0):
        assert not has(one, mark)


def test_only_targets_of_datagrams_have_slots_and_no_slot_is_zero() -> None:
    by_udp = replace(FORWARD, protocol="udp", targets=tuple(Target(f"10.0.{at}.1", 53) for at in range(200)))
    assert not slots((FORWARD,))
    found = slots((by_udp,))
    assert len(found) > 32
    assert all(0 < slot == slot & SLOTS for slot in found)
