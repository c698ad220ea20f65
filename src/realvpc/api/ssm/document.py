"""Documents of an account's own: made, changed, shared, deleted (SSM API Reference).

What AWS owns, and what reads both, is in the room of sessions, which knows AWS's documents.
"""

from __future__ import annotations

import hashlib

from msgspec.structs import replace

from realvpc.net.quotas import SSM_DOCUMENTS
from realvpc.net.ssm_document import SsmDocument, SsmDocumentVersion, document_id
from realvpc.net.table import delete, put

from ..core.context import Answer, Context, Request, Response
from ..core.effort import COMPARING
from ..core.errors import AwsError, unsupported_operation
from ..core.parameters import refuse
from .common import rendered, validation, with_tags
from .document_content import LARGEST, checked_content, described
from .document_format import FORMATS, JSON, READING_YAML, YAML, in_format
from .paging import paged

_RESERVED = ("aws", "amazon", "amzn")
_NOT_HERE = ("Attachments", "CloudProviders", "Requires")
_VERSIONS, _SHARED = 1000, 1000
_ARN = ":document/"
_READ_IN_A_STEP = 40  # characters


def create_document(ctx: Context, request: Request) -> Answer:
    """Raises DocumentAlreadyExists, DocumentLimitExceeded, ValidationException, TooManyTagsError, and what contents
    raise."""
    name, kind = request["Name"], request.get("DocumentType") or "Command"
    _check_form(request)
    if name.lower().startswith(_RESERVED):
        raise validation(f"Document names cannot begin with {', '.join(_RESERVED)}: {name}.")
    text = _checked(ctx, request, kind)
    documents = ctx.state.inventory.ssm_documents
    if document_id(ctx.account, ctx.region, name) in documents:
        raise AwsError("DocumentAlreadyExists", f"Document with same name {name} already exists")
    if ctx.count(documents) >= ctx.quota(SSM_DOCUMENTS):
        raise AwsError("DocumentLimitExceeded", "You can have at most as many documents as the quota says.")
    document = SsmDocument(
        id=document_id(ctx.account, ctx.region, name),
        account=ctx.account,
        region=ctx.region,
        tags=with_tags({}, request.get("Tags")),
        name=name,
        type=kind,
        target_type=request.get("TargetType") or "",
    )
    version = _version(ctx, request, document, text)
    return Answer({"DocumentDescription": describe(ctx, document, version)}, put(document, version))


def update_document(ctx: Context, request: Request) -> Answer:
    """Another version, which is not the default one yet.

    Raises InvalidDocument, InvalidDocumentVersion, DuplicateDocumentContent, DuplicateDocumentVersionName,
    DocumentVersionLimitExceeded, and what contents raise.
    """
    _check_form(request)
    document = own_document(ctx, request["Name"])
    if request.get("DocumentVersion", "$LATEST") not in ("$LATEST", str(document.latest)):
        raise AwsError("InvalidDocumentVersion", "The document version is not valid or does not exist.")
    text = _checked(ctx, request, document.type)
    versions = _versions_of(ctx, document)
    if any(row.content == request["Content"] for row in versions):
        raise AwsError(
            "DuplicateDocumentContent",
            "The content of the association document matches another document. Change the content of the document and "
            "try again.",
        )
    if request.get("VersionName") and any(row.version_name == request["VersionName"] for row in versions):
        raise AwsError("DuplicateDocumentVersionName", "The specified version name is a duplicate.")
    if len(versions) >= _VERSIONS:
        raise AwsError("DocumentVersionLimitExceeded", f"The document has reached the limit of {_VERSIONS} versions.")
    changed = replace(
        document, latest=document.latest + 1, target_type=request.get("TargetType") or document.target_type
    )
    version = _version(ctx, request, changed, text)
    return Answer({"DocumentDescription": describe(ctx, changed, version)}, put(changed, version))


def update_document_default_version(ctx: Context, request: Request) -> Answer:
    """Raises InvalidDocument, InvalidDocumentVersion."""
    document = own_document(ctx, request["Name"])
    version = version_of(ctx, document, request["DocumentVersion"])
    shown = {"Name": document.name, "DefaultVersion": str(version.number), "DefaultVersionName": version.version_name}
    return Answer(
        {"Description": {name: value or None for name, value in shown.items()}},
        put(replace(document, default=version.number)),
    )


def delete_document(ctx: Context, request: Request) -> Answer:
    """The whole, or one version of it.  Raises InvalidDocument, InvalidDocumentVersion, InvalidDocumentOperation."""
    document = own_document(ctx, request["Name"])
    if request.get("DocumentVersion") or request.get("VersionName"):
        version = version_of(ctx, document, request.get("DocumentVersion"), request.get("VersionName"))
        if version.number == document.default:
            raise AwsError("InvalidDocumentOperation", "The default version of the document can't be deleted.")
        return Answer({}, delete(version))
    if document.shared_with:
        raise AwsError(
            "InvalidDocumentOperation",
            "You attempted to delete a document while it is still shared. You must stop sharing the document before "
            "you can delete it.",
        )
    return Answer({}, delete(document, *ctx.state.inventory.versions_of_document(document)))


def versions_listed(ctx: Context, request: Request, document: SsmDocument) -> Answer:
    """The newest first.  Raises InvalidNextToken."""
    versions = _versions_of(ctx, document)
    page, token = paged(versions, lambda row: f"{row.number:06}", request, newest_first=True)
    rows = [
        {
            "Name": document.name,
            "DisplayName": row.display_name or None,
            "DocumentVersion": str(row.number),
            "VersionName": row.version_name or None,
            "CreatedDate": row.created_at,
            "IsDefaultVersion": row.number == document.default,
            "DocumentFormat": row.format,
            "Status": "Active",
        }
        for row in page
    ]
    return Answer({"DocumentVersions": rows, "NextToken": token})


