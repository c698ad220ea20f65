"""How the host's control groups are recognised."""

from __future__ import annotations

import pytest

from realvpc.instance.cgroups import Layout, layout

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
