"""Users with keys, put into a service as it finds them when it is started."""

from __future__ import annotations

from realvpc.api.service import Service
from realvpc.iam.account import AccessKey
from realvpc.iam.user import User
from realvpc.net.table import put

from .conftest import MAIN, START


def user_with_keys(
    service: Service,
    name: str,
    *key_ids: str,
    account: str = MAIN,
    user_id: str | None = None,
    of_operator: bool = False,
) -> User:
    user = User(
        id=user_id or f"AIDA{name.upper()}",
        account=account,
        name=name,
        path="/",
        created_at=START,
        of_operator=of_operator,
    )
    keys = (AccessKey(id=each, account=account, secret="s", user_id=user.id, created_at=START) for each in key_ids)
    change = put(user, *keys)
    service.report(lambda ctx: change, "test")
    return user
