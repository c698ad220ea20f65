"""The commands that texts suggest, as this person has to type them.

A text, of whichever part of RealVPC, names a command in backticks: ``realvpc hosts``, or ``sudo realvpc …`` for what
was typed, once more with other options. Here alone it gets what makes it work as it stands: the service that was meant,
sudo, and the path of a command that PATH does not find.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import click
from msgspec import Struct

from realvpc import config

AGAIN = "…"
"""Stands in a suggestion for the words that were typed."""

_STATE = "realvpc.state"
_SUGGESTION = re.compile(r"`(sudo )?realvpc (\S[^`]*)`")
_ROOTS_OWN = frozenset({"up", "down"})
"""What only the owner of a service's state can do."""
_SECURE_PATH = frozenset(Path(f"{base}/{name}") for base in ("/usr/local", "/usr", "/") for name in ("bin", "sbin"))
"""sudoers(5), secure_path: Debian's and Ubuntu's."""


class Typed(Struct, frozen=True):
    """A command line: the command itself, the ``words`` after it, and the state directory that they name, if any."""

    command: str
    words: Sequence[str]
    state: Path | None
    environment: Mapping[str, str]
    uid: int

    @property
    def directory(self) -> Path:
        """The service that is meant."""
        return self.state.absolute() if self.state else config.default_state_dir(self.environment, self.uid)

    @property
    def names_a_service(self) -> bool:
        """Whether one was chosen, or there is one: who has none yet may as well begin where root's is."""
        return bool(self.state or self.environment.get("REALVPC_STATE")) or config.has_service(self.directory)


def note_state(ctx: click.Context, state: Path | None) -> None:
    """Remember which service was typed, for all that the command may suggest."""
    ctx.meta[_STATE] = state


def remedied(text: str) -> str:
    """The text, with its suggestions for whoever typed the command that runs now."""
    return rewrite(text, *_now())


def suggestion(*words: str) -> str:
    """One command that takes no root."""
    return _command([*words], False, *_now())


def _now() -> tuple[Typed, click.Command | None]:
    ctx = click.get_current_context(silent=True)
    state = ctx.meta.get(_STATE) if ctx else None
    typed = Typed(sys.argv[0], sys.argv[1:], state, os.environ, os.geteuid())
    return typed, ctx.find_root().command if ctx else None


def rewrite(text: str, typed: Typed, commands: click.Command | None) -> str:
    """``commands`` is the root of those that there are: it knows which of them take ``--state``."""

    def command(match: re.Match[str]) -> str:
        words = match[2].split()
        if again := words[0] == AGAIN:
            words = [*map(shlex.quote, _without(typed.words, words[1:])), *words[1:]]
        named = again and typed.state is not None
        return (
            f"`{_command(words, bool(match[1]) or _needs_sudo(words[0], typed), typed, None if named else commands)}`"
        )

    return _SUGGESTION.sub(command, text)


def _command(words: list[str], sudo: bool, typed: Typed, commands: click.Command | None) -> str:
    place = _path_length(words, commands)
    if place and typed.names_a_service and typed.directory != _default(typed, sudo):
        words[place:place] = ["--state", shlex.quote(str(typed.state or typed.directory))]
    return " ".join([*(["sudo"] if sudo else []), _program(typed, sudo), *words])


def _without(words: Sequence[str], options: Sequence[str]) -> Iterator[str]:
    """The words but for these options, which were given another value."""
    names = {word for word in options if word.startswith("--")}
    rest = iter(words)
    for word in rest:
        if word in names:
            next(rest, None)
        elif word.partition("=")[0] not in names:
            yield word


def _needs_sudo(name: str, typed: Typed) -> bool:
    if typed.uid == 0:  # through sudo: so they do it
        return typed.environment.get("SUDO_UID", "0") != "0"
    try:
        return name in _ROOTS_OWN and typed.directory.stat().st_uid == 0
    except OSError:
        return False


def _path_length(words: Sequence[str], commands: click.Command | None) -> int:
    """How many words name the command, if it takes ``--state``; else none."""
    found, context, length = commands, click.Context(click.Command("realvpc")), 0
    while isinstance(found, click.Group) and length < len(words):
        found = found.get_command(context, words[length])
        length += 1
    takes = found is not None and any(parameter.name == "state" for parameter in found.params)
    return length if takes and "--help" not in words else 0


def _default(typed: Typed, sudo: bool) -> Path:
    """The service that a command means which names none; sudo keeps no variables."""
    return config.default_state_dir({} if sudo else typed.environment, 0 if sudo else typed.uid)


def _program(typed: Typed, sudo: bool) -> str:
    """The command's name where it is found by that, by sudo in a PATH of its own; else where it is."""
    found = shutil.which("realvpc", path=typed.environment.get("PATH", os.defpath))
    path = Path(found if found and Path(typed.command).name == typed.command else typed.command).absolute()
    if sudo:
        return "realvpc" if path.parent in _SECURE_PATH else shlex.quote(str(path))
    return "realvpc" if found and Path(found).absolute() == path else shlex.quote(typed.command)
