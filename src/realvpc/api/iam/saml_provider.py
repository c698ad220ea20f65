"""SAML providers, as records (IAM API Reference)."""

from __future__ import annotations

from datetime import timedelta

from msgspec.structs import replace

from realvpc.iam.identity_provider import SamlProvider
from realvpc.net.quotas import SAML_PROVIDERS
from realvpc.net.table import Table, delete, put

from ..core.context import Answer, Context, Request, Response
from ..core.parameters import refuse
from ..core.tags import render_tags
from .common import check_quota, checked_tags, entity_already_exists, invalid_input, new_entity_id, no_such_entity
from .tag import listing_tags, tagging, untagging

_NOT_HERE = (
    "AddPrivateKey",
    "AssertionEncryptionMode",
    "ContextProvider",
    "IdentityCenterInstanceArn",
    "RemoveContextProvider",
    "RemoveIdentityCenterInstance",
    "RemovePrivateKey",
)
_VALID_FOR = timedelta(days=36_500)  # as the console says of metadata that name no date
_ROOT = "EntityDescriptor"


def create_saml_provider(ctx: Context, request: Request) -> Answer:
    """Raises InvalidInput, EntityAlreadyExists, LimitExceeded, UnsupportedOperation."""
    refuse(request, _NOT_HERE)
    name = request["Name"]
    arn = f"arn:aws:iam::{ctx.account}:saml-provider/{name}"
    if arn in _table(ctx):
        raise entity_already_exists(f"SAMLProvider {arn} already exists.")
    check_quota(ctx, SAML_PROVIDERS, "SAMLProvidersPerAccount", ctx.count(_table(ctx)))
    provider = SamlProvider(
        id=arn,
        account=ctx.account,
        tags=checked_tags(request.get("Tags")),
        name=name,
        uuid=new_entity_id(ctx, "ASAML"),
        metadata=_checked(request["SAMLMetadataDocument"]),
        created_at=ctx.now,
    )
    return Answer({"SAMLProviderArn": arn, "Tags": render_tags(provider.tags)}, put(provider))


def update_saml_provider(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity, InvalidInput, UnsupportedOperation."""
    refuse(request, _NOT_HERE)
    provider = _of(ctx, request)
    metadata = request.get("SAMLMetadataDocument") or provider.metadata
    return Answer({"SAMLProviderArn": provider.id}, put(replace(provider, metadata=_checked(metadata))))


def get_saml_provider(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity."""
    provider = _of(ctx, request)
    shown = {"SAMLProviderUUID": provider.uuid, "SAMLMetadataDocument": provider.metadata}
    return Answer(shown | _dates(provider) | {"Tags": render_tags(provider.tags)})


def list_saml_providers(ctx: Context, request: Request) -> Answer:
    rows = sorted(ctx.visible(_table(ctx)), key=lambda row: row.name)
    return Answer({"SAMLProviderList": [{"Arn": row.id} | _dates(row) for row in rows]})


def delete_saml_provider(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity."""
    return Answer({}, delete(_of(ctx, request)))


def _table(ctx: Context) -> Table[SamlProvider]:
    return ctx.state.table(SamlProvider)


def _of(ctx: Context, request: Request) -> SamlProvider:
    arn = request["SAMLProviderArn"]
    provider = _table(ctx).get(arn)
    if provider is None or not ctx.sees(provider):
        raise no_such_entity(f"Manifest not found for arn {arn}")
    return provider


def _checked(metadata: str) -> str:
    """Only that it is about an entity: nobody signs in by it here."""
    if _ROOT not in metadata:
        raise invalid_input("Could not parse metadata")
    return metadata


def _dates(provider: SamlProvider) -> Response:
    return {"CreateDate": provider.created_at, "ValidUntil": provider.created_at + _VALID_FOR}


tag_saml_provider, untag_saml_provider = tagging(_of), untagging(_of)
list_saml_provider_tags = listing_tags(_of)
