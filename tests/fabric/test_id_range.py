"""Every machine of the host has user ids of its own, whichever service it belongs to."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from realvpc.fabric import id_range
from realvpc.fabric import namespace as namespaces


@pytest.fixture
def registry(tmp_path: Path) -> Path:
    return tmp_path / "ids"


def namespace(tmp_path: Path, name: str) -> Path:
    path = tmp_path / name
    path.touch()
    return path


def test_no_two_namespaces_share_an_id(tmp_path: Path, registry: Path) -> None:
    claimed = [id_range.claim(namespace(tmp_path, f"i-{number}"), registry) for number in range(200)]
    assert len({ids.first for ids in claimed}) == 200
    assert {ids.first % ids.count for ids in claimed} == {0}


def test_a_namespace_keeps_its_range_and_has_it_again(tmp_path: Path, registry: Path) -> None:
    path = namespace(tmp_path, "i-1")
    first = id_range.claim(path, registry)
    assert id_range.claim(path, registry) == first
    id_range.release(path, registry)
    assert list(registry.iterdir()) == []
    assert id_range.claim(path, registry) == first


def test_ranges_that_collide_are_told_apart(tmp_path: Path, registry: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(id_range, "RANGES", id_range.RANGES[:2])
    one, two, three = (namespace(tmp_path, f"i-{number}") for number in range(3))
    assert id_range.claim(one, registry) != id_range.claim(two, registry)
    with pytest.raises(OSError, match="all 2 ranges of user ids are taken"):
        id_range.claim(three, registry)
    two.unlink()  # without saying so, as when its node was killed
    assert id_range.claim(three, registry) != id_range.claim(one, registry)


def test_a_range_is_released_although_the_one_before_was_too(
    tmp_path: Path, registry: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(id_range, "RANGES", id_range.RANGES[:2])
    paths = [namespace(tmp_path, f"i-{number}") for number in range(2)]
    for order in (paths, paths[::-1]):
        for path in paths:
            id_range.claim(path, registry)
        for path in order:
            id_range.release(path, registry)
        assert list(registry.iterdir()) == []


def test_whoever_is_killed_while_a_namespace_goes_leaves_what_the_next_one_finishes(
    tmp_path: Path, registry: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between any two steps: the file that names the namespace is the last to go."""
    path = namespace(tmp_path, "i-1")
    id_range.claim(path, registry)

    def killed(_: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(id_range, "release", killed)
        namespaces.remove(path)
    assert path.exists()
    monkeypatch.setattr(id_range, "release", partial(id_range.release, registry=registry))
    namespaces.remove(path)
    assert not path.exists()
    assert list(registry.iterdir()) == []


def test_ids_are_nobody_elses() -> None:
    """systemd.io, "Users, Groups, UIDs and GIDs"; /etc/subuid goes up to 600,100,000 (login.defs)."""
    taken = [range(0x10000), range(100_000, 600_100_001), range(0x80000, 0x70000000), range(0x7FFE0000, 0x7FFF0000)]
    for ids in (id_range.RANGES[0], id_range.RANGES[-1]):
        for others in taken:
            assert ids.first + ids.count <= others.start or others.stop <= ids.first
    assert id_range.RANGES[-1].first + id_range.RANGES[-1].count < 1 << 31
    assert len(id_range.RANGES) > 4000
