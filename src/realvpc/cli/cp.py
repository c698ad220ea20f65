"""`realvpc cp`: files and directories into an instance and out of it."""

from __future__ import annotations

import resource
import sys
from pathlib import Path

import click
from click.shell_completion import CompletionItem
from msgspec import Struct

from realvpc.config import SettingsError

from .instances import find_running, names
from .terminal import complain, service_with_packets, state_option, word

_MEMORY = 1 << 29  # enough for any honest archive's headers
_NOTES_SHOWN = 10


class Place(Struct, frozen=True):
    """``INSTANCE:PATH``, or a path on this host, where ``instance`` is None."""

    instance: str | None
    path: str


def parse_place(text: str) -> Place:
    """As scp reads it: what stands before the first colon is an instance, unless there is a slash in it."""
    instance, colon, path = text.partition(":")
    return Place(instance, path) if colon and instance and "/" not in instance else Place(None, text)


def _complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    files = [CompletionItem(incomplete, type="file")]
    if "/" in incomplete or ":" in incomplete:
        return files
    return files + [CompletionItem(f"{name}:") for name in names(ctx, incomplete)]


@click.command("cp", short_help="Copy files into an instance and out of it.")
@state_option
@click.option(
    "--user", type=word, default="root", help="Whose rights count in the instance, and whose the files become [root]."
)
@click.argument("source", type=word, metavar="SRC", shell_complete=_complete)
@click.argument("destination", type=word, metavar="DST", shell_complete=_complete)
def cp_command(state: Path | None, user: str, source: str, destination: str) -> None:
    """Copy a file, or a directory with all that is in it, from SRC to DST.

    One of them is INSTANCE:PATH (an id or a Name tag; a PATH without a slash in front begins at the user's home), the
    other a path on this host, or - for standard input or output of a file.

    Modes are kept. What comes out of an instance belongs to you and nobody else may write it; what would lead out of
    DST is left out, and the exit code is 1.

    \b
    Examples:
      sudo realvpc cp site.conf VPC-A-EC2:/etc/nginx/
      sudo realvpc cp --user ec2-user ./app VPC-A-EC2:          to /home/ec2-user/app
      sudo realvpc cp VPC-A-EC2:/var/log ./logs
      sudo realvpc cp VPC-A-EC2:/etc/hosts - | grep internal
      pg_dump shop | sudo realvpc cp - VPC-A-EC2:/root/shop.sql
    """
    here, there = parse_place(source), parse_place(destination)
    if (here.instance is None) == (there.instance is None):
        raise click.UsageError("One of SRC and DST is INSTANCE:PATH, the other is on this host (a:b is written ./a:b).")
    from realvpc.node.answer import NodeError
    from realvpc.node.connection import NodeConnection

    from .transfer import STREAM, Guest

    settings = service_with_packets(state, "looking into an instance")
    if there.instance is not None and source != STREAM and not Path(source).exists():
        raise SettingsError(f"{source}: No such file or directory")
    instance_id = find_running(state, str(there.instance or here.instance))
    resource.setrlimit(resource.RLIMIT_DATA, (_MEMORY, resource.getrlimit(resource.RLIMIT_DATA)[1]))
    try:
        with NodeConnection(settings.node_socket) as node:
            if there.instance is not None:
                guest = Guest(node, instance_id, user, destination)
                guest.put(source, there.path)
            else:
                guest = Guest(node, instance_id, user, source)
                guest.get(here.path, destination)
    except NodeError as error:
        raise SettingsError(str(error)) from error
    except OSError as error:
        raise SettingsError(f"{error.filename or 'copying'}: {error.strerror}") from error
    for note in guest.notes[:_NOTES_SHOWN]:
        complain(note)
    if len(guest.notes) > _NOTES_SHOWN:
        complain(f"and {len(guest.notes) - _NOTES_SHOWN} more")
    sys.exit(1 if guest.notes else 0)
