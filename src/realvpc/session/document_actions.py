"""GetDocument, DescribeDocument and ListDocuments, for AWS's own documents that work here (SSM API Reference).

The same for every caller: there are no documents of anybody's own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from realvpc.api.core.context import Answer, Context, Request
from realvpc.api.core.errors import AwsError
from realvpc.api.ssm.paging import paged

from .documents import DOCUMENTS, Document

_CREATED_AT = datetime(2020, 1, 1, tzinfo=UTC)


def describe_document(ctx: Context, request: Request) -> Answer:
    """Raises InvalidDocument and InvalidDocumentVersion."""
    return Answer({"Document": _describe(_find(request))})


def _find(request: Request) -> Document:
    """Raises InvalidDocument and InvalidDocumentVersion."""
    name = request["Name"].rpartition("/")[2]
    if name not in DOCUMENTS:
        raise AwsError("InvalidDocument", f"Document with name {name} does not exist.")
    if request.get("DocumentVersion", "1") not in ("1", "$DEFAULT", "$LATEST"):
        raise AwsError("InvalidDocumentVersion", "The document has one version, 1.")
    return DOCUMENTS[name]


def get_document(ctx: Context, request: Request) -> Answer:
    """Raises InvalidDocument and InvalidDocumentVersion."""
    document = _find(request)
    response = _identity(document) | {
        "CreatedDate": _CREATED_AT,
        "Status": "Active",
        "Content": _content(document),
    }
    return Answer(response)


def list_documents(ctx: Context, request: Request) -> Answer:
    """Raises InvalidFilterKey, InvalidNextToken, ValidationException."""
    rows = list(DOCUMENTS.values())
    for filter_ in request.get("Filters") or []:
        key, values = filter_.get("Key"), filter_.get("Values") or []
        if key is None:
            raise AwsError("ValidationException", "A filter has a Key.")
        if key not in _FILTERS:
            raise AwsError("InvalidFilterKey", f"The filter key {key} is not valid.")
        rows = [row for row in rows if _FILTERS[key](row, values)]
    page, token = paged(rows, lambda row: row.name, request, default=10)
    identifiers = [
        _identity(row) | _schema(row) | {"Owner": "Amazon", "PlatformTypes": ["Linux"], "Tags": []} for row in page
    ]
    return Answer({"DocumentIdentifiers": identifiers, "NextToken": token})


_FILTERS: dict[str, Callable[[Document, list[str]], bool]] = {
    "DocumentType": lambda row, values: _type(row) in values,
    "Name": lambda row, values: row.name.startswith(tuple(values)),
    "Owner": lambda row, values: not {"Amazon", "Public", "All"}.isdisjoint(values),
    "PlatformTypes": lambda row, values: "Linux" in values,
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
