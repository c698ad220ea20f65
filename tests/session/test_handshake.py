"""The handshake: every state with every cause."""

from __future__ import annotations

import json

import pytest

from realvpc.session.handshake import Cause, State, Step, advance, complete, judge, request

NOTHING = Step.NOTHING

EXPECTED = {
    (State.SILENT, Cause.START): (State.ASKED, Step.ASK),
    (State.SILENT, Cause.AGREEMENT): (State.SILENT, NOTHING),
    (State.SILENT, Cause.REFUSAL): (State.SILENT, NOTHING),
    (State.SILENT, Cause.SILENCE): (State.SILENT, NOTHING),
    (State.ASKED, Cause.START): (State.ASKED, NOTHING),
    (State.ASKED, Cause.AGREEMENT): (State.AGREED, Step.CONFIRM),
    (State.ASKED, Cause.REFUSAL): (State.FAILED, Step.GIVE_UP),
    (State.ASKED, Cause.SILENCE): (State.FAILED, Step.GIVE_UP),
    (State.AGREED, Cause.START): (State.AGREED, NOTHING),
    (State.AGREED, Cause.AGREEMENT): (State.AGREED, NOTHING),
    (State.AGREED, Cause.REFUSAL): (State.AGREED, NOTHING),
    (State.AGREED, Cause.SILENCE): (State.AGREED, NOTHING),
    (State.FAILED, Cause.START): (State.FAILED, NOTHING),
    (State.FAILED, Cause.AGREEMENT): (State.FAILED, NOTHING),
    (State.FAILED, Cause.REFUSAL): (State.FAILED, NOTHING),
    (State.FAILED, Cause.SILENCE): (State.FAILED, NOTHING),
}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("cause", Cause)
def test_every_cause_in_every_state(state: State, cause: Cause) -> None:
    assert advance(state, cause) == EXPECTED[state, cause]


def test_what_is_asked_for_and_confirmed() -> None:
    asked = json.loads(request("Port", {"portNumber": "80", "type": "LocalPortForwarding"}))
    (action,) = asked["RequestedClientActions"]
    assert action["ActionType"] == "SessionType"
    assert action["ActionParameters"] == {
        "SessionType": "Port",
        "Properties": {"portNumber": "80", "type": "LocalPortForwarding"},
    }
    # beyond these clients multiplex, and keep no silent stream alive
    assert tuple(map(int, asked["AgentVersion"].split("."))) > (3, 1, 1511, 0) > (3, 0, 196, 0)
    assert json.loads(complete(0.25)) == {"HandshakeTimeToComplete": 250_000_000, "CustomerMessage": ""}


def answer(status: int, kind: str = "SessionType", error: str = "") -> bytes:
    action = {"ActionType": kind, "ActionStatus": status, "ActionResult": None, "Error": error}
    return json.dumps({"ClientVersion": "1.2", "ProcessedClientActions": [action], "Errors": None}).encode()


@pytest.mark.parametrize(
    ("response", "cause"),
    [
        (answer(1), Cause.AGREEMENT),
        (answer(2, error="no such plugin"), Cause.REFUSAL),
        (answer(3), Cause.REFUSAL),
        (answer(1, kind="KMSEncryption"), Cause.REFUSAL),
        (b'{"ClientVersion": "1.2", "ProcessedClientActions": null}', Cause.REFUSAL),
        (b'{"ProcessedClientActions": 3}', Cause.REFUSAL),
        (b"no JSON", Cause.REFUSAL),
    ],
)
def test_what_clients_answer(response: bytes, cause: Cause) -> None:
    verdict, why = judge(response)
    assert (verdict, bool(why)) == (cause, cause is Cause.REFUSAL)
    if b"plugin" in response:
        assert why == "no such plugin"
