"""How much an account may have: what counts now, and what the operator raises."""

from __future__ import annotations

from typing import Any

from ..iam.account import Account
from ..net.quotas import LARGEST, QUOTAS, UNLIMITED, AppliedQuota, Quota, in_force
from ..net.table import delete, put
from ..net.zones import REGIONS
from .desk import Answer, Desk, Refusal


async def quotas(desk: Desk, request: dict[str, Any]) -> Answer:
    """Every quota of an ``account`` (id or name) in a ``region``, or ``quota`` alone; ``value`` is None where there is
    none.
    """
    account, region = _place(desk, request)
    wanted = [_quota(str(request["quota"]))] if "quota" in request else QUOTAS.values()
    return [_shown(desk, account, region, quota) for quota in wanted]


async def set_quota(desk: Desk, request: dict[str, Any]) -> Answer:
    """Give ``quota`` (its key, code or name) the ``value``, or without one what all accounts begin with."""
    account, region = _place(desk, request)
    quota = _quota(str(request.get("quota", "")))
    if request.get("value") is None:
        row = AppliedQuota.of(account.id, region, quota, 0)
        desk.service.report(lambda ctx: delete(row), f"{quota.key} as it was")
    else:
        value = _value(request["value"], quota)
        applied = AppliedQuota.of(account.id, region, quota, value)
        desk.service.report(lambda ctx: put(applied), f"{quota.key} is {value}")
    return _shown(desk, account, region, quota)


def _shown(desk: Desk, account: Account, region: str, quota: Quota) -> dict[str, Any]:
    usual = quota.value(desk.settings.quota_mode)
    value = in_force(desk.service.state.directory.quotas, account.id, region, quota, desk.settings.quota_mode)
    return {
        "key": quota.key,
        "service": quota.service,
        "code": quota.code or None,
        "name": quota.name,
        "value": None if value == UNLIMITED else value,
        "default": None if usual == UNLIMITED else usual,
        "ceiling": quota.ceiling,
        "account": account.id,
        "region": None if quota.is_global else region,
    }


def _place(desk: Desk, request: dict[str, Any]) -> tuple[Account, str]:
    """Raises Refusal."""
    account, region = desk.account(request.get("account", "main")), str(request.get("region", ""))
    if region not in REGIONS:
        raise Refusal(f"there is no Region {region!r}. There are: {', '.join(sorted(REGIONS))}")
    return account, region


def _quota(wanted: str) -> Quota:
    """Raises Refusal."""
    found = [quota for quota in QUOTAS.values() if wanted in (quota.key, quota.code, quota.name) and wanted]
    if len(found) != 1:
        raise Refusal(f"there is no quota {wanted!r}: `realvpc quotas` lists them")
    return found[0]


def _value(given: Any, quota: Quota) -> int:
    """Raises Refusal."""
    if not isinstance(given, int) or isinstance(given, bool) or not 0 <= given <= LARGEST:
        raise Refusal(f"a quota is a whole number from 0 to {LARGEST:,}")
    if quota.ceiling is not None and given > quota.ceiling:
        raise Refusal(f"AWS raises {quota.name} to at most {quota.ceiling}; `realvpc up --quotas off` lifts all quotas")
    return given
