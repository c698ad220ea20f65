"""What one service is told when it starts, and where it keeps things.

A service is its state directory: two directories are two services, which may run side by side.  `realvpc up` writes the
settings down in the state directory, so that every later command finds the service, and the next `up` starts it as it
was.
"""

from __future__ import annotations

import hashlib
import ipaddress
import os
from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from .net.quotas import QuotaMode
from .regular_file import read_regular
from .wire.origin import parse_origin

DEFAULT_LISTEN = "127.0.0.1:4566"
DEFAULT_REGION = "ap-northeast-1"
SYSTEM_STATE_DIR = Path("/var/lib/realvpc")
LARGEST_PEM = 1 << 20  # bytes
_RECORD = "service.json"
_LARGEST_RECORD = 1 << 20


class SettingsError(Exception):
    """A setting that cannot be used; the text says what to do instead."""


class Credentials(StrEnum):
    """Whether signatures are verified, or the access key alone names the account."""

    STRICT = "strict"
    ANY = "any"


class Fabric(StrEnum):
    """What carries packets."""

    EBPF = "ebpf"
    NONE = "none"


class Switch(StrEnum):
    ON = "on"
    OFF = "off"


class SessionSettings(Struct, frozen=True):
    """Session Manager's preferences.  The minutes are AWS's defaults.

    ``transcripts``: what sessions show is written down in the state directory.
    """

    idle_minutes: int = 20
    maximum_minutes: int = 1440
    transcripts: bool = False


class Settings(Struct, frozen=True, kw_only=True):
    """One service.

    ``operator`` is the uid that may use the administration socket: the person who typed `realvpc up`, or `sudo`.
    ``confined``: the API process runs as a user of its own (`daemon.identity`), else as whoever starts it.
    ``host_names`` are names, beside the usual ones, that clients may ask for where no signature is checked.
    ``quotas``: where accounts begin, if anybody has said so.
    ``default_vpc``: whether accounts find a default VPC in Regions that are new to them, unless told otherwise of one.
    ``policies``: whether users and roles may do what their policies say, and no more.
    ``upstream`` is the URL of the emulator that answers for services that are not here.
    ``tls_certificate`` (with its chain) and ``tls_key`` are PEM files; without them the endpoint speaks plain HTTP.
    """

    state_dir: Path
    run_dir: Path
    operator: int
    host: str = "127.0.0.1"
    port: int = 4566
    credentials: Credentials = Credentials.STRICT
    fabric: Fabric = Fabric.EBPF
    confined: bool = True
    host_names: tuple[str, ...] = ()
    tls_certificate: Path | None = None
    tls_key: Path | None = None
    sessions: SessionSettings = SessionSettings()
    quotas: QuotaMode | None = None
    default_vpc: Switch = Switch.ON
    policies: Switch = Switch.OFF
    upstream: str | None = None

    @property
    def quota_mode(self) -> QuotaMode:
        """Suites that bring their own keys were written for emulators without quotas."""
        usual = QuotaMode.LAB if self.credentials is Credentials.ANY else QuotaMode.AWS
        return self.quotas or usual

    @property
    def endpoint_url(self) -> str:
        host = self.host if ":" not in self.host else f"[{self.host}]"
        return f"{self.scheme}://{host}:{self.port}"

    @property
    def scheme(self) -> str:
        return "https" if self.tls_certificate else "http"

    @property
    def is_open(self) -> bool:
        """Whether others than this machine can connect."""
        return not ipaddress.ip_address(self.host).is_loopback

    @property
    def database(self) -> Path:
        """In a directory of the API process's own; nothing else in the state directory belongs to it."""
        return self.state_dir / "api" / "state.db"

    @property
    def session_journal(self) -> Path:
        return self.database.with_name("sessions.jsonl")

    @property
    def transcripts_dir(self) -> Path:
        return self.database.with_name("transcripts")

    @property
    def machines_dir(self) -> Path:
        """The node process's own: the disks of the machines."""
        return self.state_dir / "node"

    @property
    def admin_socket(self) -> Path:
        return self.run_dir / "api.sock"

    @property
    def node_socket(self) -> Path:
        return self.run_dir / "node.sock"

    @property
    def log_dir(self) -> Path:
        return self.state_dir / "log"

    def log(self, process: str) -> Path:
        return self.log_dir / f"{process}.log"


def parse_listen(text: str) -> tuple[str, int]:
    """``127.0.0.1:4566``, ``[::1]:4566`` or ``:4566``.  Raises SettingsError."""
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]") or "127.0.0.1"
    host = "127.0.0.1" if host == "localhost" else host
    try:
        ipaddress.ip_address(host)
        number = int(port)
    except ValueError:
        raise SettingsError(f"--listen takes an address and a port like {DEFAULT_LISTEN}, not {text!r}") from None
    if not 0 < number < 65536:
        raise SettingsError(f"--listen takes a port from 1 to 65535, not {number}")
    return host, number


def _upstream(text: str, host: str, port: int) -> str | None:
    """The URL, or None where there is to be none.  Raises SettingsError for one that cannot be, or is this service."""
    if not text:
        return None
    try:
        origin = parse_origin(text)
    except ValueError:
        raise SettingsError(f"--upstream takes a URL like http://127.0.0.1:4567, not {text!r}") from None
    is_here = origin.host == host or (origin.host in _LOOPBACK and host in ("127.0.0.1", "::1", "0.0.0.0", "::"))  # noqa: S104
    if origin.port == port and is_here:
        raise SettingsError(f"--upstream {text} is this service itself")
    return str(origin)


