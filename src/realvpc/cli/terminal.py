"""How the commands look: marks, columns, and complaints that say what to do."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any, TextIO

import click

from realvpc import config
from realvpc.columns import align, printable
from realvpc.daemon.client import ServiceError, ask

from .remedy import note_state

Problem = (ServiceError, config.SettingsError)
"""What a command may raise for people to read; `realvpc` prints it and exits with 1."""

COMPLETION_SECONDS = 1.0  # whoever has pressed Tab waits no longer


def word(text: str) -> str:
    """The type of all that is a name: an empty one is a variable of a shell's that nobody has set."""
    if not text:
        raise click.BadParameter("it is empty: is a variable not set?")
    return text


class _Place(click.Path):
    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        if value == "":
            self.fail("it is empty: is a variable not set?", param, ctx)
        return super().convert(value, param, ctx)


place = _Place(path_type=Path)
"""The type of all that is a path: an empty one would mean the current directory."""


def _noted(ctx: click.Context, param: click.Parameter, value: Path | None) -> Path | None:
    note_state(ctx, value)
    return value


state_option = click.option(
    "--state",
    "state",
    type=place,
    metavar="DIR",
    callback=_noted,
    help="The service's state directory, else that of REALVPC_STATE.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def mark(good: bool | None) -> str:
    """A tick, a cross, or (None) an exclamation mark."""
    plain = not (_can_print("✓✗", sys.stdout) and _can_print("✓✗", sys.stderr))
    if good is None:
        return click.style("!", fg="yellow", bold=True)
    if good:
        return click.style("ok" if plain else "✓", fg="green", bold=True)
    return click.style("no" if plain else "✗", fg="red", bold=True)


def say(line: str) -> None:
    """One line of progress, on stderr."""
    click.echo(f"  {mark(True)} {line}", err=True)


def complain(text: str) -> None:
    click.echo(f"{click.style('realvpc:', fg='red', bold=True)} {text}", err=True, color=colour(os.environ))


def colour(environment: Mapping[str, str]) -> bool | None:
    """False where nobody wants colours (https://no-color.org); None: where the output is a terminal."""
    return False if environment.get("NO_COLOR") else None


def japanese(environment: Mapping[str, str]) -> bool:
    """Whether sentences are wanted in Japanese (POSIX: the first that is set of these names the locale)."""
    names = (environment.get(name) for name in ("LC_ALL", "LC_MESSAGES", "LANG"))
    return next(filter(None, names), "").startswith("ja")


def harmless(text: str) -> str:
    """What a stranger wrote, for a terminal: letters, lines and tabs as they are, and nothing that commands it."""
    return "".join(
        character if character.isprintable() or character in "\n\t" else f"\\x{ord(character):02x}"
        for character in text
    )


def harmless_but_colours(text: str) -> str:
    """As ``harmless``, but colours stay, and end with the text."""
    parts = _COLOUR.split(text.replace("\r\n", "\n"))
    shown = "".join(part if number % 2 else harmless(part) for number, part in enumerate(parts))
    return f"{shown}\033[0m" if len(parts) > 1 else shown


_COLOUR = re.compile(r"(\033\[[\d;]*m)")


def faint(text: str) -> str:
    return click.style(text, dim=True)


def strong(text: str) -> str:
    return click.style(text, bold=True)


def print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def print_table(
    heading: Sequence[str], rows: Sequence[Sequence[object]], right: Collection[int] = (), *, err: bool = False
) -> None:
    """A heading, and columns beneath it; ``right``: those of figures."""
    texts = [heading, *([("-" if cell is None else printable(str(cell))) for cell in row] for row in rows)]
    for number, line in enumerate(align(texts, right)):
        click.echo(faint(line) if number == 0 else line, err=err)


def service(state: Path | None) -> config.Settings:
    """The service that the person means.  Raises SettingsError."""
    directory = state.absolute() if state else config.default_state_dir(os.environ, os.geteuid())
    settings = config.load(directory)
    if settings is None:
        raise config.SettingsError(f"there is no service in {directory}. Start one with `realvpc up`")
    return settings


def service_with_packets(state: Path | None, purpose: str) -> config.Settings:
    """The service, for a command that looks into its instances.  Raises SettingsError before anything is done."""
    settings = service(state)
    if settings.fabric is config.Fabric.NONE:
        raise config.SettingsError(f"{purpose} takes packets, and this service runs with --fabric none")
    if os.geteuid() != 0:
        raise config.SettingsError(f"{purpose} takes root. Try `sudo realvpc …`")
    return settings


def ask_service(state: Path | None, method: str, path: str, **parameters: Any) -> Any:
    """The service's answer to an administration request.  Raises ServiceError and SettingsError."""
    return ask(service(state).admin_socket, method, path, **parameters)


def _can_print(text: str, file: TextIO) -> bool:
    try:
        text.encode(file.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
