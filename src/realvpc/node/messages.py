"""What is said on the node's socket.  Both sides are typed; what does not type-check is refused.

The API process says what should be and hears what is: one report per machine that it named, again whenever it changes,
and again on every new connection.  On a connection it says the whole first (`Desired`) and from then on what changes
(`DesiredDelta`).  So nothing is lost when either side restarts.
"""

from __future__ import annotations

from typing import Annotated, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct

from ..fabric.plan import Plan, PlanDelta
from ..instance.kept import KeptDisk
from ..net.flow_gathering import Gathered
from ..net.machine import Argument, Certificate, ConnectingId, InstanceId, InterfaceId, Wanted, Workload

PROTOCOL = 13

_Variable = Annotated[str, Meta(pattern=r"^[A-Za-z_][A-Za-z0-9_]*\Z")]


class Hello(Struct, frozen=True, tag=True):
    """The first message of a client; answered by `Welcome` or `Refused`."""

    protocol: int = PROTOCOL


class Desired(Struct, frozen=True, tag=True):
    """All that should be.

    An instance's disk is deleted when its machine is wanted terminated or its id is among `ended`: `MachineRemoved`
    says that this is done.  A machine that is not named at all is stopped, its disk is kept aside, and nothing is
    reported of it.  `state` is the id of the state that all this is from; machines that start from now on trust the
    `authority` to vouch for AWS's endpoint.
    """

    revision: int
    plan: Plan
    machines: tuple[Workload, ...]
    ended: tuple[InstanceId, ...] = ()
    state: Annotated[str, Meta(pattern=r"^[0-9a-f]{0,32}\Z")] = ""
    authority: Certificate = ""


class DesiredDelta(Struct, frozen=True, tag=True):
    """What leads from what should be at one revision to what should be at a later one.

    Who does not hold the first refuses, and has to be told the whole on another connection.
    """

    since: int
    revision: int
    plan: PlanDelta = PlanDelta()
    machines: tuple[Workload, ...] = ()  # new, or specified otherwise
    gone: tuple[str, ...] = ()  # not named any more
    ended: tuple[InstanceId, ...] = ()  # of which nothing is to be left
    removed: tuple[str, ...] = ()  # not among those any more: nothing is left


class Counters(Struct, frozen=True, tag=True):
    """Asks for the packets dropped or passed by reason: `CountersAre`.  Of an interface: for those dropped there."""

    interface_id: InterfaceId | None = None


class TakeFlows(Struct, frozen=True, tag=True):
    """Asks for a part of what was gathered for flow logs: `FlowsAre`.  `turn`: once nothing is left of the last window,
    of the present one, and another one begins."""

    turn: bool = False


class Status(Struct, frozen=True, tag=True):
    """Asks for what there is: `StatusIs`."""


class Audit(Struct, frozen=True, tag=True):
    """Asks to look at once whether everything is as it was made: `StatusIs`, after mending what could be."""


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
    argv: Annotated[tuple[Argument, ...], Meta(min_length=1)]
    user: str = "root"
    cwd: Annotated[str, Meta(pattern=r"^/[^\x00]*\Z")] | None = None  # the user's home
    env: dict[_Variable, Argument] = {}
    tty: bool = False


class OpenShell(Struct, frozen=True, tag=True):
    """Opens a shell of ssm-user's in a machine, or runs `command` by it, on a terminal.

    What `Exec` is to root, this is to the API process: there is neither a user nor a program to choose.  It is answered
    and ends as an `Exec` with a `tty`.
    """

    instance_id: InstanceId
    command: Argument | None = None


class OpenCommand(Struct, frozen=True, tag=True):
    """Runs a shell command in a machine without a terminal; the frame carries stdin, stdout and stderr, all pipes.

    For the API process too: what Systems Manager's agent does, as ssm-user in sessions and as root in Run Command.
    Answered and ended as an `Exec`.
    """

    instance_id: InstanceId
    command: Argument
    user: Literal["root", "ssm-user"] = "ssm-user"


class OpenSocket(Struct, frozen=True, tag=True):
    """Asks for a TCP socket in the network namespace of an instance's machine, of an EC2 Instance Connect Endpoint's
    place or of a load balancer: `Opened`, which carries it, connected to nothing.

    It leaves a load balancer by the interface that is named: one from which that gives connections on.  Elsewhere
    routes say by which, and none is named.
    """

    instance_id: ConnectingId
    is_ipv6: bool = False
    interface_id: InterfaceId | None = None