_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def default_state_dir(environment: Mapping[str, str], uid: int) -> Path:
    """Where this person's service lives.

    ``REALVPC_STATE`` wins.  Otherwise root's is in /var/lib, everybody else's in the XDG state directory; who has none
    of their own, and is allowed to look at root's, means that one.
    """
    if named := environment.get("REALVPC_STATE"):
        return Path(named).absolute()
    if uid == 0:
        return SYSTEM_STATE_DIR
    home = environment.get("XDG_STATE_HOME") or Path(environment.get("HOME") or "/nonexistent") / ".local" / "state"
    own = Path(home) / "realvpc"
    if not has_service(own) and has_service(SYSTEM_STATE_DIR):
        return SYSTEM_STATE_DIR
    return own


def has_service(state_dir: Path) -> bool:
    """Whether a service was ever started there, as far as this person can see."""
    return os.path.exists(state_dir / _RECORD)  # noqa: PTH110 - Path.exists raises where one may not look


def run_dir_for(state_dir: Path, environment: Mapping[str, str], uid: int) -> Path:
    """A short path (a socket's may have 107 bytes) that is different for every state directory."""
    name = hashlib.sha256(os.fsencode(state_dir)).hexdigest()[:8]
    if uid == 0:
        return Path("/run/realvpc") / name
    base = environment.get("XDG_RUNTIME_DIR")
    return (Path(base) / "realvpc" if base else Path("/tmp") / f"realvpc-{uid}") / name  # noqa: S108  0700, checked


def decide(
    state_dir: Path,
    environment: Mapping[str, str],
    uid: int,
    *,
    listen: str | None = None,
    credentials: str | None = None,
    fabric: str | None = None,
    host_names: Sequence[str] = (),
    tls: tuple[Path | None, Path | None] | None = None,
    quotas: str | None = None,
    default_vpc: str | None = None,
    policies: str | None = None,
    upstream: str | None = None,
    sessions: Mapping[str, int | bool | None] | None = None,
) -> Settings:
    """The settings of `realvpc up`: what was asked for, else what the service had before, else the defaults.

    ``sessions`` are fields of `SessionSettings`; those that are None were not asked for.  ``tls`` are the certificate
    and its key, or twice None for neither; an empty ``upstream`` is none.  Raises SettingsError for what cannot be, and
    for packets without root.
    """
    earlier = load(state_dir)
    asked: dict[str, Any] = {name: value for name, value in (sessions or {}).items() if value is not None}
    host, port = parse_listen(listen or (f"[{earlier.host}]:{earlier.port}" if earlier else DEFAULT_LISTEN))
    chosen = Fabric(fabric) if fabric else earlier.fabric if earlier else Fabric.EBPF
    if chosen is Fabric.EBPF and uid != 0:
        raise SettingsError(
            "moving packets takes root. Try `sudo realvpc …`, or `realvpc … --fabric none` for the API and the "
            "analysis without packets"
        )
    if tls is None:
        tls = (earlier.tls_certificate, earlier.tls_key) if earlier else (None, None)
    elif (tls[0] is None) != (tls[1] is None):
        raise SettingsError("--tls-cert and --tls-key go together")
    return Settings(
        state_dir=state_dir,
        run_dir=run_dir_for(state_dir, environment, uid),
        operator=int(environment.get("SUDO_UID") or uid) if uid == 0 else uid,
        host=host,
        port=port,
        credentials=Credentials(credentials) if credentials else earlier.credentials if earlier else Credentials.STRICT,
        fabric=chosen,
        confined=uid == 0,
        host_names=tuple(name.lower() for name in host_names) or (earlier.host_names if earlier else ()),
        tls_certificate=tls[0],
        tls_key=tls[1],
        quotas=QuotaMode(quotas) if quotas else earlier.quotas if earlier else None,
        default_vpc=Switch(default_vpc) if default_vpc else earlier.default_vpc if earlier else Switch.ON,
        policies=Switch(policies) if policies else earlier.policies if earlier else Switch.OFF,
        upstream=_upstream(upstream, host, port) if upstream is not None else earlier.upstream if earlier else None,
        sessions=replace(earlier.sessions if earlier else SessionSettings(), **asked),
    )


def load(state_dir: Path) -> Settings | None:
    """The settings that this state directory's service was last started with.  Raises SettingsError."""
    try:
        record = read_regular(state_dir / _RECORD, _LARGEST_RECORD)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError:
        raise SettingsError(f"{state_dir} is not readable for you") from None
    except OSError as error:
        raise SettingsError(f"{state_dir / _RECORD} cannot be read: {error.strerror}") from error
    try:
        settings = msgspec.json.decode(record, type=Settings, dec_hook=_decode)
        return replace(settings, state_dir=state_dir)  # where it was found, whatever it says
    except msgspec.MsgspecError as error:
        raise SettingsError(f"{state_dir / _RECORD} is damaged: {error}") from error


def save(settings: Settings) -> None:
    """Write the settings down, readable by everybody: there is no secret in them."""
    path = settings.state_dir / _RECORD
    draft = path.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with draft.open("xb") as file:
        file.write(encode(settings) + b"\n")
    draft.chmod(0o644)
    draft.replace(path)


def encode(settings: Settings) -> bytes:
    return msgspec.json.format(msgspec.json.encode(settings, enc_hook=str))


def _decode(kind: type[object], value: str) -> Path:
    return Path(value)
