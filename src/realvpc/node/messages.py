"""What is said on the node's socket.  Both sides are typed; what does not type-check is refused.

The API process says what should be (`Desired`, always the whole of it) and hears what is: one report per machine that
it named, again whenever it changes, and again on every new connection.  So nothing is lost when either side restarts.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct

from ..fabric.plan import Plan
from ..net.machine import InstanceId, MachineSpec, Wanted

PROTOCOL = 3

_Text = Annotated[str, Meta(max_length=131072, pattern=r"^[^\x00]*\Z")]
_Variable = Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]*\Z")]


class Hello(Struct, frozen=True, tag=True):
    """The first message of a client; answered by `Welcome` or `Refused`."""

    protocol: int = PROTOCOL


class Desired(Struct, frozen=True, tag=True):
    """All that should be.  A machine that is not named is removed, and nothing is reported of it."""

    revision: int
    plan: Plan
    machines: tuple[MachineSpec, ...]


class Counters(Struct, frozen=True, tag=True):
    """Asks for the packets dropped or passed by reason: `CountersAre`."""


class Status(Struct, frozen=True, tag=True):
    """Asks for what there is: `StatusIs`."""


class Console(Struct, frozen=True, tag=True):
    """Asks for a machine's console output from a position on, or for the end of it: `ConsoleIs`."""

    instance_id: InstanceId
    since: Annotated[int, Meta(ge=0)] | None = None


class Exec(Struct, frozen=True, tag=True, kw_only=True):
    """Runs a command in a machine; the frame carries stdin, stdout and stderr, or nothing when `tty`.  Root only.

    Answered by `Started`, which carries the terminal's master when `tty`, and `Exited`.  When the client goes away, the
    command is killed.
    """

    instance_id: InstanceId
    argv: Annotated[tuple[_Text, ...], Meta(min_length=1)]
    user: str = "root"
    cwd: Annotated[str, Meta(pattern=r"^/[^\x00]*\Z")] | None = None  # the user's home
    env: dict[_Variable, _Text] = {}
    tty: bool = False


class OpenShell(Struct, frozen=True, tag=True):
    """Opens a shell of ssm-user's in a machine, or runs `command` by it, on a terminal.

    What `Exec` is to root, this is to the API process: there is neither a user nor a program to choose.  It is answered
    and ends as an `Exec` with a `tty`.
    """

    instance_id: InstanceId
    command: _Text | None = None


class OpenCommand(Struct, frozen=True, tag=True):
    """Runs a shell command in a machine without a terminal; the frame carries stdin, stdout and stderr, all pipes.

    For the API process too: what Systems Manager's agent does, as ssm-user in sessions and as root in Run Command.
    Answered and ended as an `Exec`.
    """

    instance_id: InstanceId
    command: _Text
    user: Literal["root", "ssm-user"] = "ssm-user"


class OpenSocket(Struct, frozen=True, tag=True):
    """Asks for a TCP socket in a machine's network namespace: `Opened`, which carries it, connected to nothing."""

    instance_id: InstanceId


class OpenProbe(Struct, frozen=True, tag=True):
    """Asks for a raw ICMP socket in a machine's network namespace: `Opened`, which carries it.  Root only."""

    instance_id: InstanceId


class OpenListeners(Struct, frozen=True, tag=True):
    """Asks for the sockets of what is served to machines: `Opened`, which carries them in the order of `Listener`."""


class Shutdown(Struct, frozen=True, tag=True):
    """Ends the node process.  Root only.

    `machines` running: they and the fabric go on.  Stopped: they are shut down and the fabric is removed, the disks
    stay.  Terminated: nothing stays.
    """

    machines: Wanted


Request: TypeAlias = (
    Hello
    | Desired
    | Counters
    | Status
    | Console
    | Exec
    | OpenShell
    | OpenCommand
    | OpenSocket
    | OpenProbe
    | OpenListeners
    | Shutdown
)


class Welcome(Struct, frozen=True, tag=True):
    """The node that answers."""

    protocol: int
    pid: int


class Fault(Struct, frozen=True):
    """Something that could not be done and is being tried again.  `subject` is `tables` or an instance id."""

    subject: str
    reason: str


class Applied(Struct, frozen=True, tag=True):
    """The links and tables of this revision are in the kernel, but for the faults.  Said again when these change."""

    revision: int
    faults: tuple[Fault, ...] = ()


class MachineUp(Struct, frozen=True, tag=True):
    """The machine runs."""

    instance_id: str
    boot: int
    pid: int


class MachineDown(Struct, frozen=True, tag=True):
    """The machine does not run: it was stopped or removed as desired, or it ended by itself."""

    instance_id: str
    boot: int


class MachineFailed(Struct, frozen=True, tag=True):
    """The machine could not be started, and this boot is not tried again."""

    instance_id: str
    boot: int
    reason: str


class CountersAre(Struct, frozen=True, tag=True):
    """Packets by name of the reason."""

    counters: dict[str, int]


class StatusIs(Struct, frozen=True, tag=True, kw_only=True):
    """What there is.  `revision` is 0 before the first.

    `limits` says how machines are limited, `isolation` how they are kept apart from the host, or why they are not.
    """

    pid: int
    revision: int
    limits: str
    isolation: str
    machines: tuple[MachineUp | MachineDown | MachineFailed, ...]
    faults: tuple[Fault, ...]


class ConsoleIs(Struct, frozen=True, tag=True):
    """At most 64 KiB of the console output, and the position behind it: from there on it is asked for next.

    Positions begin anew when the log's beginning is cut off: whoever asks for one that is not there gets what is left.
    """

    output: bytes
    position: int = 0


class Started(Struct, frozen=True, tag=True):
    """The command runs."""


class Exited(Struct, frozen=True, tag=True):
    """The command ended: its exit code, 128 + n after signal n."""

    code: int


class Opened(Struct, frozen=True, tag=True):
    """The sockets that were asked for come with this."""


class Done(Struct, frozen=True, tag=True):
    """The node has shut down as asked."""


class Refused(Struct, frozen=True, tag=True):
    """The request was not carried out."""

    reason: str


MachineReport: TypeAlias = MachineUp | MachineDown | MachineFailed
Event: TypeAlias = Applied | MachineUp | MachineDown | MachineFailed
Answer: TypeAlias = Welcome | CountersAre | StatusIs | ConsoleIs | Started | Exited | Opened | Done | Refused

_encoder = msgspec.msgpack.Encoder()
_requests: msgspec.msgpack.Decoder[Request] = msgspec.msgpack.Decoder(Request)
_answers: msgspec.msgpack.Decoder[Event | Answer] = msgspec.msgpack.Decoder(Event | Answer)


def encode(message: Request | Event | Answer) -> bytes:
    return _encoder.encode(message)


def decode_request(payload: bytes) -> Request:
    """Raises msgspec.DecodeError, of which ValidationError is one, when it is not a request."""
    return _requests.decode(payload)


def decode_answer(payload: bytes) -> Event | Answer:
    """Raises msgspec.DecodeError, of which ValidationError is one, when it is not an event or an answer."""
    return _answers.decode(payload)