def describe_document_permission(ctx: Context, request: Request) -> Answer:
    """Raises InvalidDocument, InvalidNextToken."""
    document = own_document(ctx, request["Name"])
    page, token = paged(document.shared_with, str, request, largest=200)
    sharing = [{"AccountId": each, "SharedDocumentVersion": "$DEFAULT"} for each in page]
    return Answer({"AccountIds": page, "AccountSharingInfoList": sharing, "NextToken": token})


def modify_document_permission(ctx: Context, request: Request) -> Answer:
    """Whom a document is shared with is kept; nobody reads another account's here.

    Raises InvalidDocument, DocumentPermissionLimit.
    """
    document = own_document(ctx, request["Name"])
    removed = set(request.get("AccountIdsToRemove") or ())
    wanted = dict.fromkeys((*document.shared_with, *(request.get("AccountIdsToAdd") or ())))
    shared = tuple(each for each in wanted if each not in removed)
    if len(shared) > _SHARED:
        raise AwsError("DocumentPermissionLimit", f"The document can be shared with {_SHARED} accounts at most.")
    return Answer({}, put(replace(document, shared_with=shared)))


def find_document(ctx: Context, name: str) -> SsmDocument | None:
    """One of the account's in its Region, by name or ARN."""
    return ctx.state.inventory.ssm_documents.get(document_id(ctx.account, ctx.region, name.rpartition(_ARN)[2]))


def own_document(ctx: Context, name: str) -> SsmDocument:
    """Raises InvalidDocument."""
    document = find_document(ctx, name)
    if document is None:
        raise AwsError("InvalidDocument", f"Document with name {name} does not exist.")
    return document


def _versions_of(ctx: Context, document: SsmDocument) -> list[SsmDocumentVersion]:
    """The oldest first."""
    versions = ctx.state.inventory.versions_of_document(document)
    ctx.effort.spend(COMPARING * len(versions))
    return versions


def version_of(
    ctx: Context, document: SsmDocument, asked: str | None = None, version_name: str | None = None
) -> SsmDocumentVersion:
    """The default version, unless another one is asked for.  Raises InvalidDocumentVersion."""
    number = {"$DEFAULT": document.default, "$LATEST": document.latest}.get(asked or "$DEFAULT", asked)
    if version_name and not asked:
        versions = _versions_of(ctx, document)
        found = next((row for row in versions if row.version_name == version_name), None)
    else:
        found = ctx.state.inventory.ssm_document_versions.get(f"{document.id}:{number}")
    if found is None or (version_name and found.version_name != version_name):
        raise AwsError("InvalidDocumentVersion", "The document version is not valid or does not exist.")
    return found


def content_shown(ctx: Context, request: Request, version: SsmDocumentVersion) -> Response:
    """The content in the format that is asked for, JSON unless another is.  Raises UnsupportedOperation."""
    check_format(request)
    wanted = request.get("DocumentFormat") or JSON
    if wanted == YAML != version.format:
        ctx.effort.spend(READING_YAML * len(version.json))
    return {
        "DocumentFormat": wanted,
        "Content": in_format(version.content, version.format, version.json, wanted),
    }


def identity(document: SsmDocument, version: SsmDocumentVersion) -> Response:
    return {
        "Name": document.name,
        "DisplayName": version.display_name or None,
        "VersionName": version.version_name or None,
        "CreatedDate": version.created_at,
        "DocumentVersion": str(version.number),
        "DocumentType": document.type,
        "DocumentFormat": version.format,
    }


def describe(ctx: Context, document: SsmDocument, version: SsmDocumentVersion) -> Response:
    ctx.effort.spend(len(version.content) // _READ_IN_A_STEP)
    return (
        identity(document, version)
        | described(version.json)
        | {
            "Hash": hashlib.sha256(version.content.encode(errors="surrogatepass")).hexdigest(),
            "HashType": "Sha256",
            "Owner": document.account,
            "Status": "Active",
            "LatestVersion": str(document.latest),
            "DefaultVersion": str(document.default),
            "TargetType": document.target_type or None,
            "Tags": rendered(document.tags),
        }
    )


def _check_form(request: Request) -> None:
    """Raises UnsupportedOperation."""
    refuse(request, _NOT_HERE)
    check_format(request)


def check_format(request: Request) -> None:
    """Raises UnsupportedOperation for what documents of the types here are not written in."""
    if request.get("DocumentFormat", JSON) not in FORMATS:
        raise unsupported_operation(f"Documents in the format {request['DocumentFormat']} are not supported.")


def _checked(ctx: Context, request: Request, kind: str) -> str:
    """The content as JSON.  Raises what ``checked_content`` raises."""
    content, form = request["Content"], request.get("DocumentFormat") or JSON
    if form == YAML:
        ctx.effort.spend(READING_YAML * min(len(content), LARGEST))
    return checked_content(content, form, kind)


def _version(ctx: Context, request: Request, document: SsmDocument, text: str) -> SsmDocumentVersion:
    form = request.get("DocumentFormat") or JSON
    return SsmDocumentVersion(
        id=f"{document.id}:{document.latest}",
        account=document.account,
        region=document.region,
        document=document.id,
        number=document.latest,
        content=request["Content"],
        created_at=ctx.now,
        version_name=request.get("VersionName") or "",
        display_name=request.get("DisplayName") or "",
        format=form,
        as_json=text if form != JSON else "",
    )
