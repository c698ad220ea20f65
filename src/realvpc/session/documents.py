"""The documents that sessions and commands are started with: AWS's, with their parameters and patterns.

Names, types, defaults and patterns are those of the documents that AWS owns (Systems Manager guide, "Session document
schema" and "Command document plugin reference").
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, TypeAlias

from msgspec import Struct

from realvpc.api.core.errors import AwsError

LARGEST_COMMAND = 1 << 16  # bytes

_FROM_ONE = r"^([1-9]|[1-9][0-9]{1,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5])$"
_FROM_ZERO = _FROM_ONE.replace("[1-9]|", "[0-9]|", 1)
_HOST = r"""^[^,$^&\(\)!;'"<>\`{}\[\]\|#=]{3,}$"""
SECONDS = r"([1-9][0-9]{0,4})|(1[0-6][0-9]{4})|(17[0-1][0-9]{3})|(172[0-7][0-9]{2})|(172800)"


class SessionType(StrEnum):
    """How a client has to treat a session."""

    STANDARD_STREAM = "Standard_Stream"
    INTERACTIVE_COMMANDS = "InteractiveCommands"
    NON_INTERACTIVE_COMMANDS = "NonInteractiveCommands"
    PORT = "Port"


class Parameter(Struct, frozen=True):
    """A document's parameter; one without a default has to be given.  `several`: a list of strings."""

    description: str
    default: str | None = None
    pattern: str | None = None
    several: bool = False


class Document(Struct, frozen=True):
    """A document of AWS's.  One without a session type is for SendCommand.

    `properties` are what a session's client hears in the handshake, by template."""

    name: str
    description: str
    session_type: SessionType | None
    parameters: dict[str, Parameter] = {}
    properties: dict[str, str] = {}

    def bind(self, given: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
        """The values of all parameters.  Raises InvalidParameters."""
        if unknown := sorted(given.keys() - self.parameters.keys()):
            raise AwsError("InvalidParameters", f"Document {self.name} has no parameter {unknown[0]}.")
        if sum(len(value.encode()) for values in given.values() for value in values) > LARGEST_COMMAND:
            raise AwsError("InvalidParameters", f"The parameters are longer than {LARGEST_COMMAND} bytes.")
        return {name: self._value(name, parameter, given.get(name)) for name, parameter in self.parameters.items()}

    def _value(self, name: str, parameter: Parameter, given: Sequence[str] | None) -> list[str]:
        if not given and parameter.default is None:
            raise AwsError("InvalidParameters", f"Document {self.name} requires the parameter {name}.")
        values = list(given) if given else [parameter.default or ""]
        if len(values) > 1 and not parameter.several:
            raise AwsError("InvalidParameters", f"Parameter {name} takes one value.")
        for value in values:
            if given and parameter.pattern and not re.fullmatch(parameter.pattern, value):
                raise AwsError(
                    "InvalidParameters", f'Parameter "{name}" has value "{value}" not matching "{parameter.pattern}".'
                )
            if "\0" in value:
                raise AwsError("InvalidParameters", f"Parameter {name} holds a character that no command can.")
        return values

    def content(self) -> dict[str, Any]:
        """The document as GetDocument shows it."""
        parameters = {
            name: {
                "type": "StringList" if parameter.several else "String",
                "description": parameter.description,
                **({"default": parameter.default} if parameter.default is not None else {}),
                **({"allowedPattern": parameter.pattern} if parameter.pattern else {}),
            }
            for name, parameter in self.parameters.items()
        }
        if self.session_type is None:
            step = {"id": "0.aws:runShellScript", "runCommand": "{{ commands }}"}
            step |= {"workingDirectory": "{{ workingDirectory }}", "timeoutSeconds": "{{ executionTimeout }}"}
            plugins = {"aws:runShellScript": {"properties": [step]}}
            head = {"schemaVersion": "1.2", "description": self.description}
            return head | {"parameters": parameters, "runtimeConfig": plugins}
        head = {"schemaVersion": "1.0", "description": self.description, "sessionType": str(self.session_type)}
        return head | ({"parameters": parameters} if parameters else {}) | {"properties": self.properties}


_COMMAND = Parameter("The command to run on the instance.")
_PORT = Parameter("The port on the instance, or on the host behind it.", "80", _FROM_ONE)
_LOCAL_PORT = Parameter("The port on the client's machine; 0: any that is free.", "0", _FROM_ZERO)
_FORWARDING = {
    "portNumber": "{{ portNumber }}",
    "localPortNumber": "{{ localPortNumber }}",
    "type": "LocalPortForwarding",
    "localConnectionType": "",
    "localUnixSocket": "",
}

SHELL = Document("SSM-SessionManagerRunShell", "A shell on an instance.", SessionType.STANDARD_STREAM)
RUN_SHELL_SCRIPT = Document(
    "AWS-RunShellScript",
    "Run a shell script or specify the commands to run.",
    None,
    {
        "commands": Parameter("The script, by lines.", several=True),
        "workingDirectory": Parameter("Where to run it.", ""),
        "executionTimeout": Parameter("The seconds that it may take.", "3600", SECONDS),
    },
)

DOCUMENTS = {
    document.name: document
    for document in (
        SHELL,
        Document(
            "AWS-StartInteractiveCommand",
            "Document to run single interactive command on an instance",
            SessionType.INTERACTIVE_COMMANDS,
            {"command": _COMMAND},
        ),
        Document(
            "AWS-StartNonInteractiveCommand",
            "Document to run single non-interactive command on an instance",
            SessionType.NON_INTERACTIVE_COMMANDS,
            {"command": _COMMAND},
        ),
        Document(
            "AWS-StartPortForwardingSession",
            "Document to start port forwarding session over Session Manager",
            SessionType.PORT,
            {"portNumber": _PORT, "localPortNumber": _LOCAL_PORT},
            _FORWARDING,
        ),
        Document(
            "AWS-StartPortForwardingSessionToRemoteHost",
            "Document to start port forwarding session over Session Manager to remote host",
            SessionType.PORT,
            {
                "portNumber": _PORT,
                "localPortNumber": _LOCAL_PORT,
                "host": Parameter("The name or address of the host.", "localhost", _HOST),
            },
            _FORWARDING,
        ),
        Document(
            "AWS-StartSSHSession",
            "Document to start SSH session over Session Manager",
            SessionType.PORT,
            {"portNumber": Parameter("The port of the SSH server.", "22", _FROM_ONE)},
            {"portNumber": "{{ portNumber }}"},
        ),
        RUN_SHELL_SCRIPT,
    )
}


class OnTerminal(Struct, frozen=True):
    """A shell on a terminal, or a command in its place."""

    command: str | None = None


class Piped(Struct, frozen=True):
    """A command with its output and its errors apart."""

    command: str


class Forwarded(Struct, frozen=True):
    """Connections to a port; `several` at the same time (smux), or one, byte for byte.

    `host` is a name or an address as the instance knows it."""

    host: str
    port: int
    several: bool


Work: TypeAlias = OnTerminal | Piped | Forwarded
"""What a session is for."""


class Plan(Struct, frozen=True):
    """What StartSession asks for: a document with its values, and what that comes to.

    `properties` are for the handshake, which shells and interactive commands have none of (decision 0010)."""

    document: Document
    work: Work
    properties: dict[str, str] = {}

    @property
    def has_handshake(self) -> bool:
        return not isinstance(self.work, OnTerminal)


def plan(name: str | None, parameters: Mapping[str, Sequence[str]]) -> Plan:
    """Raises InvalidDocument and InvalidParameters."""
    document = DOCUMENTS.get(name or SHELL.name)
    if document is None or document.session_type is None:
        raise AwsError("InvalidDocument", f"Document with name {name} does not exist.")
    values = {key: value[0] for key, value in document.bind(parameters).items()}
    if "command" in values and not values["command"].strip():
        raise AwsError("InvalidParameters", f"Document {document.name} requires the parameter command.")
    properties = {key: _filled(template, values) for key, template in document.properties.items()}
    match document.session_type:
        case SessionType.PORT:
            several = "type" in properties
            work: Work = Forwarded(values.get("host", "localhost"), int(values["portNumber"]), several)
        case SessionType.NON_INTERACTIVE_COMMANDS:
            work = Piped(values["command"])
        case _:
            work = OnTerminal(values.get("command"))
    return Plan(document, work, properties)


def _filled(template: str, values: Mapping[str, str]) -> str:
    return re.sub(r"\{\{ *(\w+) *\}\}", lambda found: values[found[1]], template)
