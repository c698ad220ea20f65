"""The handshake of sessions that are no shells, without I/O: what AWS's agent says before anything else, and hears.

The agent asks for one thing, the session's type (encryption with KMS would be a second); the client says whether it
can, and the agent confirms.  Input that is none of this waits until then.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum, auto

import msgspec
from msgspec import Struct

from realvpc.api.ssm.agent import AGENT_VERSION
from realvpc.hostile_json import NotJsonError, read_json

PATIENCE = 30.0  # seconds for the client's answer
_SESSION_TYPE, _DONE = "SessionType", 1


class State(Enum):
    """How far the handshake has come."""

    SILENT = auto()
    ASKED = auto()
    AGREED = auto()
    FAILED = auto()


class Cause(Enum):
    """What brings it further."""

    START = auto()
    AGREEMENT = auto()
    REFUSAL = auto()
    SILENCE = auto()


class Step(Enum):
    """What is to be done."""

    NOTHING = auto()
    ASK = auto()
    CONFIRM = auto()
    GIVE_UP = auto()


TABLE: dict[tuple[State, Cause], tuple[State, Step]] = {
    (State.SILENT, Cause.START): (State.ASKED, Step.ASK),
    (State.ASKED, Cause.AGREEMENT): (State.AGREED, Step.CONFIRM),
    (State.ASKED, Cause.REFUSAL): (State.FAILED, Step.GIVE_UP),
    (State.ASKED, Cause.SILENCE): (State.FAILED, Step.GIVE_UP),
}
"""Whatever is not here changes nothing: an answer that nobody waits for, a second one, one that comes too late."""


def advance(state: State, cause: Cause) -> tuple[State, Step]:
    return TABLE.get((state, cause), (state, Step.NOTHING))


class _Processed(Struct, frozen=True, rename="pascal"):
    """What the client has made of one thing that it was asked for."""

    action_type: str = ""
    action_status: int = 0
    error: str | None = None


class _Response(Struct, frozen=True, rename="pascal"):
    processed_client_actions: list[_Processed] | None = None


def request(session_type: str, properties: Mapping[str, str]) -> bytes:
    """The payload of `HANDSHAKE_REQUEST`."""
    action = {
        "ActionType": _SESSION_TYPE,
        "ActionParameters": {"SessionType": session_type, "Properties": dict(properties)},
    }
    return msgspec.json.encode({"AgentVersion": AGENT_VERSION, "RequestedClientActions": [action]})


def judge(response: bytes) -> tuple[Cause, str]:
    """What the payload of a `HANDSHAKE_RESPONSE` means, and the client's reason if it refuses."""
    try:
        processed = read_json(response, _Response).processed_client_actions or []
    except NotJsonError:
        return Cause.REFUSAL, "the answer is not readable"
    for action in processed:
        if action.action_type == _SESSION_TYPE and action.action_status == _DONE:
            return Cause.AGREEMENT, ""
    return Cause.REFUSAL, next((action.error for action in processed if action.error), "the client cannot do this")


def complete(seconds: float) -> bytes:
    """The payload of `HANDSHAKE_COMPLETE`, after a handshake that took so long."""
    return msgspec.json.encode({"HandshakeTimeToComplete": round(seconds * 1e9), "CustomerMessage": ""})
