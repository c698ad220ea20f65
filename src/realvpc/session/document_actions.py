"""GetDocument, DescribeDocument, ListDocuments and ListDocumentVersions: AWS's own documents that work here, and the
account's (SSM API Reference)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from realvpc.api.core.context import Answer, Context, Request, Response
from realvpc.api.core.errors import AwsError
from realvpc.api.ssm import document as own_documents
from realvpc.api.ssm.document_format import JSON, in_format
from realvpc.api.ssm.paging import paged

from .documents import DOCUMENTS, SHELL, Document

_CREATED_AT = datetime(2020, 1, 1, tzinfo=UTC)
_OF_AWS = {name: document for name, document in DOCUMENTS.items() if document is not SHELL}
"""That of shells is an account's own, once it makes it (Systems Manager guide, "Configure session preferences")."""


def describe_document(ctx: Context, request: Request) -> Answer:
    """Raises InvalidDocument and InvalidDocumentVersion."""
    own = own_documents.find_document(ctx, request["Name"])
    if own is None:
        return Answer({"Document": _describe(_find(request))})
    version = own_documents.version_of(ctx, own, request.get("DocumentVersion"), request.get("VersionName"))
    return Answer({"Document": own_documents.describe(ctx, own, version)})


def _find(request: Request) -> Document:
    """Raises InvalidDocument and InvalidDocumentVersion."""
    name = request["Name"].rpartition("/")[2]
    if name not in _OF_AWS:
        raise AwsError("InvalidDocument", f"Document with name {name} does not exist.")
    if request.get("DocumentVersion", "1") not in ("1", "$DEFAULT", "$LATEST"):
        raise AwsError("InvalidDocumentVersion", "The document has one version, 1.")
    return _OF_AWS[name]


def get_document(ctx: Context, request: Request) -> Answer:
    """Raises InvalidDocument, InvalidDocumentVersion and UnsupportedOperation."""
    own = own_documents.find_document(ctx, request["Name"])
    if own is not None:
        version = own_documents.version_of(ctx, own, request.get("DocumentVersion"), request.get("VersionName"))
        shown = own_documents.content_shown(ctx, request, version)
        return Answer(own_documents.identity(own, version) | {"Status": "Active"} | shown)
    document = _find(request)
    own_documents.check_format(request)
    wanted, text = request.get("DocumentFormat") or JSON, _content(document)
    response = _identity(document) | {
        "CreatedDate": _CREATED_AT,
        "DocumentFormat": wanted,
        "Status": "Active",
        "Content": in_format(text, JSON, text, wanted),
    }
    return Answer(response)


def list_document_versions(ctx: Context, request: Request) -> Answer:
    """The newest first.  Raises InvalidDocument, InvalidNextToken."""
    own = own_documents.find_document(ctx, request["Name"])
    if own is not None:
        return own_documents.versions_listed(ctx, request, own)
    document = _find(request)
    shown = {"Name": document.name, "DocumentVersion": "1", "CreatedDate": _CREATED_AT, "IsDefaultVersion": True}
    return Answer({"DocumentVersions": [shown | {"DocumentFormat": "JSON", "Status": "Active"}]})


def list_documents(ctx: Context, request: Request) -> Answer:
    """By name.  Raises InvalidFilterKey, InvalidNextToken, ValidationException."""
    filters = [(each.get("Key"), each.get("Values") or []) for each in request.get("Filters") or []]
    filters += [(each["key"], [each["value"]]) for each in request.get("DocumentFilterList") or []]
    rows = _identifiers(ctx)
    for key, values in filters:
        if key is None:
            raise AwsError("ValidationException", "A filter has a Key.")
        test = _is_tagged if key.startswith("tag:") else _FILTERS.get(key)
        if test is None:
            raise AwsError("InvalidFilterKey", f"The filter key {key} is not valid.")
        rows = [row for row in rows if test(row, key, values)]
    page, token = paged(rows, lambda row: str(row["Name"]), request, default=10)
    return Answer({"DocumentIdentifiers": page, "NextToken": token})


def _identifiers(ctx: Context) -> list[Response]:
    """Of all documents that the caller may use; one of its own takes the place of AWS's of the same name."""
    own = {}
    for document in ctx.visible(ctx.state.inventory.ssm_documents):
        version = own_documents.version_of(ctx, document)
        shown = own_documents.describe(ctx, document, version)
        own[document.name] = {name: shown[name] for name in (*_SHOWN, "SchemaVersion", "TargetType", "Tags")}
    of_aws = [
        _identity(row) | _schema(row) | {"Owner": "Amazon", "PlatformTypes": ["Linux"], "Tags": []}
        for row in _OF_AWS.values()
        if row.name not in own
    ]
    return [*of_aws, *own.values()]


_SHOWN = (
    *("Name", "DisplayName", "VersionName", "CreatedDate", "DocumentVersion", "DocumentType", "DocumentFormat"),
    *("Owner", "PlatformTypes"),
)


def _is_owned(row: Response, key: str, values: list[str]) -> bool:
    names = {"Amazon", "Public", "All"} if row["Owner"] == "Amazon" else {"Self", "Private", "All", row["Owner"]}
    return not names.isdisjoint(values)


def _is_tagged(row: Response, key: str, values: list[str]) -> bool:
    tags = {tag["Key"]: tag["Value"] for tag in row["Tags"]}
    return tags.get(key.removeprefix("tag:")) in values


_FILTERS: dict[str, Callable[[Response, str, list[str]], bool]] = {
    "DocumentType": lambda row, key, values: row["DocumentType"] in values,
    "Name": lambda row, key, values: row["Name"].startswith(tuple(values)),
    "Owner": _is_owned,
    "PlatformTypes": lambda row, key, values: not set(values).isdisjoint(row["PlatformTypes"]),
    "SearchKeyword": lambda row, key, values: any(value.lower() in row["Name"].lower() for value in values),
    "TargetType": lambda row, key, values: row.get("TargetType") in values,
}


def _describe(document: Document) -> dict[str, Any]:
    return (
        _identity(document)
        | _schema(document)
        | {
            "Hash": hashlib.sha256(_content(document).encode()).hexdigest(),
            "HashType": "Sha256",
            "Owner": "Amazon",
            "CreatedDate": _CREATED_AT,
            "Status": "Active",
            "Description": document.description,
            "Parameters": [
                {
                    "Name": name,
                    "Type": "StringList" if parameter.several else "String",
                    "Description": parameter.description,
                    "DefaultValue": parameter.default,
                }
                for name, parameter in document.parameters.items()
            ],
            "PlatformTypes": ["Linux"],
            "LatestVersion": "1",
            "DefaultVersion": "1",
            "Tags": [],
        }
    )


def _identity(document: Document) -> dict[str, Any]:
    return {
        "Name": document.name,
        "DocumentVersion": "1",
        "DocumentType": _type(document),
        "DocumentFormat": "JSON",
    }


def _schema(document: Document) -> dict[str, Any]:
    return {"SchemaVersion": document.content()["schemaVersion"]}


def _type(document: Document) -> str:
    return "Session" if document.session_type else "Command"


def _content(document: Document) -> str:
    return msgspec.json.format(msgspec.json.encode(document.content())).decode()
