"""Code that only its owner may read is read by the service's user all the same, and nothing beside it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys

import pytest

from tests.running import SOMEBODY
from tests.surroundings import directory_for_all

pytestmark = pytest.mark.root

USER, OWNER = 65534, 4711
LOOK = f"""
import os, sys
from pathlib import Path
from realvpc.daemon.confine import show
code = Path(sys.argv[1])
show([code], {USER}, {USER})
os.setgroups([])
os.setresgid({USER}, {USER}, {USER})
os.setresuid({USER}, {USER}, {USER})
print((code / "package/module.py").read_text(), sorted(path.name for path in code.parent.iterdir()))
try:
    (code / "package/module.py").write_text("mine")
except OSError as error:
    print(error.strerror)
"""


@pytest.mark.parametrize("owner", [0, OWNER])
@pytest.mark.parametrize(("directories", "files"), [(0o755, 0o644), (0o750, 0o640), (0o700, 0o600)])
def test_a_checkout_of_any_umask_in_a_home_of_any_mode(owner: int, directories: int, files: int) -> None:
    with directory_for_all("home-") as directory:
        code = directory / "home/my checkout/src"
        (code / "package").mkdir(parents=True)
        (code / "package/module.py").write_text("code")
        (code.parent / "secret").write_text("of the owner's")
        for path in (directory / "home").rglob("*"):
            path.chmod(directories if path.is_dir() else files)
            os.chown(path, owner, owner)
        (directory / "home").chmod(0o700)
        done = subprocess.run([sys.executable, "-c", LOOK, str(code)], capture_output=True, text=True, check=True)
        shown, refused = done.stdout.splitlines()
        assert shown == "code ['src']"
        assert refused in ("Permission denied", "Read-only file system")
        assert (code / "package/module.py").stat().st_uid == owner


def test_what_everybody_may_read_stays_where_it_is() -> None:
    with directory_for_all("open-") as directory:
        (directory / "code").mkdir(mode=0o755)
        look = f"""
import os
from pathlib import Path
from realvpc.daemon.confine import show
before = os.readlink("/proc/self/ns/mnt")
show([Path({str(directory / "code")!r})], {USER}, {USER})
print(os.readlink("/proc/self/ns/mnt") == before)
"""
        done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)
        assert done.stdout == "True\n"


def test_somebody_else_runs_a_command_of_this_checkout() -> None:
    command = [sys.executable, "-I", SOMEBODY, str(USER), shutil.which("id") or "id", "-u"]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == f"{USER}\n"
