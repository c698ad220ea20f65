"""The service: one state, one writer, one door for every change."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from random import Random

from realvpc.feed import Feed
from realvpc.iam.temporary_credentials import KEY_BYTES
from realvpc.net.table import Change
from realvpc.store.commit import Commit
from realvpc.store.database import Database
from realvpc.store.state import State

from .actions import ACTIONS
from .core.call import Call, Caller, Credential
from .core.context import Context, Options, Response
from .core.credentials import find_credential
from .core.errors import dry_run_operation

_KEY_SETTING, _STATE_SETTING = "service-key", "state-id"

Report = Callable[[Context], Change]
"""A background fact (a machine is up): a function of the state, like an action, with nobody to answer."""


class Service:
    """Runs actions one after the other on the current state.

    ``feed`` is told of every commit.  ``key`` signs what the service hands out and does not remember, ``state_id``
    tells this state from others: both are made once and kept beside the state.
    """

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        random: Random,
        options: Options,
        feed: Feed | None = None,
    ) -> None:
        self._database = database
        self._now = now
        self._random = random
        self._options = options
        self.feed = feed or Feed()
        self.state: State = database.load()
        self.revision: int = database.revision
        self.key: bytes = bytes.fromhex(_made_once(database, _KEY_SETTING, lambda: random.randbytes(KEY_BYTES).hex()))
        self.state_id: str = _made_once(database, _STATE_SETTING, lambda: random.randbytes(16).hex())

    def handle(self, call: Call) -> Response:
        """Perform a call: authorised and decoded in, response out.

        Raises AwsError; then the state is as before.  With DryRun the action is worked out and its change forgotten.
        """
        ctx = self.context(call.caller)
        answer = ACTIONS[call.service][call.action](ctx, call.params)
        if call.params.get("DryRun"):
            raise dry_run_operation()
        self._commit(answer.change, f"{call.service}:{call.action} {call.caller.arn}")
        return answer.response

    def report(self, fact: Report, cause: str) -> None:
        """Take in a background fact through the same door."""
        nobody = Caller(account="", region="", arn="", user_id="", access_key_id="")
        self._commit(fact(self.context(nobody)), cause)

    def credential(self, access_key_id: str, session_token: str | None) -> Credential | None:
        """Whom these stand for now; see ``find_credential``."""
        return find_credential(self.state.directory, self.key, self._now(), access_key_id, session_token)

    def context(self, caller: Caller) -> Context:
        """What a call of this caller knows."""
        return Context(
            state=self.state,
            caller=caller,
            now=self._now(),
            random=self._random,
            options=self._options,
            key=self.key,
        )

    def _commit(self, change: Change, cause: str) -> None:
        if not change:
            return
        before, after = self.state, self.state.apply(change)
        self.revision = self._database.commit(change, at=self._now(), cause=cause)
        self.state = after
        self.feed.publish(Commit(self.revision, before, after, change))


def _made_once(database: Database, setting: str, make: Callable[[], str]) -> str:
    kept = database.setting(setting)
    if kept is None:
        kept = make()
        database.set_setting(setting, kept)
    return kept
