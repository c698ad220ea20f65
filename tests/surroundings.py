"""What a run of the tests stands on: nothing of the person's who started it; and nothing of the run stays.

Its environment, umask, time zone and temporary directory are its own.  Services and nodes that tests start are noted
there by their run directories, by whose names their control groups and ranges of ids are known, too.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from realvpc.fabric import id_range
from realvpc.instance import cgroups

PREFIX = "realvpc-tests-"
_LONGEST = 24  # a socket's path has at most 107 bytes
_KEPT = ("PATH", "TERM", "PYTHONDONTWRITEBYTECODE", "REALVPC_SEED", "REALVPC_WRITE_DOCS", "REALVPC_TERRAFORM_MIRROR")
_KEPT_PREFIXES = ("PYTEST_", "HYPOTHESIS_")
_HOME, _NOTES, _EXAMPLES = "home", "notes", "examples"


def clean(environment: Mapping[str, str], directory: Path) -> dict[str, str]:
    """The run's environment: no proxies, credentials, locale, colours or settings but those of the tests themselves."""
    kept = {name: value for name, value in environment.items() if name in _KEPT or name.startswith(_KEPT_PREFIXES)}
    kept.pop("PYTEST_DEBUG_TEMPROOT", None)
    if "PYTHONDONTWRITEBYTECODE" in kept:  # root in a checkout of somebody else's
        kept["HYPOTHESIS_STORAGE_DIRECTORY"] = str(directory / _EXAMPLES)
    return kept | {
        "PATH": f"{kept.get('PATH', os.defpath)}:/usr/local/sbin:/usr/sbin:/sbin",
        "HOME": str(directory / _HOME),
        "TMPDIR": str(directory),
        "REALVPC_STATE": str(directory / "no-service"),  # what names none means none
        "LANG": "C.UTF-8",
        "TZ": "UTC",
    }


def enter() -> Path:
    """Make this process's surroundings the run's own; returns its temporary directory."""
    directory = Path(tempfile.mkdtemp(prefix=PREFIX, dir=_base(Path(tempfile.gettempdir()))))
    directory.chmod(0o755)
    (directory / _HOME).mkdir(mode=0o755)
    (directory / _NOTES).mkdir(mode=0o755)
    environment = clean(os.environ, directory)
    os.environ.clear()
    os.environ.update(environment)
    adopt()
    return directory


def adopt() -> None:
    """What is not handed down in the environment."""
    os.umask(0o022)
    time.tzset()
    tempfile.tempdir = os.environ["TMPDIR"]


def _base(chosen: Path) -> Path:
    """The system's directory where others may not enter the chosen one, as nobody's service has to."""
    chosen = chosen.resolve()
    is_open = all(path.stat().st_mode & 0o001 for path in (chosen, *chosen.parents))
    return chosen if is_open and len(os.fsencode(chosen)) <= _LONGEST else Path("/tmp")


@contextmanager
def directory_for_all(prefix: str) -> Iterator[Path]:
    """A directory that every user may enter; what is in it goes with it."""
    made = Path(tempfile.mkdtemp(prefix=prefix))
    made.chmod(0o755)
    try:
        yield made
    finally:
        shutil.rmtree(made)


def note(run_dir: Path) -> None:
    """A service or a node of this run keeps things there."""
    (Path(tempfile.gettempdir()) / _NOTES / run_dir.name).write_text(str(run_dir))


def leave(directory: Path) -> list[str]:
    """Delete the run's directory, and name what else stays of the run, or stayed in the directory.

    Of a run that was interrupted others may still delete; what is gone is passed over.
    """
    run_dirs = list(_noted(directory))
    mounts = list(_mounts([directory, *run_dirs]))
    found = [f"mount {point}" for point in mounts]
    found += [f"process {pid}: {command}" for pid, command in _processes([directory, *run_dirs])]
    found += [f"directory {path}" for path in run_dirs if path.exists()]
    names = {path.name for path in run_dirs}
    found += [f"control group {path}" for path in _control_groups() if path.name in names]
    found += [f"range of ids {link}" for link in ids(*run_dirs)]
    expected = ("pytest-of-", _HOME, _NOTES, _EXAMPLES)
    found += [f"file {path}" for path in _in(directory) if not path.name.startswith(expected)]
    while not mounts and directory.exists():
        with suppress(FileNotFoundError):
            shutil.rmtree(directory)
    return found


def _noted(directory: Path) -> Iterator[Path]:
    for path in _in(directory / _NOTES):
        with suppress(FileNotFoundError):
            yield Path(path.read_text())


def _in(directory: Path) -> list[Path]:
    try:
        return list(directory.iterdir())
    except FileNotFoundError:
        return []


def _mounts(directories: list[Path]) -> Iterator[str]:
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        point = line.split()[4]
        if any(Path(point).is_relative_to(directory) for directory in directories):
            yield point


def _processes(directories: Iterable[Path]) -> Iterator[tuple[int, str]]:
    """Those whose command or environment has one of these directories."""
    names = [os.fsencode(directory) for directory in directories]
    for path in Path("/proc").glob("[0-9]*"):
        if int(path.name) == os.getpid():
            continue
        try:
            command, environment = (path / "cmdline").read_bytes(), (path / "environ").read_bytes()
        except OSError:
            continue  # gone, or somebody else's
        if any(name in command or name in environment for name in names):
            yield int(path.name), command.replace(b"\0", b" ").decode(errors="replace").strip()


def _control_groups() -> Iterator[Path]:
    """Of all services on the host; others' may go meanwhile."""
    for above, names, _ in os.walk(cgroups.ROOT):
        if Path(above).name == "realvpc":
            yield from (Path(above) / name for name in names)


def ids(*run_dirs: Path) -> Iterator[Path]:
    """The ranges of ids that machines of these services and nodes have; others' may go meanwhile."""
    for entry in id_range.REGISTRY.glob("*"):
        with suppress(OSError):
            namespace = entry.readlink()
            if any(namespace.is_relative_to(run_dir) for run_dir in run_dirs):
                yield entry
