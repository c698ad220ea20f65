"""What a new service begins with: two accounts, each with a user `admin` and an access key that the operator has."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

from realvpc.net.resource import Resource
from realvpc.net.table import Change, put

from .account import AccessKey, Account
from .directory import Directory
from .secrets import new_entity_id, new_key_id, new_secret
from .user import User

if TYPE_CHECKING:  # where randomness is made is the shell's affair
    from random import Random

NAMES = ("main", "other")
ADMIN = "admin"


def first_accounts(now: datetime, random: Random) -> Change:
    """The second account's zone names stand for other zone ids than the first one's (``net.zones``).

    ``random`` makes the secrets: it has to be the system's.
    """
    rows: list[Resource] = []
    for seed, name in enumerate(NAMES):
        account = str(random.randrange(10**11, 10**12))
        rows.append(Account(id=account, account=account, name=name, zone_seed=seed))
        rows += _way_in(account, None, now, random)
    return put(*rows)


def ways_back(directory: Directory, now: datetime, random: Random) -> Change:
    """A key for the operator wherever there is none that works: an account's owner cannot be locked out."""
    open_accounts = {key.account for key in directory.access_keys.values() if key.of_operator and key.is_active}
    return put(
        *(
            row
            for account in directory.accounts
            if account not in open_accounts
            for row in _way_in(account, directory.user_named(account, ADMIN), now, random)
        )
    )


def _way_in(account: str, user: User | None, now: datetime, random: Random) -> Iterator[Resource]:
    if user is None:
        user = User(
            id=new_entity_id(random, "AIDA"), account=account, name=ADMIN, path="/", created_at=now, of_operator=True
        )
        yield user
    yield AccessKey(
        id=new_key_id(random),
        account=account,
        secret=new_secret(random),
        user_id=user.id,
        created_at=now,
        of_operator=True,
    )