class OpenProbe(Struct, frozen=True, tag=True):
    """Asks for a raw ICMP socket in a machine's network namespace: `Opened`, which carries it.  Root only."""

    instance_id: InstanceId


class OpenListeners(Struct, frozen=True, tag=True):
    """Asks for the sockets of what is served to machines: `Opened`, which carries them in the order of `Listener`.

    Where the host has no IPv6 the last ones are missing.
    """


class DeleteDisks(Struct, frozen=True, tag=True):
    """Deletes disks that were kept aside, by the names that `StatusIs` has for them, all or none: `Deleted`.

    Root only.
    """

    names: Annotated[tuple[str, ...], Meta(min_length=1)]


class Shutdown(Struct, frozen=True, tag=True):
    """Ends the node process.  Root only.

    `machines` running: they and the fabric go on.  Stopped: they are shut down and the fabric is removed, the disks
    stay.  Terminated: nothing stays.
    """

    machines: Wanted


Request: TypeAlias = (
    Hello
    | Desired
    | DesiredDelta
    | Counters
    | TakeFlows
    | Status
    | Audit
    | Console
    | Exec
    | OpenShell
    | OpenCommand
    | OpenSocket
    | OpenProbe
    | OpenListeners
    | DeleteDisks
    | Shutdown
)


class Welcome(Struct, frozen=True, tag=True):
    """The node that answers."""

    protocol: int
    pid: int


class Fault(Struct, frozen=True):
    """Something that could not be done, or is not as it was made, and is being tried again.

    `subject` is the id of a machine, or what else it is about: `tables`, `fabric`, `listeners`, ...
    """

    subject: str
    reason: str


class Repair(Struct, frozen=True):
    """What was found not to be as it was made, and is again.  `at`: seconds since 1970."""

    subject: str
    what: str
    at: float


class Applied(Struct, frozen=True, tag=True):
    """The links and tables of this revision are in the kernel, but for the faults.  Said again when these change."""

    revision: int
    faults: tuple[Fault, ...] = ()


class MachineUp(Struct, frozen=True, tag=True):
    """The machine runs."""

    id: str
    boot: int
    pid: int


class MachineDown(Struct, frozen=True, tag=True):
    """The machine does not run: it was stopped as desired, or it ended by itself."""

    id: str
    boot: int


class MachineRemoved(Struct, frozen=True, tag=True):
    """Nothing is left of the machine, as desired: no links, no disk."""

    id: str


class MachineFailed(Struct, frozen=True, tag=True):
    """The machine could not be started, and this boot is not tried again."""

    id: str
    boot: int
    reason: str


class CountersAre(Struct, frozen=True, tag=True):
    """Packets by name of the reason."""

    counters: dict[str, int]


class FlowsAre(Struct, frozen=True, tag=True):
    """What the node has forgotten with this."""

    gathered: Gathered


class StatusIs(Struct, frozen=True, tag=True, kw_only=True):
    """What there is.  `revision` is 0 before the first.

    `limits` says how machines are limited, `isolation` how they are kept apart from the host, `disks` how their disks
    are limited, or why they are not.  `kept` are the disks that nobody asked to delete, `repairs` what an audit has
    mended lately.
    """

    pid: int
    revision: int
    limits: str
    isolation: str
    machines: tuple[MachineUp | MachineDown | MachineFailed, ...]
    faults: tuple[Fault, ...]
    disks: str = ""
    kept: tuple[KeptDisk, ...] = ()
    repairs: tuple[Repair, ...] = ()


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


class Deleted(Struct, frozen=True, tag=True):
    """The disk is gone."""


class Refused(Struct, frozen=True, tag=True):
    """The request was not carried out."""

    reason: str


MachineReport: TypeAlias = MachineUp | MachineDown | MachineFailed
Event: TypeAlias = Applied | MachineUp | MachineDown | MachineFailed | MachineRemoved
Answer: TypeAlias = (
    Welcome | CountersAre | FlowsAre | StatusIs | ConsoleIs | Started | Exited | Opened | Done | Deleted | Refused
)

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
