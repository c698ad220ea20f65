"""The threads that call crun."""

from __future__ import annotations

import errno
import subprocess
from pathlib import Path

import pytest

from realvpc.instance import mounts
from realvpc.instance.cgroups import Layout, Limits
from realvpc.instance.crun import Crun


@pytest.mark.root
def test_they_begin_although_somebody_unmounts_at_the_same_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    namespace = tmp_path / "namespace"
    namespace.touch()
    subprocess.run(["unshare", f"--net={namespace}", "true"], check=True)
    unmount = mounts.unmount

    def too_late(target: str) -> None:
        unmount(target)
        raise OSError(errno.EINVAL, "not mounted any more", target)

    monkeypatch.setattr(mounts, "unmount", too_late)
    try:
        with Crun(tmp_path, Limits(Layout.ABSENT), "realvpc/x").workers("test") as workers:
            assert workers.submit(lambda: "works").result() == "works"
    finally:
        subprocess.run(["umount", str(namespace)], check=True)
