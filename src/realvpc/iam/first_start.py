"""What a new service begins with: two accounts, each with a user `admin` and an access key."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from realvpc.net.table import Change, put

from .account import AccessKey, Account

if TYPE_CHECKING:  # where randomness is made is the shell's affair
    from random import Random

NAMES = ("main", "other")
_BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
_BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"


def first_accounts(now: datetime, random: Random) -> Change:
    """The second account's zone names stand for other zone ids than the first one's (``net.zones``).

    ``random`` makes the secrets: it has to be the system's.
    """
    rows: list[Account | AccessKey] = []
    for seed, name in enumerate(NAMES):
        account = str(random.randrange(10**11, 10**12))
        rows.append(Account(id=account, account=account, name=name, zone_seed=seed))
        rows.append(
            AccessKey(
                id="AKIA" + _letters(random, _BASE32, 16),
                account=account,
                secret=_letters(random, _BASE64, 40),
                user_name="admin",
                user_id="AIDA" + _letters(random, _BASE32, 17),
                created_at=now,
            )
        )
    return put(*rows)


def _letters(random: Random, alphabet: str, length: int) -> str:
    return "".join(random.choice(alphabet) for _ in range(length))
