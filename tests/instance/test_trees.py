"""Trees that a stranger wrote are removed, whatever is in them, and nothing else is."""

from __future__ import annotations

import itertools
import os
import resource
import subprocess
from pathlib import Path

import pytest

from realvpc.instance.trees import Interrupted, remove_tree


def deep(top: Path, depth: int) -> None:
    """Directories in directories, deeper than a path or a stack of Python's can be."""
    top.mkdir()
    fd = os.open(top, os.O_RDONLY)
    for _ in range(depth):
        os.mkdir("d", dir_fd=fd)
        below = os.open("d", os.O_RDONLY, dir_fd=fd)
        os.close(fd)
        fd = below
    os.close(os.open("file", os.O_CREAT | os.O_WRONLY, dir_fd=fd))
    os.close(fd)


@pytest.mark.parametrize("depth", [1, 1_100, 10_000])
def test_a_tree_may_be_of_any_depth(tmp_path: Path, depth: int) -> None:
    deep(tmp_path / "tree", depth)
    remove_tree(tmp_path / "tree")
    assert list(tmp_path.iterdir()) == []


def test_a_deep_tree_takes_no_more_descriptors_than_a_flat_one(tmp_path: Path) -> None:
    deep(tmp_path / "tree", 3_000)
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/proc/self/fd")) + 8, limits[1]))  # noqa: PTH208
    try:
        remove_tree(tmp_path / "tree")
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)
    assert not (tmp_path / "tree").exists()


def test_many_branches_at_every_depth_and_names_that_are_no_text(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for names in itertools.product((b"a", b"\xff\xfe", b".1", b"new\nline", b"-rf"), repeat=3):
        directory = os.path.join(os.fsencode(tree), *names)  # noqa: PTH118
        os.makedirs(directory)  # noqa: PTH103
        with open(directory + b"/.2", "w"):  # noqa: PTH123
            pass
    remove_tree(tree)
    assert list(tmp_path.iterdir()) == []


def test_links_lead_nowhere_and_special_files_are_not_opened(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (kept / "file").write_text("precious")
    tree = tmp_path / "tree"
    (tree / "below").mkdir(parents=True)
    (tree / "below" / "link").symlink_to(kept)
    (tree / "link").symlink_to(kept)
    (tree / "nowhere").symlink_to("/does/not/exist")
    os.mkfifo(tree / "below" / "pipe")
    os.link(kept / "file", tree / "hard")
    (tree / "below" / "closed").mkdir(mode=0)
    remove_tree(tree)
    assert not tree.exists()
    assert (kept / "file").read_text() == "precious"
    (tmp_path / "link").symlink_to(kept)
    remove_tree(tmp_path / "link")
    assert [path.name for path in tmp_path.iterdir()] == ["kept"]
    assert (kept / "file").read_text() == "precious"


def test_what_is_not_there_is_removed() -> None:
    remove_tree(Path("/tmp/there/is/nothing").parents[2] / "realvpc-nothing-here")


@pytest.mark.root
def test_files_that_may_not_be_changed_go_too(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    (tree / "a" / "b").mkdir(parents=True)
    for name, flag in (("a/b/file", "i"), ("a/appended", "a")):
        (tree / name).touch()
        if subprocess.run(["chattr", f"+{flag}", tree / name], stderr=subprocess.DEVNULL).returncode:
            pytest.skip("this file system has no flags")
    for directory in ("a/b", "a", "."):
        subprocess.run(["chattr", "+i", tree / directory], check=True)
    remove_tree(tree)
    assert not tree.exists()


@pytest.mark.root
def test_what_is_mounted_in_it_stays_and_is_named_and_the_rest_goes(tmp_path: Path) -> None:
    tree, point = tmp_path / "tree", tmp_path / "tree" / "a" / "b" / "c"
    point.mkdir(parents=True)
    for number in range(20):
        (tree / f"{number}" / "below").mkdir(parents=True)
    subprocess.run(["mount", "-t", "tmpfs", "none", point], check=True)
    try:
        (point / "file").write_text("somebody else's")
        with pytest.raises(OSError, match=r"mounted|busy") as refused:
            remove_tree(tree)
        assert refused.value.filename == str(tree)
        left = subprocess.run(["find", tree, "-name", "file"], capture_output=True, text=True, check=True).stdout
        assert left.strip().endswith("c/file")
        assert not any((tree / f"{number}").exists() for number in range(20))
    finally:
        subprocess.run(
            [
                "umount",
                "-l",
                *subprocess.run(
                    ["findmnt", "-rno", "TARGET", "-t", "tmpfs"], capture_output=True, text=True, check=True
                ).stdout.split()[-1:],
            ],
            check=True,
        )
    remove_tree(tree)
    assert not tree.exists()


def test_an_interrupted_removal_is_continued(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    for number in range(100):
        (tree / f"{number}").mkdir(parents=True)
    budget = iter(range(40))
    with pytest.raises(Interrupted):
        remove_tree(tree, lambda: next(budget, None) is None)
    assert 0 < len(list(tree.iterdir())) < 100
    remove_tree(tree)
    assert not tree.exists()
