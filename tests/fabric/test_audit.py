"""What an audit finds, from what should be and what there is: no kernel."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from realvpc.fabric.addressing import of_machine
from realvpc.fabric.audit import Expected, Found, Inside, audit, listeners
from realvpc.fabric.edge import EDGES, SERVED, SETTINGS, of_edge
from realvpc.fabric.finding import FABRIC, Finding, Part
from realvpc.fabric.link import Link
from realvpc.fabric.pin import PinnedLink
from realvpc.fabric.rtnetlink import HAS_IPV6, Address, Device, Route
from realvpc.net.services import Listener
from tests.instance.specs import link as link_spec

SPEC = link_spec(1)
LINK = Link(7, "v1", "i-1", SPEC.interface_id)
EDGE_INDEX = {edge.name: index for index, edge in enumerate(EDGES, start=2)}
EDGE_NAMESPACES = {edge.name: inode for inode, edge in enumerate(EDGES, start=201)}
EXPECTED = Expected(
    machines=frozenset({"i-1"}),
    visited=frozenset({"i-1"}),
    namespaces={FABRIC: 100, **EDGE_NAMESPACES},
    links={LINK: SPEC},
    edges=EDGE_INDEX,
    programs={"v1": 50, **{edge.name: index for index, edge in enumerate(EDGES, start=51)}},
    maps={"routes": 60},
)


def pair(index: int, peer: int, name: str, mac: str, mtu: int, **more: Any) -> Device:
    return Device(ifindex=index, name=name, mac=mac, mtu=mtu, is_up=True, has_carrier=True, peer=peer, **more)


LOOPBACK = pair(1, 0, "lo", "00:00:00:00:00:00", 65536)
OUTSIDE = pair(7, 4, "v1", "02:ff:00:00:00:01", SPEC.mtu, alias=LINK.alias)
INSIDE = pair(4, 7, "eth0", SPEC.mac_address, SPEC.mtu)
FABRIC_DEVICES = {
    "lo": LOOPBACK,
    "v1": OUTSIDE,
    **{edge.name: pair(EDGE_INDEX[edge.name], 9, edge.name, "02:ff:00:00:00:02", edge.mtu) for edge in EDGES},
}
EDGE_DEVICES = {
    edge.name: {"lo": LOOPBACK, "eth0": pair(9, EDGE_INDEX[edge.name], "eth0", edge.mac, edge.mtu, is_noarp=True)}
    for edge in EDGES
}
WITHOUT_ROUTES = "was without its route to 0.0.0.0/0" + (", without its route to ::/0" if HAS_IPV6 else "")
FOUND = Found(
    has_bpffs=True,
    namespaces={FABRIC: 100, **EDGE_NAMESPACES, "i-1": 103},
    processes={"i-1": 103},
    devices={FABRIC: FABRIC_DEVICES, **EDGE_DEVICES, "i-1": {"lo": LOOPBACK, "eth0": INSIDE}},
    addressing={
        **{edge.name: of_edge(edge, 1, 9) for edge in EDGES},
        "i-1": of_machine([SPEC], {"lo": LOOPBACK, "eth0": INSIDE}),
    },
    edges={
        edge.name: Inside(
            settings=SETTINGS,
            listening=frozenset((each.protocol, str(each.address), each.port) for each in SERVED),
        )
        for edge in EDGES
    },
    programs={
        "v1": PinnedLink(50, 7),
        **{edge.name: PinnedLink(EXPECTED.programs[edge.name], EDGE_INDEX[edge.name]) for edge in EDGES},
    },
    maps={"routes": 60},
)


def device(namespace: str, name: str, **changes: Any) -> Found:
    """FOUND with another device of that name, or without it."""
    devices = dict(FOUND.devices[namespace])
    before = devices.pop(name)
    if changes:
        devices[name] = replace(before, **changes)
    return replace(FOUND, devices=dict(FOUND.devices) | {namespace: devices})


def addressing(name: str, **changes: Any) -> Found:
    return replace(FOUND, addressing=dict(FOUND.addressing) | {name: replace(FOUND.addressing[name], **changes)})


OWN = FOUND.addressing["i-1"].own
OTHER_ADDRESSES = FOUND.addressing["i-1"].addresses | {Address(4, "10.9.9.9", 24)}
TWO_ROUTES = FOUND.addressing["i-1"].routes | {Route(1, "10.30.0.0/16")}


def edge(name: str, **changes: Any) -> Found:
    return replace(FOUND, edges=dict(FOUND.edges) | {name: replace(FOUND.edges[name], **changes)})


def found(part: str, **changes: Any) -> Found:
    return replace(FOUND, **{part: dict(getattr(FOUND, part)) | changes})


def without(part: str, *names: str) -> Found:
    return replace(FOUND, **{part: {name: each for name, each in getattr(FOUND, part).items() if name not in names}})


def test_nothing_is_found_where_everything_is_as_expected() -> None:
    assert not list(audit(EXPECTED, FOUND))
    assert not list(listeners(FOUND))


@pytest.mark.parametrize(
    ("what", "expected"),
    [
        (device(FABRIC, "v1"), (Part.LINK, "i-1", "has lost its link")),
        (device(FABRIC, "v1", ifindex=8), (Part.LINK, "i-1", "has lost its link")),
        (device("i-1", "eth0"), (Part.LINK, "i-1", "has lost its link")),
        (device("i-1", "eth0", peer=8), (Part.LINK, "i-1", "has lost its link")),
        (device(FABRIC, "v1", is_up=False), (Part.DEVICE, "i-1", "was down outside")),
        (device(FABRIC, "v1", alias="x"), (Part.DEVICE, "i-1", "was without its name outside")),
        (device(FABRIC, "v1", mtu=1400), (Part.DEVICE, "i-1", "was of MTU 1400 outside")),
        (device(FABRIC, "v1", has_carrier=False), (Part.DEVICE, "i-1", "was down inside")),
        (device("i-1", "eth0", mtu=1400), (Part.DEVICE, "i-1", "was of MTU 1400 inside")),
        (device("i-1", "eth0", mac="02:00:00:00:00:99"), (Part.DEVICE, "i-1", "was 02:00:00:00:00:99 inside")),
        (device(FABRIC, "v1", has_carrier=False, mtu=9), (Part.DEVICE, "i-1", "was down inside, of MTU 9 outside")),
        (found("programs", v1=None), (Part.PROGRAM, "i-1", "was without the program that decides on packets")),
        (found("programs", v1=PinnedLink(49, 7)), (Part.PROGRAM, "i-1", None)),
        (found("programs", v1=PinnedLink(50, 0)), (Part.PROGRAM, "i-1", None)),
        (found("programs", internet=None), (Part.PROGRAM, "internet", None)),
        (found("maps", routes=None), (Part.MAP, "pins", None)),
        (found("maps", routes=61), (Part.MAP, "pins", None)),
        (replace(FOUND, has_bpffs=False, programs={}, maps={}), (Part.PINS, "pins", "is not mounted")),
        (found("namespaces", fabric=None), (Part.NAMESPACE, "fabric", None)),
        (found("namespaces", fabric=999), (Part.NAMESPACE, "fabric", None)),
        (found("namespaces", services=None), (Part.NAMESPACE, "services", None)),
        (found("namespaces", **{"i-1": None}), (Part.NAMESPACE, "i-1", "is not held by its file")),
        (found("processes", **{"i-1": 999}), (Part.NAMESPACE, "i-1", "is not the one that its file holds")),
        (device("internet", "eth0"), (Part.EDGE, "internet", "is gone")),
        (device(FABRIC, "internet", ifindex=99), (Part.EDGE, "internet", "is gone")),
        (device("internet", "eth0", peer=99), (Part.EDGE, "internet", "is gone")),
        (device("internet", "lo", is_up=False), (Part.EDGE, "internet", "is down")),
        (device("internet", "eth0", is_noarp=False), (Part.EDGE, "internet", None)),
        (device(FABRIC, "services", mtu=1400), (Part.EDGE, "services", None)),
        (addressing("internet", addresses=frozenset()), (Part.EDGE, "internet", None)),
        (addressing("services", routes=frozenset()), (Part.EDGE, "services", WITHOUT_ROUTES)),
        (addressing("internet", routes=TWO_ROUTES), (Part.EDGE, "internet", None)),
        (addressing("services", own=frozenset()), (Part.EDGE, "services", None)),
        (device("i-1", "lo", is_up=False), (Part.DEVICE, "i-1", "was without its loopback device")),
        (addressing("i-1", addresses=frozenset()), (Part.DEVICE, "i-1", None)),
        (addressing("i-1", addresses=OTHER_ADDRESSES), (Part.DEVICE, "i-1", "was with the address 10.9.9.9/24")),
        (addressing("i-1", own=OWN - {(4, SPEC.address)}), (Part.DEVICE, "i-1", f"was deaf to {SPEC.address}")),
        (addressing("i-1", routes=frozenset()), (Part.DEVICE, "i-1", None)),
        (addressing("i-1", routes=TWO_ROUTES), (Part.DEVICE, "i-1", None)),
        (addressing("i-1", rules=frozenset()), (Part.DEVICE, "i-1", "was with other rules of routing")),
        (edge("services", settings={"ip_forward": "1"}), (Part.EDGE, "services", "are others")),
    ],
)
def test_one_thing_that_is_not_as_expected_is_found_and_nothing_else(
    what: Found, expected: tuple[Part, str, str | None]
) -> None:
    (finding,) = audit(EXPECTED, what)
    part, subject, trouble = expected
    assert (finding.part, finding.subject) == (part, subject)
    assert trouble in (None, finding.trouble)


def test_of_a_machine_that_is_not_visited_what_is_seen_from_outside_is_found() -> None:
    unseen = without("devices", "i-1")
    down = replace(
        unseen, devices=dict(unseen.devices) | {FABRIC: device(FABRIC, "v1", has_carrier=False).devices[FABRIC]}
    )
    gone = replace(unseen, devices=dict(unseen.devices) | {FABRIC: device(FABRIC, "v1").devices[FABRIC]})
    assert [each.part for each in audit(EXPECTED, down)] == [Part.DEVICE]
    assert [each.part for each in audit(EXPECTED, gone)] == [Part.LINK]


def test_what_cannot_be_entered_is_not_said_to_be_empty() -> None:
    assert not list(audit(EXPECTED, without("devices", "i-1")))
    assert not list(audit(EXPECTED, without("devices", FABRIC)))
    assert not list(audit(EXPECTED, without("addressing", "i-1")))


def test_of_a_link_that_is_down_it_is_not_said_that_its_routes_are_gone() -> None:
    what = device(FABRIC, "v1", has_carrier=False)
    gone = dict(FOUND.addressing) | {"i-1": replace(FOUND.addressing["i-1"], routes=frozenset())}
    assert [each.trouble for each in audit(EXPECTED, replace(what, addressing=gone))] == ["was down inside"]


@pytest.mark.parametrize("lost", SERVED)
def test_a_service_without_its_socket_is_named(lost: Listener) -> None:
    gone = {(lost.protocol, str(lost.address), lost.port)}
    edges = {name: replace(inside, listening=inside.listening - gone) for name, inside in FOUND.edges.items()}
    what = replace(FOUND, edges=edges)
    assert list(listeners(what)) == [
        Finding(Part.LISTENER, "listeners", f"{lost.address}:{lost.port}/{lost.protocol}", "has no socket")
    ]
