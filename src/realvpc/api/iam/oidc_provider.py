"""OpenID Connect providers, as records (IAM API Reference)."""

from __future__ import annotations

import re

from msgspec.structs import replace

from realvpc.iam.identity_provider import OpenIdConnectProvider
from realvpc.net.quotas import OIDC_PROVIDERS
from realvpc.net.table import Table, delete, put

from ..core.context import Answer, Context, Request
from ..core.parameters import refuse
from ..core.tags import render_tags
from .common import check_quota, checked_tags, entity_already_exists, invalid_input, no_such_entity, validation_error
from .tag import listing_tags, tagging, untagging

_MOST_CLIENTS, _MOST_THUMBPRINTS = 100, 5
_URL = re.compile(r"https://([A-Za-z0-9.-]+(?::[0-9]+)?(?:/[A-Za-z0-9._~%+-]+)*)/?", re.ASCII)
_THUMBPRINT = re.compile("[0-9A-Fa-f]{40}", re.ASCII)
_NOT_HERE = ("ContextProvider", "IdentityCenterInstanceArn")


def create_open_id_connect_provider(ctx: Context, request: Request) -> Answer:
    """Nobody is asked whether there is such a provider: no packet leaves the machine.

    Raises ValidationError, InvalidInput, EntityAlreadyExists, LimitExceeded, UnsupportedOperation.
    """
    refuse(request, _NOT_HERE)
    url = request["Url"]
    found = _URL.fullmatch(url)
    if found is None:
        raise validation_error("Invalid Open ID Connect Provider URL")
    place = found[1]
    arn = f"arn:aws:iam::{ctx.account}:oidc-provider/{place}"
    if arn in _table(ctx):
        raise entity_already_exists(f"Provider with url {url} already exists.")
    check_quota(ctx, OIDC_PROVIDERS, "OpenIdConnectProvidersPerAccount", ctx.count(_table(ctx)))
    provider = OpenIdConnectProvider(
        id=arn,
        account=ctx.account,
        tags=checked_tags(request.get("Tags")),
        url=place,
        client_ids=_clients(request.get("ClientIDList") or []),
        thumbprints=_thumbprints(request.get("ThumbprintList") or []),
        created_at=ctx.now,
    )
    return Answer({"OpenIDConnectProviderArn": arn, "Tags": render_tags(provider.tags)}, put(provider))


def get_open_id_connect_provider(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity."""
    provider = _of(ctx, request)
    return Answer(
        {
            "Url": provider.url,
            "ClientIDList": list(provider.client_ids),
            "ThumbprintList": list(provider.thumbprints),
            "CreateDate": provider.created_at,
            "Tags": render_tags(provider.tags),
        }
    )


def list_open_id_connect_providers(ctx: Context, request: Request) -> Answer:
    arns = sorted(row.id for row in ctx.visible(_table(ctx)))
    return Answer({"OpenIDConnectProviderList": [{"Arn": arn} for arn in arns]})


def delete_open_id_connect_provider(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity."""
    return Answer({}, delete(_of(ctx, request)))


def update_open_id_connect_provider_thumbprint(ctx: Context, request: Request) -> Answer:
    """Raises NoSuchEntity, InvalidInput."""
    return Answer({}, put(replace(_of(ctx, request), thumbprints=_thumbprints(request["ThumbprintList"]))))


def add_client_id_to_open_id_connect_provider(ctx: Context, request: Request) -> Answer:
    """Adding one again is no error.  Raises NoSuchEntity, InvalidInput, LimitExceeded."""
    provider = _of(ctx, request)
    return Answer({}, put(replace(provider, client_ids=_clients([*provider.client_ids, request["ClientID"]]))))


def remove_client_id_from_open_id_connect_provider(ctx: Context, request: Request) -> Answer:
    """Removing one that is not there is no error.  Raises NoSuchEntity."""
    provider = _of(ctx, request)
    rest = tuple(each for each in provider.client_ids if each != request["ClientID"])
    return Answer({}, put(replace(provider, client_ids=rest)))


def _table(ctx: Context) -> Table[OpenIdConnectProvider]:
    return ctx.state.table(OpenIdConnectProvider)


def _of(ctx: Context, request: Request) -> OpenIdConnectProvider:
    arn = request["OpenIDConnectProviderArn"]
    provider = _table(ctx).get(arn)
    if provider is None or not ctx.sees(provider):
        raise no_such_entity(f"OpenIDConnect Provider not found for arn {arn}")
    return provider


def _clients(given: list[str]) -> tuple[str, ...]:
    clients = tuple(dict.fromkeys(given))
    if len(clients) > _MOST_CLIENTS:
        raise validation_error(f"Client id list must contain fewer than {_MOST_CLIENTS} entries.")
    return clients


def _thumbprints(given: list[str]) -> tuple[str, ...]:
    if len(given) > _MOST_THUMBPRINTS:
        raise invalid_input(f"Thumbprint list must contain fewer than {_MOST_THUMBPRINTS} entries.")
    if not all(map(_THUMBPRINT.fullmatch, given)):
        raise invalid_input("Thumbprints have 40 hexadecimal digits.")
    return tuple(given)


tag_open_id_connect_provider, untag_open_id_connect_provider = tagging(_of), untagging(_of)
list_open_id_connect_provider_tags = listing_tags(_of)
