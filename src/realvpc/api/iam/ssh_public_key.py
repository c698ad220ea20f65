"""SSH public keys of users: uploaded, read, listed, switched off, deleted (IAM API Reference)."""

from __future__ import annotations

import base64
import hashlib

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_pem_public_key,
    load_ssh_public_key,
)
from msgspec.structs import replace

from realvpc.iam.ssh_public_key import SshPublicKey
from realvpc.iam.user import User
from realvpc.net.table import delete, put

from ..core.context import Answer, Context, Request, Response
from ..core.errors import AwsError
from .common import invalid_input, limit_exceeded, new_entity_id, no_such_entity, page
from .user import user_asked_for, user_named

_MOST = 5
_FEWEST_BITS = 2048
_READING = 300  # steps


def upload_ssh_public_key(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity, LimitExceeded, InvalidPublicKey, UnrecognizedPublicKeyEncoding, DuplicateSSHPublicKey."""
    user, body = user_named(ctx, request["UserName"]), request["SSHPublicKeyBody"].strip()
    ctx.effort.spend(_READING)
    line, others = _line_of(body), ctx.directory.ssh_keys_of(user.id)
    if any(other.line == line for other in others):
        raise AwsError("DuplicateSSHPublicKey", "The SSH public key is already associated with the user.")
    if len(others) >= _MOST:
        raise limit_exceeded("SSHPublicKeysPerUser", _MOST)
    key = SshPublicKey(
        id=new_entity_id(ctx, "APKA"),
        account=ctx.account,
        user_id=user.id,
        line=line,
        body=body,
        uploaded_at=ctx.now,
    )
    return Answer({"SSHPublicKey": _detailed(user, key, key.body)}, put(key))


def get_ssh_public_key(ctx: Context, request: Request) -> Answer:
    """In OpenSSH's form or as PEM.  Raises NoSuchEntity."""
    user, key = _named(ctx, request)
    body = key.line
    if request["Encoding"] == "PEM":
        public = load_ssh_public_key(key.line.encode())
        body = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return Answer({"SSHPublicKey": _detailed(user, key, body)})


def list_ssh_public_keys(ctx: Context, request: Request) -> Answer:
    """Of the user with this name, or the caller's.  Raises NoSuchEntity, ValidationError."""
    user = user_asked_for(ctx, request)
    keys = ctx.directory.ssh_keys_of(user.id) if user else []
    shown, members = page(ctx, request, keys, lambda key: key.id)
    return Answer({"SSHPublicKeys": [_render(user, key) for key in shown if user]} | members)


def update_ssh_public_key(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity, InvalidInput."""
    _, key = _named(ctx, request)
    if request["Status"] not in ("Active", "Inactive"):
        raise invalid_input(f"The status {request['Status']} cannot be set.")
    return Answer({}, put(replace(key, is_active=request["Status"] == "Active")))


def delete_ssh_public_key(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity."""
    return Answer({}, delete(_named(ctx, request)[1]))


def _named(ctx: Context, request: Request) -> tuple[User, SshPublicKey]:
    user = user_named(ctx, request["UserName"])
    key = ctx.directory.ssh_public_keys.get(request["SSHPublicKeyId"])
    if key is None or key.user_id != user.id:
        raise no_such_entity(f"The Public Key with id {request['SSHPublicKeyId']} cannot be found.")
    return user, key


def _line_of(body: str) -> str:
    """Raises InvalidPublicKey, UnrecognizedPublicKeyEncoding."""
    text = body.encode("latin-1", "replace")
    try:
        key = load_pem_public_key(text) if text.startswith(b"-----") else load_ssh_public_key(text)
    except (ValueError, UnsupportedAlgorithm):
        raise AwsError("UnrecognizedPublicKeyEncoding", "The public key is in no encoding that is known.") from None
    if not isinstance(key, RSAPublicKey) or key.key_size < _FEWEST_BITS:
        raise AwsError("InvalidPublicKey", f"The public key has to be one of RSA, of {_FEWEST_BITS} bits at least.")
    return key.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


def _render(user: User, key: SshPublicKey) -> Response:
    return {
        "UserName": user.name,
        "SSHPublicKeyId": key.id,
        "Status": "Active" if key.is_active else "Inactive",
        "UploadDate": key.uploaded_at,
    }


def _detailed(user: User, key: SshPublicKey, body: str) -> Response:
    digest = hashlib.md5(base64.b64decode(key.line.split(" ")[1]), usedforsecurity=False).hexdigest()
    fingerprint = ":".join(digest[place : place + 2] for place in range(0, len(digest), 2))
    return _render(user, key) | {"Fingerprint": fingerprint, "SSHPublicKeyBody": body}
