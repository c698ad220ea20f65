"""`realvpc logs`: what an instance wrote to its console, or a process of the service to its log."""

from __future__ import annotations

import base64
import codecs
import mmap
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import click
from msgspec import Struct

from realvpc import config
from realvpc.daemon import launch

from .instances import complete_any, find
from .terminal import ask_service, harmless_but_colours, service, state_option, word

_PAUSE = 0.3  # seconds
_CHUNK = 8 << 20  # more than is left of a log that is cut
_REMEMBERED = 256


class Piece(Struct, frozen=True):
    """Some of a log, the position behind it, and whether more may come once there is nothing left to read."""

    data: bytes
    position: int
    open: bool


Read: TypeAlias = Callable[[int | None], Piece]
"""Reads on from a position; from None, what there is to see first."""


@click.command("logs", short_help="Show an instance's console, or the service's logs.")
@state_option
@click.option("--follow", "-f", is_flag=True, help="Go on with what is written, until the instance stops.")
@click.option("--lines", "-n", type=click.IntRange(0), metavar="N", help="The last N lines only [all].")
@click.option(
    "--service",
    "process",
    type=click.Choice([launch.API, launch.NODE]),
    help="The log of this process of the service instead.",
)
@click.argument("instance", type=word, required=False, shell_complete=complete_any)
def logs_command(
    state: Path | None, follow: bool, lines: int | None, process: str | None, instance: str | None
) -> None:
    """Show what INSTANCE (its id or its Name tag) wrote to its console: its start, and what its user data printed.

    The last 64 KiB are kept for it, also while it is stopped, as GetConsoleOutput shows them.

    \b
    Examples:
      realvpc logs VPC-A-EC2
      realvpc logs --follow --lines 20 VPC-A-EC2
      realvpc logs --service node | grep failed
    """
    if (instance is None) == (process is None):
        raise click.UsageError("Name an instance, or a process with --service.")
    read = _log(service(state), process, lines) if process else _console(state, str(instance), lines)
    try:
        _print(pieces(read, follow=follow))
    except KeyboardInterrupt:  # how following ends
        click.echo()


def _console(state: Path | None, name: str, lines: int | None) -> Read:
    instance = find(state, name)
    if instance["state"] == "terminated":
        raise config.SettingsError(f"{name} is terminated: its console went with its disk")
    instance_id = instance["id"]

    def read(position: int | None) -> Piece:
        answer = ask_service(state, "GET", "console", instance=instance_id, since=position)
        data = base64.b64decode(answer["output"])
        return Piece(last_lines(data, lines) if position is None else data, answer["position"], answer["runs"])

    return read


def _log(settings: config.Settings, process: str, lines: int | None) -> Read:
    path = settings.log(process)

    def read(position: int | None) -> Piece:
        try:
            with path.open("rb") as file:
                size = file.seek(0, 2)
                start = _beginning(file.fileno(), size, lines) if position is None else position
                file.seek(start if start <= size else 0)
                data = file.read(_CHUNK)
                return Piece(data, file.tell(), open=True)
        except FileNotFoundError:
            return Piece(b"", 0, open=True)
        except PermissionError:
            raise config.SettingsError(f"{path} is not readable for you. Try `sudo realvpc …`") from None

    return read


def pieces(read: Read, *, follow: bool, pause: Callable[[float], None] = time.sleep) -> Iterator[bytes]:
    """All there is, and with ``follow`` what comes, until no more can."""
    position, shown, still_open = None, b"", True
    while True:
        piece = read(position)
        if data := _unseen(piece, position, shown):
            yield data
            shown = (shown + data)[-_REMEMBERED:]
        elif position is not None:  # nothing, and the look before said whether it would be so for ever
            if not (follow and still_open):
                return
            pause(_PAUSE)
        position, still_open = piece.position, piece.open


def _unseen(piece: Piece, asked: int | None, shown: bytes) -> bytes:
    """What of a piece was not ``shown``: a log whose beginning was cut off is read again from what is left of it."""
    if asked is None or piece.position >= asked:
        return piece.data
    return piece.data[max(0, piece.data.rfind(shown)) :].removeprefix(shown)


def last_lines(data: bytes, lines: int | None) -> bytes:
    return data[_tail_of(data, len(data), lines) :]


def _beginning(descriptor: int, size: int, lines: int | None) -> int:
    if not size or lines is None:
        return 0
    with mmap.mmap(descriptor, size, access=mmap.ACCESS_READ) as data:
        return _tail_of(data, size, lines)


def _tail_of(data: bytes | mmap.mmap, size: int, lines: int | None) -> int:
    """Where the last lines begin; what follows the last line break is a line too."""
    if lines is None:
        return 0
    if lines == 0:
        return size
    end = size - 1 if data[size - 1 : size] == b"\n" else size
    for _ in range(lines):
        end = data.rfind(b"\n", 0, end)
        if end < 0:
            return 0
    return end + 1


def _print(log: Iterator[bytes]) -> None:
    """Byte by byte into a file; on a terminal nothing that would command it."""
    if not sys.stdout.isatty():
        for data in log:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        return
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    last = "\n"
    for data in log:
        if text := decoder.decode(data):
            click.echo(harmless_but_colours(text), nl=False)
            last = text[-1]
    if last != "\n":
        click.echo()
