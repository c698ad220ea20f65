"""Instances by id or Name tag, as people name them on the command line."""

from __future__ import annotations

import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

import click

from realvpc.config import SettingsError
from realvpc.daemon.client import ServiceError

from .terminal import COMPLETION_SECONDS, ask_service, print_table

_PLAIN = re.compile(r"[\w.@%+=-]+\Z")  # a word of any shell's, and a place of `realvpc cp`'s
_SHOWN = ("id", "account", "region", "state", "address")


def complete_running(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """For an argument that names a running instance."""
    return names(ctx, incomplete)


def complete_any(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """For an argument that names an instance with a disk, be it stopped."""
    return names(ctx, incomplete, running=False)


def complete_endpoint(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """For an argument of `realvpc why`."""
    return [*names(ctx, incomplete), *(word for word in ("internet", "ssm") if word.startswith(incomplete))]


def names(ctx: click.Context, incomplete: str, *, running: bool = True) -> list[str]:
    """Name tags that begin like this, and ids once somebody types one; nothing where the service does not answer."""
    try:
        found: list[dict[str, Any]] = ask_service(
            ctx.params.get("state"), "GET", "instances", timeout=COMPLETION_SECONDS
        )
    except (ServiceError, SettingsError, OSError):
        return []
    return completions(found, incomplete, running=running)


def completions(instances: Collection[dict[str, Any]], incomplete: str, *, running: bool) -> list[str]:
    """An instance is offered by its Name tag when that is a plain word and its alone, else by its id.

    Whoever types ``i-`` is offered ids.
    """
    wanted = [each for each in instances if each["state"] == "running" or (not running and each["address"])]
    tags = [each["name"] for each in wanted]
    words = {
        tag if tag and not incomplete.startswith("i-") and tags.count(tag) == 1 and _PLAIN.match(tag) else each["id"]
        for each, tag in zip(wanted, tags, strict=True)
    }
    return sorted(word for word in words if word.startswith(incomplete))


def find_running(state: Path | None, name: str) -> str:
    """The id of the one running instance with this id or Name tag, of whichever account.  Raises SettingsError."""
    found = _called(state, name)
    running = [each for each in found if each["state"] == "running"]
    if not running:
        raise SettingsError(f"{name} is {found[0]['state']}, not running")
    instance_id: str = _only(running, f"running instances are called {name}")["id"]
    return instance_id


def find(state: Path | None, name: str) -> dict[str, Any]:
    """The one instance with this id or Name tag; one that is terminated only if all are.  Raises SettingsError."""
    found = _called(state, name)
    there = [each for each in found if each["state"] != "terminated"]
    return _only(there or found[:1], f"instances are called {name}")


def _called(state: Path | None, name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = ask_service(state, "GET", "instances", name=name)
    if not found:
        raise SettingsError(f"there is no instance {name}. `realvpc hosts` names those there are")
    return found


def _only(instances: list[dict[str, Any]], sentence: str) -> dict[str, Any]:
    if len(instances) > 1:
        rows = [[each[key] for key in _SHOWN] for each in instances]
        print_table(["INSTANCE", "ACCOUNT", "REGION", "STATE", "ADDRESS"], rows, err=True)
        raise SettingsError(f"{len(instances)} {sentence}: use the id")
    return instances[0]
