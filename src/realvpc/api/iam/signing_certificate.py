"""X.509 signing certificates of users: uploaded, listed, switched off, deleted (IAM API Reference)."""

from __future__ import annotations

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import load_pem_x509_certificate
from msgspec.structs import replace

from realvpc.iam.secrets import new_certificate_id
from realvpc.iam.signing_certificate import SigningCertificate
from realvpc.iam.user import User
from realvpc.net.table import delete, put

from ..core.context import Answer, Context, Request, Response
from ..core.effort import MAKING
from ..core.errors import AwsError, unsupported_operation
from .common import invalid_input, limit_exceeded, no_such_entity, page
from .user import user_asked_for

MOST = 2
_READING = 300  # steps


def upload_signing_certificate(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity, MalformedCertificate, DuplicateCertificate, LimitExceeded, ValidationError."""
    user, body = _user(ctx, request), request["CertificateBody"]
    ctx.effort.spend(_READING)
    fingerprint, others = _fingerprint(body), ctx.directory.signing_certificates_of(user.id)
    if any(other.fingerprint == fingerprint for other in others):
        raise AwsError("DuplicateCertificate", "The certificate is already associated with the user.", 409)
    if len(others) >= MOST:
        raise limit_exceeded("CertificatesPerUser", MOST)
    ctx.effort.spend(MAKING)
    row = SigningCertificate(
        id=new_certificate_id(ctx.random),
        account=ctx.account,
        user_id=user.id,
        body=body,
        fingerprint=fingerprint,
        uploaded_at=ctx.now,
    )
    return Answer({"Certificate": _render(user, row)}, put(row))


def list_signing_certificates(ctx: Context, request: Request) -> Answer:
    """Of the user with this name, or the caller's.  Raises NoSuchEntity, ValidationError."""
    user = user_asked_for(ctx, request)
    rows = ctx.directory.signing_certificates_of(user.id) if user else ()
    shown, members = page(ctx, request, rows, lambda row: row.id, lambda row: len(row.body))
    return Answer({"Certificates": [_render(user, row) for row in shown if user]} | members)


def update_signing_certificate(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity, InvalidInput, ValidationError."""
    row = _named(ctx, request)
    if request["Status"] not in ("Active", "Inactive"):
        raise invalid_input(f"The status {request['Status']} cannot be set.")
    return Answer({}, put(replace(row, is_active=request["Status"] == "Active")))


def delete_signing_certificate(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity, ValidationError."""
    return Answer({}, delete(_named(ctx, request)))


def _user(ctx: Context, request: Request) -> User:
    user = user_asked_for(ctx, request)
    if user is None:
        raise unsupported_operation("An account itself has no signing certificates here: name a user.")
    return user


def _named(ctx: Context, request: Request) -> SigningCertificate:
    user, asked = user_asked_for(ctx, request), request["CertificateId"]
    row = ctx.directory.signing_certificates.get(asked)
    if row is None or user is None or row.user_id != user.id:
        raise no_such_entity(f"The Certificate with id {asked} cannot be found.")
    return row


def _fingerprint(body: str) -> str:
    """Raises MalformedCertificate."""
    try:
        return load_pem_x509_certificate(body.encode("latin-1", "replace")).fingerprint(SHA256()).hex()
    except ValueError:
        raise AwsError(
            "MalformedCertificate", "Unable to parse certificate. Please ensure the certificate is in PEM format."
        ) from None


def _render(user: User, row: SigningCertificate) -> Response:
    return {
        "UserName": user.name,
        "CertificateId": row.id,
        "CertificateBody": row.body,
        "Status": "Active" if row.is_active else "Inactive",
        "UploadDate": row.uploaded_at,
    }
