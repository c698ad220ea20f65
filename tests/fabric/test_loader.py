"""What is missing is said, with what to do about it; what is there is read and written as bytes."""

from __future__ import annotations

import ctypes
from pathlib import Path

import pytest

from realvpc.fabric import loader
from realvpc.fabric.bpf import layout, libbpf
from realvpc.fabric.errors import FabricError
from realvpc.fabric.fabric import Fabric
from realvpc.fabric.loader import Object

from .kernel import SMALL


def test_a_missing_object_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(loader, "OBJECT", tmp_path / "vpc.bpf.o")
    with pytest.raises(FabricError, match=r"python -m realvpc\.fabric\.bpf\.build"):
        Object()


def test_a_missing_library_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str, use_errno: bool) -> None:
        raise OSError(f"{name}: cannot open shared object file")

    monkeypatch.setattr(ctypes, "CDLL", missing)
    with pytest.raises(FabricError, match="apt-get install libbpf1"):
        libbpf.library.__wrapped__()


def test_who_is_not_root_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    with pytest.raises(FabricError, match="root"):
        Fabric(tmp_path / "fabric").open()
    assert not (tmp_path / "fabric").exists()


@pytest.mark.root
def test_an_object_that_the_kernel_refuses_is_explained(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "vpc.bpf.o").write_bytes(b"no ELF")
    monkeypatch.setattr(loader, "OBJECT", tmp_path / "vpc.bpf.o")
    with pytest.raises(FabricError, match="cannot be read"):
        Object()


@pytest.mark.root
def test_entries_of_another_size_are_not_written() -> None:
    key, value = layout.ADDRESS_KEY.pack(1, bytes(16)), layout.ADDRESS_OWNER.pack(1, 0, 0, bytes(16))
    with Object(max_entries=SMALL) as loaded:
        held = loaded.maps["addresses"]
        for wrong in ({key: value[:8]}, {key: value + b"\0"}, {key[:8]: value}):
            with pytest.raises(ValueError, match="addresses"):
                held.update(wrong)
        assert held.items() == {}


@pytest.mark.root
@pytest.mark.parametrize("name", ["addresses", "routes"])
def test_maps_take_many_entries_and_give_them_back(name: str) -> None:
    (spec,) = [each for each in layout.MAPS if each.name == name]
    if name == "routes":
        entries = {
            layout.LPM_KEY.pack(192, number, bytes(16)): layout.ROUTE.pack(0, number, 1, 9001) for number in range(9000)
        }
    else:
        entries = {
            layout.ADDRESS_KEY.pack(1, number.to_bytes(16, "big")): layout.ADDRESS_OWNER.pack(number, 0, 0, bytes(16))
            for number in range(9000)
        }
    with Object(max_entries=SMALL) as loaded:
        held = loaded.maps[spec.name]
        held.update(entries)
        assert held.items() == entries
        first = next(iter(entries))
        held.delete([first, first])
        assert held.get(first) is None
        assert len(held.items()) == 8999


@pytest.mark.root
def test_an_array_gives_what_each_cpu_has_at_every_place() -> None:
    with Object(max_entries=SMALL) as loaded:
        held = loaded.maps["decisions"]
        cpus, size = len(held.of_each_cpu(layout.INDEX_KEY.pack(0))), layout.DECISION.size
        last = b"".join(bytes([cpu + 1]) * size + bytes(-size % 8) for cpu in range(cpus))
        held.update({layout.INDEX_KEY.pack(held.spec.max_entries - 1): last})
        found = held.items()
        assert list(found) == [layout.INDEX_KEY.pack(place) for place in range(held.spec.max_entries)]
        assert found.popitem()[1] == last
        assert not any(map(any, found.values()))
