"""Key pairs (EC2 API Reference).  A private key leaves in the answer that made it, and is kept nowhere."""

from __future__ import annotations

from realvpc.net.key_pair import KeyPair
from realvpc.net.table import delete, put

from ..core.context import Answer, Context, Request, Response
from ..core.describe import select
from ..core.effort import GENERATING_RSA
from ..core.errors import AwsError, invalid_parameter_value, unsupported_operation
from ..core.lookup import find_all, get, not_found
from ..core.noun import Noun, of_row
from ..core.parameters import required
from ..core.tags import render_tags, tags_on_creation
from .ssh_key import ED25519, RSA, KeyFormatError, SshKey, make_key, read_public_key

MAXIMUM_NAME_LENGTH = 255
MAXIMUM_MATERIAL_LENGTH = 2048  # bytes


def create_key_pair(ctx: Context, request: Request) -> Answer:
    """The one action whose result is not a function of its context: where keys come from is the library's secret.

    Raises InvalidKeyPair.Duplicate, InvalidParameterValue, UnsupportedOperation for PuTTY's format.
    """
    name = _new_name(ctx, request)
    tags = tags_on_creation(request, KEY_PAIR.tag_type)
    key_type = request.get("KeyType") or RSA
    if key_type not in (RSA, ED25519):
        raise invalid_parameter_value(f"Invalid value '{key_type}' for KeyType.")
    if request.get("KeyFormat") not in (None, "pem"):
        raise unsupported_operation("The key format ppk is not supported. Convert a pem key with puttygen.")
    if key_type == RSA:
        ctx.effort.spend(GENERATING_RSA)
    key, private = make_key(key_type)
    row = _row(ctx, name, key, tags)
    return Answer(_render_new(row) | {"KeyMaterial": private}, put(row))


def import_key_pair(ctx: Context, request: Request) -> Answer:
    """Raises InvalidKeyPair.Duplicate, InvalidKey.Format, InvalidParameterValue."""
    name = _new_name(ctx, request)
    tags = tags_on_creation(request, KEY_PAIR.tag_type)
    _check_material(request["PublicKeyMaterial"])
    try:
        key = read_public_key(request["PublicKeyMaterial"])
    except KeyFormatError as error:
        raise AwsError("InvalidKey.Format", "Key is not in valid OpenSSH public key format") from error
    row = _row(ctx, name, key, tags)
    return Answer(_render_new(row), put(row))


def _check_material(material: bytes) -> None:
    """What the AWS CLI makes of ``file://``, where ``fileb://`` was meant, is refused here."""
    if len(material) > MAXIMUM_MATERIAL_LENGTH:
        problem = f"Length exceeds maximum of {MAXIMUM_MATERIAL_LENGTH}."
    elif not material.isascii():
        problem = "Character sets beyond ASCII are not supported."
    else:
        return
    raise invalid_parameter_value(f"Value for parameter PublicKeyMaterial is invalid. {problem}")


def delete_key_pair(ctx: Context, request: Request) -> Answer:
    """By name, or by id.  A name that nobody has is no error; instances keep the public key that they have.

    Raises MissingParameter; ``InvalidKeyPair.NotFound`` for an id.
    """
    name, key_id = request.get("KeyName"), request.get("KeyPairId")
    if key_id:
        row: KeyPair | None = get(ctx, KEY_PAIR, key_id)
        if row is not None and name not in (None, row.name):
            raise not_found(KEY_PAIR, key_id)
    else:
        row = key_pair_named(ctx, required(request, "KeyName"))
    return Answer({"Return": True, "KeyPairId": row.id}, delete(row)) if row else Answer({"Return": True})


def key_pair_named(ctx: Context, name: str) -> KeyPair | None:
    """The caller's key pair of this name, in the caller's Region."""
    return next((row for row in find_all(ctx, KEY_PAIR) if row.name == name), None)


def _new_name(ctx: Context, request: Request) -> str:
    name: str = request["KeyName"]
    if not name or len(name) > MAXIMUM_NAME_LENGTH or not name.isascii() or not name.isprintable():
        raise invalid_parameter_value(
            f"Value ({name}) for parameter KeyName is invalid. "
            f"It has to be {MAXIMUM_NAME_LENGTH} printable ASCII characters at most."
        )
    if name != name.strip():
        raise invalid_parameter_value(
            f"Value ({name}) for parameter KeyName is invalid. It must not begin or end with a space."
        )
    if key_pair_named(ctx, name) is not None:
        raise AwsError("InvalidKeyPair.Duplicate", "The keypair already exists")
    return name


def _row(ctx: Context, name: str, key: SshKey, tags: dict[str, str]) -> KeyPair:
    return KeyPair(
        id=ctx.new_id(KEY_PAIR.prefix),
        account=ctx.account,
        region=ctx.region,
        tags=tags,
        name=name,
        key_type=key.key_type,
        fingerprint=key.fingerprint,
        public_key=key.line,
        created_at=ctx.now,
    )


def _render_new(row: KeyPair) -> Response:
    """Without a list of tags where there are none: so clients have got it (and an empty list when they describe)."""
    return {
        "KeyPairId": row.id,
        "KeyName": row.name,
        "KeyFingerprint": row.fingerprint,
        "Tags": render_tags(row.tags) or None,
    }


def _render(row: KeyPair) -> Response:
    return _render_new(row) | {
        "KeyType": row.key_type,
        "CreateTime": row.created_at,
        "Tags": render_tags(row.tags),
    }


KEY_PAIR = Noun(
    type=KeyPair,
    prefix="key",
    not_found="InvalidKeyPair.NotFound",
    malformed="InvalidKeyPairId.Malformed",
    words="key pair",
    tag_type="key-pair",
    ids="KeyPairIds",
    result="KeyPairs",
    render=of_row(_render),
    filters={"fingerprint": ".fingerprint", "key-name": ".name", "key-pair-id": ".id"},
)


def describe_key_pairs(ctx: Context, request: Request) -> Answer:
    """By name.  Raises ``InvalidKeyPair.NotFound`` for names and ids, InvalidParameterValue for a filter."""
    ids = list(request.get("KeyPairIds") or ())
    if request.get("KeyNames"):
        id_of = {row.name: row.id for row in find_all(ctx, KEY_PAIR)}
        names = dict.fromkeys(request["KeyNames"])
        missing = [name for name in names if name not in id_of]
        if missing:
            raise not_found(KEY_PAIR, *missing)
        ids += [id_of[name] for name in names]
    rows = sorted(select(ctx, request | {KEY_PAIR.ids: ids}, KEY_PAIR), key=lambda row: row.name)
    with_key = bool(request.get("IncludePublicKey"))
    return Answer({"KeyPairs": [_described(ctx, row, with_key) for row in rows]})


def _described(ctx: Context, row: KeyPair, with_key: bool) -> Response:
    return KEY_PAIR.render(ctx, row) | ({"PublicKey": row.authorized_key} if with_key else {})
