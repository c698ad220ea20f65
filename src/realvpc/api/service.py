"""The service: one state, one writer, one door for every change."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from random import Random

from realvpc.iam.evaluate import Evaluate, evaluate
from realvpc.iam.temporary_credentials import KEY_BYTES
from realvpc.net.table import Change
from realvpc.store.database import Database
from realvpc.store.state import State

from .actions import ACTIONS
from .core.action import Actions
from .core.call import Call, Caller, Credential
from .core.context import Context, Options, Response
from .core.credentials import find_credential
from .core.door import enter

_KEY_SETTING = "service-key"

Report = Callable[[Context], Change]
"""A background fact (a machine is up): a function of the state, like an action, with nobody to answer."""


class Service:
    """Runs actions one after the other on the current state.

    ``on_change`` is called after every commit, with the new revision.  ``evaluate`` is asked for every call.  ``key``
    signs what the service hands out and does not remember; it is made once and kept beside the state.
    """

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        random: Random,
        options: Options,
        on_change: Callable[[int], None] = lambda revision: None,
        evaluate: Evaluate = evaluate,
    ) -> None:
        self._database = database
        self._now = now
        self._random = random
        self._options = options
        self._on_change = on_change
        self._evaluate = evaluate
        self.actions: Actions = ACTIONS
        self.state: State = database.load()
        self.revision: int = database.revision
        self.key: bytes = _service_key(database, random)

    def include(self, actions: Actions) -> None:
        """More actions, in the same tables, or others in the place of those that are there: of rooms that keep in
        memory, or at the node, what they work on."""
        self.actions = {
            service: {**self.actions.get(service, {}), **actions.get(service, {})}
            for service in (*self.actions, *actions)
        }

    def knows(self, service: str, action: str) -> bool:
        """Whether ``service`` (botocore's name) has this action here."""
        return action in self.actions.get(service, {})

    def handle(self, call: Call) -> Response | Awaitable[Response]:
        """Perform a call: authenticated and decoded in, response out, by and by where that has to be waited for.

        Raises AwsError; then the state is as before.  What is answered has been committed.
        """
        answer = enter(self.context(call.caller, call.host, call.scheme), self.actions, self._evaluate, call)
        self._commit(answer.change, f"{call.service}:{call.action} {call.caller.arn}")
        later = answer.effect() if answer.effect is not None else None
        return answer.response if later is None else later

    def report(self, fact: Report, cause: str) -> None:
        """Take in a background fact through the same door."""
        nobody = Caller(account="", region="", arn="", user_id="", access_key_id="")
        self._commit(fact(self.context(nobody)), cause)

    def credential(self, access_key_id: str, session_token: str | None) -> Credential | None:
        """Whom these stand for now; see ``find_credential``."""
        return find_credential(self.state.directory, self.key, self._now(), access_key_id, session_token)

    def context(self, caller: Caller, host: str = "", scheme: str = "http") -> Context:
        """What a call of this caller knows; ``host`` is what the client calls the service, by http or https."""
        return Context(
            state=self.state,
            caller=caller,
            now=self._now(),
            random=self._random,
            options=self._options,
            key=self.key,
            host=host,
            scheme=scheme,
        )

    def _commit(self, change: Change, cause: str) -> None:
        if not change:
            return
        after = self.state.apply(change)
        self.revision = self._database.commit(change, at=self._now(), cause=cause)
        self.state = after
        self._on_change(self.revision)


def _service_key(database: Database, random: Random) -> bytes:
    kept = database.setting(_KEY_SETTING)
    if kept is None:
        kept = random.randbytes(KEY_BYTES).hex()
        database.set_setting(_KEY_SETTING, kept)
    return bytes.fromhex(kept)
