"""Every quota, used up: the last that it allows, the first that it refuses, and whose it is."""

from __future__ import annotations

from typing import Any

import pytest

from realvpc.net.quotas import QUOTAS, Quota

from .conftest import MAIN, OTHER, TOKYO, VIRGINIA, Client, give_quota
from .limits import LIMITS

EVERY = pytest.mark.parametrize("quota", QUOTAS.values(), ids=QUOTAS)
ALLOWED = 2


def given(client: Client, quota: Quota, units: int) -> None:
    """As much of the quota as so many requests of its limit use."""
    limit = LIMITS[quota]
    region = "" if quota.is_global else client.region
    give_quota(client.service, quota, limit.there + units * limit.unit, account=client.account, region=region)


def used_up(client: Client, quota: Quota) -> tuple[str, str, dict[str, Any]]:
    """Returns the request that was one too many."""
    make = LIMITS[quota].prepare(client)
    given(client, quota, ALLOWED)
    for number in range(1, ALLOWED + 1):
        service, action, params = make(number)
        client(action, of=service, **params)
    service, action, params = make(ALLOWED + 1)
    assert client.refused(action, of=service, **params).code == LIMITS[quota].code
    return service, action, params


@EVERY
def test_the_last_is_allowed_and_the_first_beyond_is_refused_until_more_is_given(client: Client, quota: Quota) -> None:
    service, action, params = used_up(client, quota)
    given(client, quota, ALLOWED + 1)
    client(action, of=service, **params)


@EVERY
def test_what_an_account_has_counts_for_itself_alone_and_where_it_has_it(client: Client, quota: Quota) -> None:
    service, action, params = used_up(client, quota)
    used_up(Client(client.service, OTHER, TOKYO), quota)
    elsewhere = Client(client.service, MAIN, VIRGINIA)
    if quota.is_global:
        assert elsewhere.refused(action, of=service, **params).code == LIMITS[quota].code
    else:
        used_up(elsewhere, quota)
