"""`realvpc image`: the systems that instances are made of."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from realvpc.config import DEFAULT_REGION, Settings, SettingsError

from .debian import bootstrap
from .terminal import (
    ask_service,
    faint,
    json_option,
    place,
    print_json,
    print_table,
    say,
    service_with_packets,
    state_option,
    word,
)

if TYPE_CHECKING:
    from realvpc.instance.image_store import ImageStore

_account_option = click.option(
    "--account", "accounts", type=word, multiple=True, metavar="NAME", help="Whose it is; may be repeated [main]."
)
_region_option = click.option(
    "--region", "regions", type=word, multiple=True, help=f"Where it is; may be repeated [{DEFAULT_REGION}]."
)


@click.group("image")
def image_command() -> None:
    """Add systems that instances are made of.

    \b
    Examples:
      sudo realvpc image debian              make one of Debian's packages
      sudo realvpc image add web ./rootfs    or of what there is
      aws ec2 describe-images --owners self
    """


@image_command.command("add", short_help="Make an image of a directory, a tar archive or an OCI layout.")
@click.argument("name", type=word)
@click.argument("source", type=place)
@_account_option
@_region_option
@click.option("--description", default="", help="As DescribeImages shows it.")
@state_option
@json_option
def add_command(
    name: str,
    source: Path,
    accounts: tuple[str, ...],
    regions: tuple[str, ...],
    description: str,
    state: Path | None,
    as_json: bool,
) -> None:
    """Make an image NAME of SOURCE, ready for RunInstances.

    SOURCE is a system as a directory, as a tar archive (plain, gzip, bzip2, xz or zstandard), or as container tools
    write it: an OCI layout, or what `docker save` gives, each as a directory or an archive. It needs a /bin/sh.

    \b
    Examples:
      sudo realvpc image add web ./rootfs
      docker save nginx:stable > nginx.tar && sudo realvpc image add nginx nginx.tar
      skopeo copy docker://alpine oci:alpine && sudo realvpc image add alpine alpine
    """
    settings = service_with_packets(state, "adding an image")
    _add(settings, state, name, lambda: source, accounts, regions, description, as_json=as_json)


@image_command.command("debian", short_help="Make an image of Debian with debootstrap.")
@click.option("--suite", type=word, default="bookworm", help="Debian's release [bookworm].")
@click.option("--name", type=word, help="The image's name [debian-SUITE].")
@click.option("--include", default="", metavar="PACKAGES", help="More packages, separated by commas: cloud-init, …")
@click.option(
    "--mirror", type=word, metavar="URL", help="Where the packages come from [as apt's sources on this machine say]."
)
@_account_option
@_region_option
@state_option
@json_option
def debian_command(
    suite: str,
    name: str | None,
    include: str,
    mirror: str | None,
    accounts: tuple[str, ...],
    regions: tuple[str, ...],
    state: Path | None,
    as_json: bool,
) -> None:
    """Make an image of a small Debian with an SSH server, from packages that its archive has signed.

    \b
    Examples:
      sudo realvpc image debian
      sudo realvpc image debian --suite trixie --include nginx,cloud-init
    """
    settings = service_with_packets(state, "making an image")
    cache = settings.state_dir / "cache"
    cache.mkdir(mode=0o700, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="debian-", dir=cache) as directory:
        root = Path(directory) / suite

        def make() -> Path:
            bootstrap(root, suite, mirror, [package for package in include.split(",") if package], cache)
            say(f"Debian {suite} is set up")
            return root

        description = f"Debian {suite} by debootstrap"
        _add(settings, state, name or f"debian-{suite}", make, accounts, regions, description, as_json=as_json)


@image_command.command("list", short_help="List the images that were added.")
@state_option
@json_option
def list_command(state: Path | None, as_json: bool) -> None:
    """List the images that were added or made, of every account."""
    images: list[dict[str, Any]] = ask_service(state, "GET", "images")["images"]
    names = {account["id"]: account["name"] for account in ask_service(state, "GET", "accounts")}
    if as_json:
        print_json(images)
    elif not images:
        click.echo("There are no images but the built-in one. `realvpc image add --help` says how to add some.")
    else:
        rows = [
            [row["name"], row["id"], names.get(row["account"]), row["region"], row["state"], f"{row['size_gib']} GiB"]
            for row in images
        ]
        print_table(["NAME", "IMAGE", "ACCOUNT", "REGION", "STATE", "SIZE"], rows, right=[5])


@image_command.command("remove", short_help="Remove an image and what it takes up.")
@click.argument("name", type=word)
@state_option
def remove_command(name: str, state: Path | None) -> None:
    """Deregister the images called NAME, or the one with this id, and delete their snapshots.

    Where images of different contents have the same name, the id is asked for.

    Instances that were made of it go on; it is deleted from the disk when the last one has been terminated and
    another image is added or removed.
    """
    settings = service_with_packets(state, "removing an image")
    removed = ask_service(state, "POST", "images/remove", name=name)["images"]
    _tidy(_store(settings), state)
    click.echo(f"{name}: {', '.join(row['id'] for row in removed)} deregistered.")


def _add(
    settings: Settings,
    state: Path | None,
    name: str,
    make: Callable[[], Path],
    accounts: tuple[str, ...],
    regions: tuple[str, ...],
    description: str,
    *,
    as_json: bool,
) -> None:
    """An image of what `make` returns, which is called once its name is taken.  Raises SettingsError, ServiceError."""
    from realvpc.instance.image_source import SourceError

    store = _store(settings)
    _tidy(store, state)
    announced = ask_service(
        state,
        "POST",
        "images/announce",
        name=name,
        description=description,
        accounts=_account_ids(state, accounts or ("main",)),
        regions=list(regions or (DEFAULT_REGION,)),
    )
    content = announced["content"]
    size = None
    try:
        size = store.add(content, make(), say)
    except (SourceError, OSError) as error:
        raise SettingsError(str(error)) from error
    finally:
        ask_service(state, "POST", "images/finish", content=content, size=size)
    say(f"{size / 1e6:.0f} MB unpacked")
    if as_json:
        print_json([row | {"state": "available"} for row in announced["images"]])
    for row in () if as_json else announced["images"]:
        click.echo(f"{name} is {row['id']} {faint('in ' + row['region'])}")


def _store(settings: Settings) -> ImageStore:
    from realvpc.instance.image_store import ImageStore

    return ImageStore(settings.machines_dir / "images")


def _tidy(store: ImageStore, state: Path | None) -> None:
    """What no image, snapshot or instance needs any more goes."""
    store.keep(ask_service(state, "GET", "images")["contents"])


def _account_ids(state: Path | None, names: tuple[str, ...]) -> list[str]:
    ids = {row["name"]: row["id"] for row in ask_service(state, "GET", "accounts")}
    for name in names:
        if name not in ids and name not in ids.values():
            raise SettingsError(f"there is no account {name}: {', '.join(ids)}")
    return [ids.get(name, name) for name in names]
