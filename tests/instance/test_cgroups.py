"""How the host's control groups are recognised."""

from __future__ import annotations

from pathlib import Path

import pytest

from realvpc.instance.cgroups import Layout, layout, probe
from realvpc.instance.feature import ProbeError
from tests.instance.small_disk import tmpfs

V1 = "cgroup /sys/fs/cgroup/memory cgroup rw,memory 0 0\n"
UNIFIED = "cgroup2 /sys/fs/cgroup/unified cgroup2 rw 0 0\n"


@pytest.mark.parametrize(
    ("mounts", "expected"),
    [
        ("cgroup2 /sys/fs/cgroup cgroup2 rw 0 0\n", Layout.V2),
        ("tmpfs /sys/fs/cgroup tmpfs rw 0 0\n" + V1 + UNIFIED, Layout.HYBRID),
        ("tmpfs /sys/fs/cgroup tmpfs rw 0 0\n" + V1, Layout.V1),
        ("proc /proc proc rw 0 0\n", Layout.ABSENT),
    ],
)
def test_layouts(mounts: str, expected: Layout) -> None:
    assert layout(mounts) is expected


@pytest.mark.root
def test_a_kernel_without_room_is_not_taken_for_one_without_limits(tmp_path: Path) -> None:
    with tmpfs(tmp_path, "nr_inodes=1"), pytest.raises(ProbeError, match="No space left on device"):
        probe("realvpc/tests", tmp_path)
