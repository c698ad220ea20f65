"""A small Debian in a directory, by debootstrap(8) and apt-get(8)."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import click

from realvpc.config import SettingsError

MIRROR = "http://deb.debian.org/debian"
_PACKAGES = (
    "ca-certificates",
    "curl",
    "dnsutils",
    "iproute2",
    "iputils-ping",
    "less",
    "openssh-server",
    "procps",
    "sudo",
)
_NAME = re.compile(r"[a-z0-9][a-z0-9.+-]*")
_POLICY = "usr/sbin/policy-rc.d"


def bootstrap(root: Path, suite: str, mirror: str, more: list[str], cache: Path) -> None:
    """Make a small Debian, with these packages more, in the directory `root`.  Raises SettingsError."""
    for word in (suite, *more):
        if not _NAME.fullmatch(word):
            raise SettingsError(f"{word!r} is neither a suite nor a package of Debian's")
    if not mirror.startswith(("http://", "https://")):
        raise SettingsError(f"{mirror} is no mirror: it has to be a URL")
    if shutil.which("debootstrap") is None:
        raise SettingsError("debootstrap is missing. Try `sudo apt-get install debootstrap`")
    options = ("--variant=minbase", f"--include={','.join(_PACKAGES)}", f"--cache-dir={cache}")
    _run("debootstrap", *options, suite, str(root), mirror)
    if more:  # by apt-get, which knows in which order packages have to be configured
        policy = root / _POLICY
        policy.write_text("#!/bin/sh\nexit 101\n")  # no service is started: it would be one of this machine's
        policy.chmod(0o755)
        _run("chroot", str(root), "apt-get", "-q", "update")
        _run("chroot", str(root), "apt-get", "-qy", "--no-install-recommends", "install", *more)
        policy.unlink()
    for package in (root / "var/cache/apt/archives").glob("*.deb"):
        package.unlink()


def _run(*command: str) -> None:
    """With the step that it is at on one line of a terminal.  Raises SettingsError with its last words."""
    last: list[str] = []
    terminal = sys.stderr.isatty()
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive", "LC_ALL": "C.UTF-8"}
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
