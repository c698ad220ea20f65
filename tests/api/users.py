"""Users with keys, put into a service as it finds them when it is started, and clients with theirs."""

from __future__ import annotations

from typing import Any

from realvpc.api.core.call import Call, Caller
from realvpc.api.service import Service
from realvpc.iam.account import AccessKey
from realvpc.iam.user import User
from realvpc.net.table import put

from .conftest import MAIN, START, TOKYO, Client, performed


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


class As(Client):
    """A client with somebody's credentials."""

    def __init__(self, service: Service, access_key_id: str, token: str | None = None) -> None:
        found = service.credential(access_key_id, token)
        assert found is not None
        super().__init__(service, found.account, TOKYO)
        self.who = Caller(found.account, TOKYO, found.arn, found.user_id, access_key_id, found.session)

    def __call__(self, action: str, /, *, of: str = "ec2", **params: Any) -> dict[str, Any]:
        return performed(self.service, Call(of, action, params, self.who, "req-1"))
