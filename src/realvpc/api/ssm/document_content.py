"""What makes the content of a document one, by its type (Systems Manager guide, "Schemas, features, and examples")."""

from __future__ import annotations

from typing import Any

import msgspec

from realvpc.hostile_json import read_json

from ..core.errors import AwsError, unsupported_operation
from .document_format import NoDocumentError, to_json

LARGEST = 64 << 10  # bytes
SCHEMAS = {"Automation": ("0.3",), "Command": ("1.2", "2.0", "2.2"), "Policy": ("2.0",), "Session": ("1.0",)}
"""The versions that documents of each type may have.  Those of other types need what is not here."""


def checked_content(content: str, form: str, kind: str) -> str:
    """The content of this format as JSON.

    Raises InvalidDocumentContent, InvalidDocumentSchemaVersion, MaxDocumentSizeExceeded, UnsupportedOperation.
    """
    if len(content.encode(errors="surrogatepass")) > LARGEST:
        raise AwsError("MaxDocumentSizeExceeded", "The size limit of a document is 64 KB.")
    if kind not in SCHEMAS:
        raise unsupported_operation(f"Documents of the type {kind} are not supported.")
    try:
        text = to_json(content, form)
    except NoDocumentError as problem:
        raise _invalid(str(problem)) from None
    document = read_json(text)
    if not isinstance(document, dict):
        raise _invalid(f"{form} not well-formed.")
    schema = _schema(document)
    if schema not in SCHEMAS[kind]:
        raise AwsError("InvalidDocumentSchemaVersion", f"Unsupported schema version {schema} for the type {kind}.")
    has_steps = schema in ("2.0", "2.2", "0.3")
    if not _are_steps(document.get("mainSteps")) if has_steps else "mainSteps" in document:
        raise _invalid(
            "mainSteps has to be a list of steps, each with an action and a name, of schemas that have them."
        )
    if not isinstance(document.get("runtimeConfig"), dict) if schema == "1.2" else "runtimeConfig" in document:
        raise _invalid("runtimeConfig has to be there in schema 1.2, and in no other.")
    if kind == "Session" and not isinstance(document.get("sessionType"), str):
        raise _invalid("sessionType is missing.")
    parameters = document.get("parameters", {})
    if not isinstance(parameters, dict) or not all(
        isinstance(row, dict) and isinstance(row.get("type"), str) for row in parameters.values()
    ):
        raise _invalid("Each parameter has to have a type.")
    return text


def described(content: str) -> dict[str, Any]:
    """What of a content that was checked the description of a document shows."""
    document = read_json(content)
    parameters = [
        {
            "Name": name,
            "Type": "StringList" if row["type"] == "StringList" else "String",
            "Description": _text(row.get("description")),
            "DefaultValue": _text(row.get("default")),
        }
        for name, row in document.get("parameters", {}).items()
    ]
    return {
        "SchemaVersion": _schema(document),
        "Description": _text(document.get("description")),
        "Parameters": parameters,
        "PlatformTypes": _platforms(document),
    }


def _schema(document: dict[str, Any]) -> Any:
    """The version, which need not be quoted."""
    schema = document.get("schemaVersion")
    return str(schema) if isinstance(schema, float) else schema


def _platforms(document: dict[str, Any]) -> list[str]:
    """Where its plugins run."""
    steps = document.get("mainSteps") or ()
    actions = {step["action"] for step in steps} | set(document.get("runtimeConfig") or ())
    if "aws:runShellScript" in actions and "aws:runPowerShellScript" not in actions:
        return ["Linux", "MacOS"]
    return ["Windows", "Linux", "MacOS"]


def _are_steps(steps: Any) -> bool:
    return (
        isinstance(steps, list)
        and bool(steps)
        and all(
            isinstance(step, dict) and isinstance(step.get("action"), str) and isinstance(step.get("name"), str)
            for step in steps
        )
    )


def _text(value: Any) -> str | None:
    """As it is shown: what is no text as JSON."""
    if value is None or isinstance(value, str):
        return value
    return msgspec.json.encode(value).decode()


def _invalid(words: str) -> AwsError:
    return AwsError("InvalidDocumentContent", words)
