"""What is installed is locked by name, version and hash, and comes from wherever this machine's packages come from."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text())
REGISTRIES = (  # in two parts: this file is looked at, too
    ("pypi", "org"),
    ("pythonhosted", "org"),
    ("npmjs", "org"),
    ("npmjs", "com"),
    ("yarnpkg", "com"),
    ("deb.debian", "org"),
    ("archive.ubuntu", "com"),
    ("security.ubuntu", "com"),
    ("terraform", "io"),
    ("docker", "io"),
    ("crates", "io"),
    ("proxy.golang", "org"),
)
_PIN = re.compile(r"([A-Za-z0-9._-]+)==(\S+)(?: ; [^\\]+?)?((?: \\\n    --hash=sha256:[0-9a-f]{64})+)")


def pins(group: str) -> dict[str, str]:
    """The versions of a lock file by name; it holds nothing but versions with hashes."""
    text = (ROOT / "requirements" / f"{group}.txt").read_text()
    found = list(_PIN.finditer(text))
    assert "\n".join(match[0] for match in found) + "\n" == text
    return {canonicalize_name(match[1]): match[2] for match in found}


def asked(group: str) -> Iterator[Requirement]:
    """What pyproject.toml asks for in a group, with what the group includes."""
    for entry in PROJECT["dependency-groups"][group]:
        if isinstance(entry, str):
            yield Requirement(entry)
        else:
            yield from asked(entry["include-group"])


@pytest.mark.parametrize("group", ["dev", "lock", "clients"])
def test_each_lock_file_has_what_the_project_asks_for(group: str) -> None:
    wanted = list(asked(group))
    if group == "dev":  # and with it the project's own
        wanted += map(Requirement, [*PROJECT["project"]["dependencies"], *PROJECT["build-system"]["requires"]])
    locked = pins(group)
    for requirement in wanted:
        version = locked.get(canonicalize_name(requirement.name))
        assert version and requirement.specifier.contains(version), f"{requirement}: {version}. Run scripts/lock"


def test_npm_packages_are_locked_by_their_hashes() -> None:
    directory = ROOT / "tests/e2e/ssm_session"
    asked = json.loads((directory / "package.json").read_text())["dependencies"]
    root, *packages = json.loads((directory / "package-lock.json").read_text())["packages"].values()
    assert root["dependencies"] == asked
    assert len(packages) >= len(asked)
    for package in packages:
        assert package["version"]
        assert package["integrity"].startswith("sha512-")
        assert "resolved" not in package


def test_no_file_names_the_host_of_a_registry() -> None:
    command = ["git", "-c", "safe.directory=*", "ls-files", "-z"]
    tracked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    hosts = re.compile("|".join(rf"{re.escape('.'.join(host))}\b" for host in REGISTRIES).encode())
    paths = [ROOT / name for name in tracked.split("\0") if name]
    assert len(paths) > 100
    named = {path: found[0].decode() for path in paths if path.is_file() and (found := hosts.search(path.read_bytes()))}
    assert not named
