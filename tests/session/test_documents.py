"""The documents that sessions are started with."""

from __future__ import annotations

import json

import pytest

from realvpc.api.core.errors import AwsError
from realvpc.session.documents import DOCUMENTS, RUN_SHELL_SCRIPT, Forwarded, OnTerminal, Piped, plan

FORWARDING, REMOTE = "AWS-StartPortForwardingSession", "AWS-StartPortForwardingSessionToRemoteHost"


def test_what_each_document_comes_to() -> None:
    assert plan(None, {}).work == plan("SSM-SessionManagerRunShell", {}).work == OnTerminal()
    assert plan("AWS-StartInteractiveCommand", {"command": ["top"]}).work == OnTerminal("top")
    assert plan("AWS-StartNonInteractiveCommand", {"command": ["ls"]}).work == Piped("ls")
    assert plan(FORWARDING, {}).work == Forwarded("localhost", 80, several=True)
    assert plan("AWS-StartSSHSession", {}).work == Forwarded("localhost", 22, several=False)
    remote = plan(REMOTE, {"host": ["10.2.0.5"], "portNumber": ["8080"], "localPortNumber": ["0"]})
    assert remote.work == Forwarded("10.2.0.5", 8080, several=True)
    assert remote.properties == {
        "portNumber": "8080",
        "localPortNumber": "0",
        "type": "LocalPortForwarding",
        "localConnectionType": "",
        "localUnixSocket": "",
    }
    assert plan("AWS-StartSSHSession", {}).properties == {"portNumber": "22"}


def test_shells_have_no_handshake_and_the_others_have() -> None:
    assert not plan(None, {}).has_handshake
    assert not plan("AWS-StartInteractiveCommand", {"command": ["top"]}).has_handshake
    assert plan("AWS-StartNonInteractiveCommand", {"command": ["ls"]}).has_handshake
    assert plan(FORWARDING, {}).has_handshake


@pytest.mark.parametrize("port", ["1", "22", "999", "1000", "9999", "10000", "65535"])
def test_ports_that_are(port: str) -> None:
    assert plan(FORWARDING, {"portNumber": [port], "localPortNumber": [port]}).work == Forwarded(
        "localhost", int(port), several=True
    )


@pytest.mark.parametrize(
    ("document", "parameters", "words"),
    [
        *((FORWARDING, {"portNumber": [port]}, 'Parameter "portNumber" has value') for port in ("0", "65536", "-1")),
        *((FORWARDING, {"portNumber": [port]}, "not matching") for port in ("080", "http", " 80", "80\n", "８０")),
        (FORWARDING, {"localPortNumber": ["65536"]}, 'Parameter "localPortNumber"'),
        (FORWARDING, {"host": ["localhost"]}, "no parameter host"),
        (FORWARDING, {"portNumber": ["80", "81"]}, "one value"),
        *((REMOTE, {"host": [host]}, 'Parameter "host" has value') for host in ("a;b", "[::1]", "$(x)", "ab")),
        (REMOTE, {"host": ["abc\0"]}, "character"),
        ("AWS-StartNonInteractiveCommand", {}, "requires the parameter command"),
        ("AWS-StartInteractiveCommand", {"command": ["x" * 70000]}, "longer"),
    ],
)
def test_parameters_that_are_refused(document: str, parameters: dict[str, list[str]], words: str) -> None:
    with pytest.raises(AwsError, match="InvalidParameters") as caught:
        plan(document, parameters)
    assert words in caught.value.message


@pytest.mark.parametrize("document", ["mine", RUN_SHELL_SCRIPT.name])
def test_documents_that_are_for_no_session(document: str) -> None:
    with pytest.raises(AwsError, match="InvalidDocument"):
        plan(document, {})


def test_documents_say_what_they_take() -> None:
    for document in DOCUMENTS.values():
        content = json.loads(json.dumps(document.content()))
        assert set(content.get("parameters", {})) == set(document.parameters)
    assert DOCUMENTS[REMOTE].content()["parameters"]["portNumber"]["default"] == "80"
