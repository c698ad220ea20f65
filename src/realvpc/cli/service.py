"""`realvpc up` and `down`."""

from __future__ import annotations

import contextlib
import os
import signal
import time
from pathlib import Path

import click

from realvpc import config
from realvpc.config import Credentials, Fabric, Settings, Switch
from realvpc.daemon import launch
from realvpc.daemon.client import ServiceError, ask
from realvpc.net.quotas import QuotaMode

from .progress import ProgressLine
from .remedy import remedied, suggestion
from .status import given_up, kept_aside
from .terminal import (
    faint,
    mark,
    place,
    say,
    service,
    state_option,
    strong,
    word,
)

_PAUSE = 0.05  # seconds
_STALLED_SECONDS = 30.0
_FIXED_WHILE_UP = (
    "host", "port", "credentials", "fabric", "sessions", "quotas", "default_vpc", "policies", "host_names",
    "tls_certificate", "tls_key", "upstream",
)  # fmt: skip


@click.command("up")
@state_option
@click.option(
    "--listen", type=word, metavar="ADDRESS:PORT", help=f"Where AWS clients connect [{config.DEFAULT_LISTEN}]."
)
@click.option(
    "--credentials",
    type=click.Choice([each.value for each in Credentials]),
    help="strict verifies signatures [default]; any takes every key, and 12 digits as the account.",
)
@click.option(
    "--host-name",
    "host_names",
    type=word,
    multiple=True,
    metavar="NAME",
    help="With --credentials any: one more name that clients may call the service by; repeatable.",
)
@click.option("--tls-cert", type=place, help="Certificate and chain (PEM): serve https and wss.")
@click.option("--tls-key", type=place, help="Its private key (PEM).")
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
    "--default-vpc",
    type=click.Choice([each.value for each in Switch]),
    help="Whether accounts find a default VPC in every Region, as on AWS [on]; `realvpc default-vpc` for one account.",
)
@click.option(
    "--policies",
    type=click.Choice([each.value for each in Switch]),
    help="Whether users and roles may do what their IAM policies say and no more; the operator's users may all [off].",
)
@click.option(
    "--upstream",
    type=word,
    metavar="URL",
    help="An emulator that answers for services that are not here, S3 say; http://… or https://….",
)
@click.option("--no-upstream", is_flag=True, help="Such services are not available again [default].")
@click.option(
    "--session-idle-minutes", type=click.IntRange(1, 60), help="After which a session that nobody uses ends [20]."
)
@click.option("--session-maximum-minutes", type=click.IntRange(1, 1440), help="After which every session ends [1440].")
@click.option(
    "--session-transcripts/--no-session-transcripts",
    default=None,
    help="Write down what sessions show, in STATE/api/transcripts, for the service and root alone [no].",
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
    default_vpc: str | None,
    policies: str | None,
    upstream: str | None,
    no_upstream: bool,
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
        default_vpc=default_vpc,
        policies=policies,
        upstream=_upstream(upstream, no_upstream),
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
    now = ask(settings.admin_socket, "GET", "status") if started.roles and not foreground else None
    for warning in _warnings(settings):
        click.echo(f"  {mark(None)} {warning}", err=True)
    for fault in started.faults:
        click.echo(f"  {mark(None)} {remedied(fault)}", err=True)
    for sentence in filter(None, (kept_aside(now["node"]), given_up(now["given_up"])) if now else ()):
        click.echo(f"  {mark(None)} {remedied(sentence)}", err=True)
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


def _upstream(url: str | None, off: bool) -> str | None:
    """None where nothing was said about it, an empty text for none.  Raises SettingsError."""
    if off and url:
        raise config.SettingsError("--no-upstream and --upstream exclude each other")
    return "" if off else url


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
    if settings.is_open and settings.upstream:
        found.append(f"--upstream {settings.upstream}: who connects reaches it, too; signatures are for it to check")
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
                f"RealVPC is up with {_typed(earlier, name)}. Change that after `realvpc down --keep-instances`"
            )
    return earlier


def _typed(settings: Settings, name: str) -> str:
    """A setting as it is typed, or what it means that nothing was."""
    match name:
        case "host" | "port":
            return f"--listen {settings.host}:{settings.port}"
        case "tls_certificate" | "tls_key":
            if settings.tls_certificate is None:
                return "plain HTTP"
            return f"--tls-cert {settings.tls_certificate} --tls-key {settings.tls_key}"
        case "host_names":
            return " ".join(f"--host-name {each}" for each in settings.host_names) or "no --host-name"
        case "sessions":
            sessions = settings.sessions
            transcripts = "--session-transcripts" if sessions.transcripts else "--no-session-transcripts"
            minutes = f"--session-idle-minutes {sessions.idle_minutes} --session-maximum-minutes"
            return f"{minutes} {sessions.maximum_minutes} {transcripts}"
        case "upstream":
            return f"--upstream {settings.upstream}" if settings.upstream else "--no-upstream"
        case "quotas":
            return f"--quotas {settings.quota_mode}"
        case _:
            return f"--{name.replace('_', '-')} {getattr(settings, name)}"


def _welcome(settings: Settings) -> None:
    click.echo(f"RealVPC is up at {strong(settings.endpoint_url)}.", err=True)
    if settings.fabric is Fabric.NONE:
        click.echo("There are no packets (--fabric none): the API, the model and the analysis work.", err=True)
    if settings.upstream:
        click.echo(f"What is for other services goes to {settings.upstream}.", err=True)
    hint = faint("and use aws, boto3 or Terraform as ever")
    click.echo(f'Next:  eval "$({suggestion("env")})"  {hint}', err=True)


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
