"""A small Debian in a directory, by debootstrap(8) and apt-get(8)."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click

from realvpc.config import SettingsError

from .apt_sources import OS_RELEASE, Source, debian_source, sources

_PACKAGES = (
    "ca-certificates",
    "curl",
    "dnsutils",
    "iproute2",
    "iputils-ping",
    "less",
    "nftables",
    "openssh-server",
    "procps",
    "sudo",
)
_NAME = re.compile(r"[a-z0-9][a-z0-9.+-]*")
_POLICY = "usr/sbin/policy-rc.d"


def bootstrap(root: Path, suite: str, mirror: str | None, more: list[str], cache: Path) -> None:
    """Make a small Debian, with these packages more, in the directory `root`.

    Without a `mirror` the packages come from where this machine's do.  Raises SettingsError.
    """
    for word in (suite, *more):
        if not _NAME.fullmatch(word):
            raise SettingsError(f"{word!r} is neither a suite nor a package of Debian's")
    archive = Source(mirror, (suite,), ()) if mirror else _archive(suite)
    if not archive.uri.startswith(("http://", "https://", "file:/")):
        raise SettingsError(f"{archive.uri} is no mirror: it has to be a URL of http, https or file")
    if shutil.which("debootstrap") is None:
        raise SettingsError("debootstrap is missing. Try `sudo apt-get install debootstrap`")
    options = ["--variant=minbase", f"--include={','.join(_PACKAGES)}", f"--cache-dir={cache}"]
    if archive.keyring:
        options.append(f"--keyring={archive.keyring}")
    _run("debootstrap", *options, suite, str(root), archive.uri)
    if more:  # by apt-get, which knows in which order packages have to be configured
        policy = root / _POLICY
        policy.write_text("#!/bin/sh\nexit 101\n")  # no service is started: it would be one of this machine's
        policy.chmod(0o755)
        _run("chroot", str(root), "apt-get", "-q", "update")
        _run("chroot", str(root), "apt-get", "-qy", "--no-install-recommends", "install", *more)
        policy.unlink()
    for package in (root / "var/cache/apt/archives").glob("*.deb"):
        package.unlink()


def _archive(suite: str) -> Source:
    """Raises SettingsError."""
    try:
        found = debian_source(suite, sources(), OS_RELEASE.read_text())
    except OSError as error:
        raise SettingsError(f"cannot read {error.filename}: {error.strerror}. Name a mirror with --mirror") from error
    if found is None:
        raise SettingsError(
            f"apt's sources in /etc/apt name no archive that has Debian's {suite}. Name one with --mirror"
        )
    return found


def _proxies() -> dict[str, str]:
    """apt's proxies for debootstrap, which only knows those of the environment."""
    if shutil.which("apt-config") is None:
        return {}
    names = {f"{scheme}_proxy": f"Acquire::{scheme}::Proxy" for scheme in ("http", "https")}
    words = [word for name, setting in names.items() for word in (name, setting)]
    printed = subprocess.run(["apt-config", "shell", *words], capture_output=True, text=True, check=False).stdout
    found = dict(word.partition("=")[::2] for word in shlex.split(printed))
    return {name: value for name, value in found.items() if value and value != "DIRECT"}


def _run(*command: str) -> None:
    """With the step that it is at on one line of a terminal.  Raises SettingsError with its last words."""
    last: list[str] = []
    terminal = sys.stderr.isatty()
    environment = {**_proxies(), **os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment
    ) as process:
        assert process.stdout
        for line in process.stdout:
            text = line.decode(errors="replace").strip()
            last = [*last[-4:], text]
            if terminal:
                width = shutil.get_terminal_size().columns - 4
                click.echo(f"\r\033[K  {text.removeprefix('I: ')[:width]}", err=True, nl=False)
    if terminal:
        click.echo("\r\033[K", err=True, nl=False)
    if process.returncode != 0:
        raise SettingsError(f"{command[0]} failed. Its last words:\n  " + "\n  ".join(last))
