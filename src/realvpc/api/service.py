"""The service: one state, one writer, one door for every change."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import datetime
from random import Random

from realvpc.feed import Feed
from realvpc.iam.evaluate import Evaluate, evaluate
from realvpc.iam.temporary_credentials import KEY_BYTES
from realvpc.net.table import Change
from realvpc.store.commit import Commit, Reverted
from realvpc.store.database import Database, StorageError, Write
from realvpc.store.journal import AtOnce, Journal
from realvpc.store.state import State

from .actions import ACTIONS
from .core.action import Actions
from .core.call import Call, Caller, Credential
from .core.context import Answer, Context, Options, Response
from .core.credentials import find_credential
from .core.door import enter
from .core.errors import AwsError

log = logging.getLogger(__name__)

_KEY_SETTING, _STATE_SETTING = "service-key", "state-id"

Report = Callable[[Context], Change]
"""A background fact (a machine is up): a function of the state, like an action, with nobody to answer."""


class Service:
    """Runs actions one after the other on the current state.

    Changes are written by ``journal``, at once unless another is given: nothing is answered before it is written.
    ``trouble`` says why nothing can be.  ``feed`` is told of every commit once it is written.  ``evaluate`` is asked
    for every call.  ``key`` signs what the service hands out and does not remember, ``state_id`` tells this state from
    others: both are made once and kept beside the state.
    """

    def __init__(
        self,
        database: Database,
        now: Callable[[], datetime],
        random: Random,
        options: Options,
        feed: Feed | None = None,
        journal: Journal | None = None,
        evaluate: Evaluate = evaluate,
    ) -> None:
        self._now = now
        self._random = random
        self._options = options
        self._evaluate = evaluate
        self.feed = feed or Feed()
        self.actions: Actions = ACTIONS
        self.state: State = database.load()
        self.revision: int = database.revision
        self.trouble: str | None = None
        self._written = (self.state, self.revision)
        self._unwritten: deque[Commit] = deque()
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()
        self.key: bytes = bytes.fromhex(_made_once(database, _KEY_SETTING, lambda: random.randbytes(KEY_BYTES).hex()))
        self.state_id: str = _made_once(database, _STATE_SETTING, lambda: random.randbytes(16).hex())

        self._journal = journal or AtOnce(database)
        self._journal.start(self._on_written, self._on_lost)

    @property
    def written(self) -> tuple[State, int]:
        """The state that nothing can take back any more, and its revision."""
        return self._written

    @property
    def is_settled(self) -> bool:
        """Whether everything is written."""
        return not self._unwritten

    def settled(self) -> asyncio.Future[None]:
        """Done when everything until now is written; AwsError when it cannot be, and never was."""
        waiting: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._unwritten:
            self._waiting.append((self.revision, waiting))
            waiting.add_done_callback(lambda each: each.cancelled() or each.exception())  # whoever asked may have left
        else:
            waiting.set_result(None)
        return waiting

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

        Raises AwsError; then the state is as before.  What is answered has been written, and so has what an effect
        builds upon.
        """
        try:
            answer = enter(self.context(call.caller, call.host, call.scheme), self.actions, self._evaluate, call)
        except AwsError as refusal:
            if self.is_settled:
                raise
            return self._refused(refusal, self.settled())
        self._commit(answer.change, f"{call.service}:{call.action} {call.caller.arn}")
        if not self.is_settled:
            return self._once_settled(answer, self.settled())
        later = answer.effect() if answer.effect is not None else None
        return answer.response if later is None else self._finished(later)

    async def _once_settled(self, answer: Answer, written: asyncio.Future[None]) -> Response:
        """What is done and answered must not be lost, nor what was seen: ``written`` comes before the effect."""
        await written
        later = answer.effect() if answer.effect is not None else None
        return answer.response if later is None else await self._finished(later)

    async def _refused(self, refusal: AwsError, seen: asyncio.Future[None]) -> Response:
        """A refusal, too, tells what it has seen, and what DryRun says is one."""
        await seen
        raise refusal

    async def _finished(self, later: Awaitable[Response]) -> Response:
        """What an effect answers, once what it saw is written, too."""
        response = await later
        if not self.is_settled:
            await self.settled()
        return response

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
        revision, before, after = self.revision + 1, self.state, self.state.apply(change)
        self._unwritten.append(Commit(revision, before, after, change))
        self.state, self.revision = after, revision
        self._journal.write(Write(revision, change, self._now(), cause))
        if self.revision != revision:
            raise _unavailable(self.trouble or "")

    def _on_written(self, revision: int) -> None:
        self.trouble = None
        while self._unwritten and self._unwritten[0].revision <= revision:
            commit = self._unwritten.popleft()
            self._written = (commit.after, commit.revision)
            self.feed.publish(commit)
        while self._waiting and self._waiting[0][0] <= revision:
            _, waiting = self._waiting.popleft()
            if not waiting.done():
                waiting.set_result(None)

    def _on_lost(self, error: StorageError) -> None:
        """Everything that is not written is taken back; whoever waits for it is told."""
        if self.trouble is None:
            log.error("%s", error)
        self.trouble = str(error)
        self.state, self.revision = self._written
        self._unwritten.clear()
        waiting, self._waiting = self._waiting, deque()
        for _, each in waiting:
            if not each.done():
                each.set_exception(_unavailable(self.trouble))
        self.feed.publish(Reverted(self.revision))


def _unavailable(trouble: str) -> AwsError:
    """As EC2 answers what it cannot do at the moment; clients try again."""
    return AwsError("Unavailable", f"The service is unavailable. Please try again later: {trouble}.", 503)


def _made_once(database: Database, setting: str, make: Callable[[], str]) -> str:
    kept = database.setting(setting)
    if kept is None:
        kept = make()
        database.set_setting(setting, kept)
    return kept
