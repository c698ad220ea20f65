"""Whether accounts find a default VPC in Regions that are new to them, and which they have."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from ..config import Switch
from ..iam.account import Account
from ..net.table import put
from .desk import Answer, Desk, Refusal


async def default_vpcs(desk: Desk, request: dict[str, Any]) -> Answer:
    """Of every account: what counts, whether that was said of this one, and its default VPCs by Region."""
    state = desk.service.state
    there: dict[str, dict[str, str]] = {}
    for vpc in state.network.vpcs.values():
        if vpc.is_default:
            there.setdefault(vpc.account, {})[vpc.region] = vpc.id
    accounts = sorted(state.directory.accounts.values(), key=lambda row: (row.zone_seed, row.name))
    return [{**_shown(desk, row), "vpcs": there.get(row.id, {})} for row in accounts]


async def set_default_vpc(desk: Desk, request: dict[str, Any]) -> Answer:
    """Switch it ``on`` or ``off`` for an ``account`` (id or name); without ``default_vpc`` it is as for all others."""
    account, wanted = desk.account(request.get("account", "main")), request.get("default_vpc")
    if wanted is not None and wanted not in list(Switch):
        raise Refusal("a default VPC is on or off")
    changed = replace(account, default_vpc=None if wanted is None else wanted == Switch.ON)
    desk.service.report(lambda ctx: put(changed), f"default VPC of {account.name}: {wanted or 'as all'}")
    return _shown(desk, changed)


def _shown(desk: Desk, account: Account) -> dict[str, Any]:
    usually = desk.settings.default_vpc is Switch.ON
    return {
        "account": account.name,
        "id": account.id,
        "default_vpc": Switch.ON if account.finds_default_vpc(usually=usually) else Switch.OFF,
        "own": account.default_vpc is not None,
    }
