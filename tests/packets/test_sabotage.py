"""Whatever is taken away from a fabric behind its back is found, made anew, and packets pass again."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from realvpc.fabric import namespace
from realvpc.fabric.bpf.layout import LINK_KEY
from realvpc.fabric.fabric import Fabric
from realvpc.fabric.finding import Part
from realvpc.fabric.loader import Object

from .hosts import bring_up, inside
from .sabotage import (
    AT_B,
    LINK,
    Sabotage,
    assert_packets_pass,
    audited,
    ip,
    look,
    maps_of,
    replace_namespace,
    run,
    unmount,
)
from .test_fabric import B, walkthrough

pytestmark = pytest.mark.root


def write_setting(fabric: Fabric) -> None:
    namespace.run_in(fabric.namespace("internet"), lambda: Path("/proc/sys/net/ipv4/ip_forward").write_text("1"))


def forget_link(fabric: Fabric) -> None:
    """Take an entry out of a map, as `bpftool map delete` does."""
    ifindex = next(link.ifindex for link in fabric.expected().links if link.name == LINK)
    with Object(maps_of(fabric)) as other:
        other.maps["links"].delete([LINK_KEY.pack(ifindex)])


SABOTAGES: dict[str, tuple[Sabotage, tuple[Part, str]]] = {
    "a pair is deleted outside": (ip("fabric", f"link delete {LINK}"), (Part.LINK, B)),
    "a pair is deleted inside": (ip(B, "link delete eth0"), (Part.LINK, B)),
    "down outside": (ip("fabric", f"link set {LINK} down"), AT_B),
    "another MTU outside": (ip("fabric", f"link set {LINK} mtu 700"), AT_B),
    "a link without its name": (lambda fabric: _forget_alias(fabric), AT_B),
    "the fabric's namespace is unmounted": (unmount("fabric"), (Part.NAMESPACE, "fabric")),
    "the fabric's namespace is another": (replace_namespace("fabric"), (Part.NAMESPACE, "fabric")),
    "a guest's namespace is unmounted": (unmount(B), (Part.NAMESPACE, B)),
    "an edge's namespace is unmounted": (unmount("internet"), (Part.NAMESPACE, "internet")),
    "an edge's namespace is another": (replace_namespace("services"), (Part.NAMESPACE, "services")),
    "an edge without its link": (ip("internet", "link delete eth0"), (Part.EDGE, "internet")),
    "an edge is down": (ip("services", "link set eth0 down"), (Part.EDGE, "services")),
    "an edge is down outside": (ip("fabric", "link set internet down"), (Part.EDGE, "internet")),
    "an edge without addresses": (ip("internet", "address flush dev lo"), (Part.EDGE, "internet")),
    "an edge without its route": (ip("internet", "route flush table main"), (Part.EDGE, "internet")),
    "an edge with a route more": (ip("internet", "route add blackhole 10.20.0.0/16"), (Part.EDGE, "internet")),
    "an edge with rules of routing": (ip("internet", "rule add priority 5 blackhole"), (Part.EDGE, "internet")),
    "an edge that is deaf": (ip("internet", "route delete table local local 198.19.0.1"), (Part.EDGE, "internet")),
    "an edge with another MTU": (ip("internet", "link set eth0 mtu 900"), (Part.EDGE, "internet")),
    "an edge that forwards": (write_setting, (Part.EDGE, "internet")),
    "an entry is taken out of a map": (forget_link, (Part.TABLE, "tables")),
    "the pin of a map": (lambda fabric: (maps_of(fabric) / "routes").unlink(), (Part.MAP, "pins")),
    "the pins of all maps": (lambda fabric: shutil.rmtree(maps_of(fabric)), (Part.MAP, "pins")),
}


def _forget_alias(fabric: Fabric) -> None:
    subprocess.run([*inside(fabric, "fabric", "ip"), "link", "set", LINK, "alias", ""], check=True)


@pytest.mark.parametrize("what", SABOTAGES)
def test_what_is_taken_away_is_made_anew(fabric: Fabric, what: str) -> None:
    sabotage, finding = SABOTAGES[what]
    bring_up(fabric, walkthrough())
    assert not look(fabric), "nothing is found where nothing is wrong"
    sabotage(fabric)
    assert finding in audited(fabric)
    assert_packets_pass(fabric)


def test_what_was_made_anew_is_looked_after_as_before(fabric: Fabric) -> None:
    bring_up(fabric, walkthrough())
    for _ in range(2):
        run(fabric, "fabric", f"ip link delete {LINK}")
        assert audited(fabric) == {(Part.LINK, B)}
        run(fabric, "fabric", f"ip link set {LINK} down")
        assert audited(fabric) == {(Part.DEVICE, B)}
    assert_packets_pass(fabric)


def test_what_cannot_be_made_anew_is_missed_until_it_can(fabric: Fabric, monkeypatch: pytest.MonkeyPatch) -> None:
    bring_up(fabric, walkthrough())
    run(fabric, "fabric", f"ip link delete {LINK}")
    with monkeypatch.context() as patch:
        patch.setattr("realvpc.fabric.fabric.make_link", refuse)
        (finding,) = look(fabric)
        with pytest.raises(OSError, match="made to fail"):
            fabric.mend(finding)
        assert Part.LINK in [each.part for each in look(fabric)]
    assert (Part.LINK, B) in audited(fabric)
    assert_packets_pass(fabric)


def refuse(*_: object, **__: object) -> None:
    raise OSError("made to fail")
