"""How the commands look: marks, columns, and complaints that say what to do."""

from __future__ import annotations

import json
import sys
import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from realvpc import config
from realvpc.daemon.client import ServiceError, ask

Problem = (ServiceError, config.SettingsError)
"""What a command may raise for people to read; `realvpc` prints it and exits with 1."""

state_option = click.option(
    "--state", "state", type=click.Path(path_type=Path), metavar="DIR", help="State directory of the service to use."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def mark(good: bool | None) -> str:
    """A tick, a cross, or (None) an exclamation mark."""
    plain = not _can_print("✓✗")
    if good is None:
        return click.style("!", fg="yellow", bold=True)
    if good:
        return click.style("ok" if plain else "✓", fg="green", bold=True)
    return click.style("no" if plain else "✗", fg="red", bold=True)


def say(line: str) -> None:
    """One line of progress, on stderr."""
    click.echo(f"  {mark(True)} {line}", err=True)


def complain(text: str) -> None:
    click.echo(f"{click.style('realvpc:', fg='red', bold=True)} {text}", err=True)


def faint(text: str) -> str:
    return click.style(text, dim=True)


def strong(text: str) -> str:
    return click.style(text, bold=True)


def print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2, ensure_ascii=False, default=str))


def print_table(heading: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Columns as wide as they need to be, CJK included."""
    texts = [list(heading), *([("-" if cell is None else str(cell)) for cell in row] for row in rows)]
    widths = [max(_width(row[i]) for row in texts) for i in range(len(heading))]
    for number, row in enumerate(texts):
        cells = [cell + " " * (width - _width(cell)) for cell, width in zip(row, widths, strict=True)]
        line = "  ".join(cells).rstrip()
        click.echo(faint(line) if number == 0 else line)


def service(state: Path | None) -> config.Settings:
    """The service that the person means.  Raises SettingsError."""
    import os

    directory = state.absolute() if state else config.default_state_dir(os.environ, os.geteuid())
    settings = config.load(directory)
    if settings is None:
        raise config.SettingsError(f"there is no service in {directory}. Start one with `realvpc up`")
    return settings


def ask_service(state: Path | None, method: str, path: str, **parameters: Any) -> Any:
    """The service's answer to an administration request.  Raises ServiceError and SettingsError."""
    return ask(service(state).admin_socket, method, path, **parameters)


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in click.unstyle(text))


def _can_print(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
