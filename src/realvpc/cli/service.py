"""`realvpc up`, `down` and `status`."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from realvpc import config
from realvpc.config import Credentials, Fabric, Settings
from realvpc.daemon import launch
from realvpc.daemon.client import ServiceError, ask
from realvpc.net.quotas import QuotaMode

from .progress import ProgressLine
from .terminal import complain, faint, json_option, mark, print_json, say, service, state_option, strong

_PAUSE = 0.05  # seconds
_STALLED_SECONDS = 30.0
_REPAIRS_SHOWN = 3
_FIXED_WHILE_UP = (
    "host", "port", "credentials", "fabric", "sessions", "quotas", "host_names", "tls_certificate", "tls_key",
)  # fmt: skip


@click.command("up")
@state_option
@click.option("--listen", metavar="ADDRESS:PORT", help=f"Where AWS clients connect [{config.DEFAULT_LISTEN}].")
@click.option(
    "--credentials",
    type=click.Choice([each.value for each in Credentials]),
    help="strict verifies signatures [default]; any takes every key, and 12 digits as the account.",
)
@click.option(
    "--host-name",
    "host_names",
    multiple=True,
    metavar="NAME",
    help="With --credentials any: one more name that clients may call the service by; repeatable.",
)
@click.option("--tls-cert", type=click.Path(path_type=Path), help="Certificate and chain (PEM): serve https and wss.")
@click.option("--tls-key", type=click.Path(path_type=Path), help="Its private key (PEM).")
@click.option("--no-tls", is_flag=True, help="Serve plain HTTP again.")
@click.option(
    "--fabric",
    type=click.Choice([each.value for each in Fabric]),
    help="ebpf moves packets [default; root]; none is the API and the analysis without packets.",
)
@click.option(
    "--quotas",
    type=click.Choice([each.value for each in QuotaMode]),
    help="How much accounts may have at first: as on AWS, more [with --credentials any], or no limits [aws].",
)
@click.option(
    "--session-idle-minutes", type=click.IntRange(1, 60), help="After which a session that nobody uses ends [20]."
)
@click.option("--session-maximum-minutes", type=click.IntRange(1, 1440), help="After which every session ends [1440].")
@click.option(
    "--session-transcripts/--no-session-transcripts",
    default=None,
    help="Write down what sessions show, in STATE/api/transcripts, for root alone [no].",
)
@click.option("--foreground", is_flag=True, help="Stay, with the logs on stderr; Ctrl-C stops everything.")
def up_command(
    state: Path | None,
    listen: str | None,
    credentials: str | None,
    host_names: tuple[str, ...],
    tls_cert: Path | None,
    tls_key: Path | None,
    no_tls: bool,
    fabric: str | None,
    quotas: str | None,
    session_idle_minutes: int | None,
    session_maximum_minutes: int | None,
    session_transcripts: bool | None,
    foreground: bool,
) -> None:
    """Start the service, or whichever of its processes has died.

    What was running goes on running: instances and their connections outlive both processes. Options that you leave
    out are as they were the last time.

    \b
    Examples:
      sudo realvpc up
      realvpc up --fabric none                              no root, no packets
      realvpc up --state /tmp/two --listen 127.0.0.1:4567   a second one beside it
      realvpc up --listen 0.0.0.0:4566 --tls-cert cert.pem --tls-key key.pem
    """
    os.umask(0o022)  # whatever this person's is, the state is for more users than one, and for nobody to write
    directory = state.absolute() if state else config.default_state_dir(os.environ, os.geteuid())
    settings = config.decide(
        directory,
        os.environ,
        os.geteuid(),
        listen=listen,
        credentials=credentials,
        fabric=fabric,
        host_names=host_names,
        quotas=quotas,
        tls=_tls(tls_cert, tls_key, no_tls),
        sessions={
            "idle_minutes": session_idle_minutes,
            "maximum_minutes": session_maximum_minutes,
            "transcripts": session_transcripts,
        },
    )
    earlier = config.load(directory)
    if earlier and earlier != settings and any(launch.processes(earlier).values()):
        settings = _unchanged(earlier, settings)
    with ProgressLine(plain=True) as line:
        started = launch.start(settings, line.aside(say), foreground=foreground, show=line.show)
        lacking = _await_machines(settings, line) if started.roles and not foreground else None
    kept = _kept(ask(settings.admin_socket, "GET", "status")["node"]) if started.roles and not foreground else None
    for warning in _warnings(settings):
        click.echo(f"  {mark(None)} {warning}", err=True)
    for fault in started.faults:
        click.echo(f"  {mark(None)} {fault}", err=True)
    if kept:
        click.echo(f"  {mark(None)} {kept}", err=True)
    if lacking:
        click.echo(f"  {mark(None)} {lacking}: the others are still being started", err=True)
    if not started.roles:
        click.echo(f"RealVPC is already up at {strong(settings.endpoint_url)}.", err=True)
    else:
        _welcome(settings)
    if foreground:
        _stay(settings)


def _tls(certificate: Path | None, key: Path | None, off: bool) -> tuple[Path | None, Path | None] | None:
    """None where nothing was said about it.  Raises SettingsError."""
    if off and (certificate or key):
        raise config.SettingsError("--no-tls and --tls-cert exclude each other")
    if certificate or key:
        return certificate and certificate.absolute(), key and key.absolute()
    return (None, None) if off else None


def _warnings(settings: Settings) -> list[str]:
    """What lets others in, or listen."""
    found = []
    if settings.credentials is Credentials.ANY:
        found.append("--credentials any: signatures are not checked, whoever connects is let in")
    if settings.is_open and settings.tls_certificate is None:
        found.append(
            f"--listen {settings.host}: others can connect, and read along, since this is plain HTTP. "
            "Keep to 127.0.0.1, or give --tls-cert and --tls-key"
        )
    return found


def _await_machines(settings: Settings, line: ProgressLine) -> str | None:
    """Until the instances that ran when the service went down run again; returns how far it got if that stalls.

    A person who does not want to wait presses Ctrl-C: the processes go on.
    """
    if settings.fabric is Fabric.NONE:
        return None
    seen, deadline = -1, 0.0
    while True:
        answer = ask(settings.admin_socket, "GET", "status")
        wanted, up = answer["machines_wanted"], answer["node"]["machines_up"] or 0
        told = f"{up} of {_instances(wanted)} running"
        if up >= wanted:
            line.clear()
            if wanted:
                say(f"{_instances(wanted)} running")
            return None
        if up != seen:
            seen, deadline = up, time.monotonic() + _STALLED_SECONDS
        if time.monotonic() > deadline:
            return told
        line.show(told)
        time.sleep(_PAUSE)


def _instances(count: int) -> str:
    return f"{count} instance{'' if count == 1 else 's'}"


def _unchanged(earlier: Settings, wanted: Settings) -> Settings:
    """Running processes keep their settings; only who operates the service may differ.  Raises SettingsError."""
    for name in _FIXED_WHILE_UP:
        if getattr(earlier, name) != getattr(wanted, name):
            raise config.SettingsError(
                f"RealVPC is up with another {name.replace('_', ' ')} ({getattr(earlier, name)}). "
                "Change it after `realvpc down --keep-instances`"
            )
    return earlier


def _welcome(settings: Settings) -> None:
    usual = settings.state_dir == config.default_state_dir(os.environ, os.geteuid())
    option = "" if usual else f" --state {settings.state_dir}"
    click.echo(f"RealVPC is up at {strong(settings.endpoint_url)}.", err=True)
    if settings.fabric is Fabric.NONE:
        click.echo("There are no packets (--fabric none): the API, the model and the analysis work.", err=True)
    click.echo(f'Next:  eval "$(realvpc env{option})"  {faint("and use aws, boto3 or Terraform as ever")}', err=True)


def _stay(settings: Settings) -> None:
    """Until a signal or the end of a process; then everything stops."""
    received: list[int] = []
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, frame: received.append(number))
    while not received and all(launch.processes(settings).values()):
        time.sleep(0.2)
    launch.stop(settings, say)
    if not received:
        raise ServiceError("one of the processes has ended by itself: see above")


@click.command("down")
@state_option
@click.option("--keep-instances", is_flag=True, help="Stop the processes only; instances and packets go on.")
@click.option("--purge", is_flag=True, help="Delete the state as well: instances, VPCs, accounts.")
@click.option("--yes", is_flag=True, help="Do not ask before --purge.")
def down_command(state: Path | None, keep_instances: bool, purge: bool, yes: bool) -> None:
    """Stop the service, its instances and its fabric. The state stays for the next `realvpc up`.

    \b
    Examples:
      realvpc down                    the next `up` starts the instances again
      realvpc down --keep-instances   only the two processes stop: to upgrade RealVPC
      realvpc down --purge            nothing stays
    """
    if purge and keep_instances:
        raise click.UsageError("--purge and --keep-instances exclude each other.")
    settings = service(state)
    if purge and not yes:
        click.confirm(f"Delete {settings.state_dir} with everything in it{_disks_in(settings)}?", abort=True)
    lost = _disks_in(settings) if purge else ""
    with ProgressLine(plain=True) as line:
        ran = launch.stop(settings, line.aside(say), keep_instances=keep_instances, purge=purge, show=line.show)
    if purge:
        say(f"{settings.state_dir} deleted{lost}")
    click.echo("RealVPC is down." if ran or purge else "RealVPC was not up.", err=True)


def _disks_in(settings: Settings) -> str:
    """The disks that would go with the state, those that were kept aside among them."""
    counts = {}
    for name in ("disks", "kept"):
        with contextlib.suppress(OSError):
            counts[name] = sum(not each.name.startswith(".") for each in (settings.machines_dir / name).iterdir())
    texts = [f"{counts.get('disks', 0)} instances' disks", f"{counts.get('kept', 0)} that were kept aside"]
    return f", {' and '.join(texts)}" if any(counts.values()) else ""


@click.command("status")
@state_option
@json_option
def status_command(state: Path | None, as_json: bool) -> None:
    """Show what runs, and whether it is well. Exits with 1 when it is not.

    \b
    Examples:
      realvpc status
      realvpc status --json | jq .faults
    """
    settings = service(state)
    running = launch.processes(settings)
    try:
        answer: dict[str, Any] | None = ask(settings.admin_socket, "GET", "status", timeout=10)
        trouble = None
    except ServiceError as error:
        answer, trouble = None, str(error)
    well = answer is not None and not answer["faults"] and all(running.values())
    if as_json:
        pids = {role: process.pid if process else None for role, process in running.items()}
        print_json({"up": answer is not None, "well": well, "pids": pids, "trouble": trouble, **(answer or {})})
    else:
        for role, process in running.items():
            text = f"pid {process.pid}" if process else "does not run: `realvpc up` starts it again"
            name = f"{role.upper() if role == launch.API else role} process"
            click.echo(f"  {mark(process is not None)} {name:14} {text}")
        if answer:
            _print_status(answer)
        elif trouble:
            complain(trouble)
    if not well:
        raise SystemExit(1)


def _repaired(repair: dict[str, Any]) -> str:
    at = datetime.fromtimestamp(repair["at"]).astimezone().isoformat(timespec="seconds")
    return f"{repair['subject']}: {repair['what']} {faint(at)}"


def _kept(node: dict[str, Any] | None) -> str | None:
    """What there is to say of the disks that nobody asked to delete."""
    count = len(node["kept_disks"]) if node else 0
    if not count:
        return None
    disks = "1 disk of an instance" if count == 1 else f"{count} disks of instances"
    return f"{disks} that this state does not know: `realvpc disks list`"


def _print_status(answer: dict[str, Any]) -> None:
    instances = ", ".join(f"{count} {state}" for state, count in sorted(answer["instances"].items())) or "none"
    up = answer["node"]["machines_up"] if answer["node"] else None
    if up is not None and up < answer["machines_wanted"]:
        instances += f" ({up} of {answer['machines_wanted']} machines up)"
    resources = answer["resources"]
    fabric = "none: no packets" if answer["fabric"] == Fabric.NONE else answer["fabric"]
    offset = answer["clock_offset"]
    rows = [
        ("endpoint", answer["endpoint_url"]),
        ("state", f"{answer['state_dir']} {faint('revision ' + str(answer['revision']))}"),
        ("fabric", fabric),
        ("credentials", answer["credentials"]),
        ("clock", answer["time"] + (f" ({offset / 86400:+.2f} days)" if offset else "")),
        ("VPCs", f"{resources['Vpc']} (subnets: {resources['Subnet']}, peering connections: {resources['Peering']})"),
        ("instances", instances),
        ("longest stall", f"{answer['longest_stall_ms']} ms {faint('in which nobody was answered, since the start')}"),
    ]
    if node := answer["node"]:
        rows += [(name, node[name] or "unknown") for name in ("isolation", "limits", "disks")]
        rows += [("repaired", _repaired(repair)) for repair in node["repairs"][-_REPAIRS_SHOWN:]]
        if kept := _kept(node):
            rows.append(("kept aside", kept))
    for name, text in rows:
        click.echo(f"    {faint(f'{name:14}')} {text}")
    for fault in answer["faults"]:
        click.echo(f"  {mark(False)} {fault}")
