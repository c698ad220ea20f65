"""The service: one state, one writer, one door for every change."""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from datetime import datetime
from random import Random

from msgspec import Struct

from realvpc.aside import aside
from realvpc.feed import Feed
from realvpc.iam.evaluate import Evaluate, evaluate
from realvpc.iam.temporary_credentials import KEY_BYTES
from realvpc.net.table import Change
from realvpc.store.commit import Commit, Reverted
from realvpc.store.database import Database, StorageError, Write
from realvpc.store.journal import AtOnce, Journal
from realvpc.store.state import State

from .actions import ACTIONS, FIRST_USE
from .core.action import Actions
from .core.call import UNKNOWN, Call, Caller, Credential, Sender, Through
from .core.context import Answer, Context, Options, Response
from .core.credentials import find_credential
from .core.door import enter
from .core.effort import CHANGING, Effort, TooLongError
from .core.errors import AwsError
from .core.key_uses import KeyUses

log = logging.getLogger(__name__)

_KEY_SETTING, _STATE_SETTING = "service-key", "state-id"
_SHORT = 10_000  # steps of a call, beyond which it is worked on beside the loop

Report = Callable[[Context], Change]
"""A background fact (a machine is up): a function of the state, like an action, with nobody to answer."""


NOBODY = Caller(account="", region="", arn="", user_id="", access_key_id="")


class Worked(Struct, frozen=True):
    """What a call came to, from the state that it looked at to the one that its change makes."""

    before: State
    answer: Answer
    after: State


class Service:
    """Runs actions one after the other on the current state.

    A call that takes long is worked on beside the loop (decision 0034): it is a function of the state, and counts if
    that is still the state when it is done.  If not, it is worked on again, and then whoever writes waits for it.

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
        self.key_uses = KeyUses()
        self.actions: Actions = ACTIONS
        self.state: State = database.load()
        self.revision: int = database.revision
        self.trouble: str | None = None
        self._written = (self.state, self.revision)
        self._unwritten: deque[Commit] = deque()
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()
        self._turn = asyncio.Lock()  # held while a long call is worked on that must find the state as it was
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
        """Whether ``service`` (its name in signatures) has this action here."""
        return action in self.actions.get(service, {})

    def handle(self, call: Call) -> Response | Awaitable[Response]:
        """Perform a call: authenticated and decoded in, response out, by and by where that has to be waited for.

        Raises AwsError; then the state is as before.  What is answered has been written, and so has what an effect
        builds upon.  What an account finds in a Region that is new to it comes before its first call, whatever becomes
        of that.
        """
        context = self._context(call, Effort(_SHORT))
        self.key_uses.note(context.directory, call, context.now)
        first_use = FIRST_USE.get(call.service)
        if first_use and (found := first_use(context)):
            if self._turn.locked():
                return self._later(call)
            self._commit(found, f"first use of {context.region} by {context.account}", self.state.apply(found))
            context = context.with_state(self.state)
        if call.is_long:
            return self._aside(call)
        try:
            worked = self._work(call, context)
        except TooLongError:
            return self._aside(call)
        except AwsError as refusal:
            if self.is_settled:
                raise
            return self._refused(refusal, self.settled())
        if worked.answer.change and self._turn.locked():
            return self._in_turn(call)
        return self._done(call, worked)

    async def _later(self, call: Call) -> Response:
        """When nobody's turn it is any more."""
        await self.turn()
        return await _awaited(self.handle(call))

    def _context(self, call: Call, effort: Effort | None = None) -> Context:
        return self.context(call.caller, call.host, call.scheme, call.through, effort, call.sender)

    def _work(self, call: Call, context: Context) -> Worked:
        """Raises AwsError, and TooLongError when the context's effort does not suffice."""
        answer = enter(context, self.actions, self._evaluate, call)
        context.effort.spend(CHANGING * len(answer.change))
        return Worked(context.state, answer, context.state.apply(answer.change) if answer.change else context.state)

    async def _aside(self, call: Call) -> Response:
        """Beside the loop, on the state of now; on a later one in its turn, when somebody else has written first."""
        worked = await self._worked(call)
        if worked.answer.change and (worked.before is not self.state or self._turn.locked()):
            return await self._in_turn(call)
        return await _awaited(self._done(call, worked))

    async def _in_turn(self, call: Call) -> Response:
        """Beside the loop, while other calls that write wait.  Reports do not: then it is worked on again."""
        async with self._turn:
            worked = await self._worked(call)
            while worked.answer.change and worked.before is not self.state:
                worked = await self._worked(call)
            response = self._done(call, worked)
        return await _awaited(response)

    async def _worked(self, call: Call) -> Worked:
        """Raises AwsError, also when what it saw could not be written."""
        context, seen = self._context(call), self.settled()
        try:
            worked = await aside(call.caller.account, self._work, call, context)
        except AwsError:
            await seen
            raise
        if not worked.answer.change:
            await seen
        return worked

    def _done(self, call: Call, worked: Worked) -> Response | Awaitable[Response]:
        answer = worked.answer
        if answer.change:
            self._commit(answer.change, f"{call.service}:{call.action} {call.caller.arn}", worked.after)
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

    def report(self, fact: Report, cause: str) -> Change:
        """Take in a background fact through the same door, and say what it changes."""
        change = fact(self.context(NOBODY))
        if change:
            self._commit(change, cause, self.state.apply(change))
        return change

    async def turn(self) -> None:
        """Until no long call is worked on that a report would have worked on again."""
        async with self._turn:
            return

    def credential(self, access_key_id: str, session_token: str | None) -> Credential | None:
        """Whom these stand for now; see ``find_credential``."""
        return find_credential(self.state.directory, self.key, self._now(), access_key_id, session_token)

    def context(
        self,
        caller: Caller,
        host: str = "",
        scheme: str = "http",
        through: Through | None = None,
        effort: Effort | None = None,
        sender: Sender = UNKNOWN,
    ) -> Context:
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
            through=through,
            effort=effort,
            sender=sender,
        )

    def written_context(self, caller: Caller) -> Context:
        """What a call knows that looks at nothing that might be taken back."""
        return self.context(caller).with_state(self._written[0])

    def _commit(self, change: Change, cause: str, after: State) -> None:
        """``after`` is what the change makes of the state of now."""
        revision, before = self.revision + 1, self.state
        self._unwritten.append(Commit(revision, before, after, change))
        self.state, self.revision = after, revision
        self._journal.write(Write(revision, change, self._now(), cause))
        if self.revision != revision:
            raise _unavailable()

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
                each.set_exception(_unavailable())
        self.feed.publish(Reverted(self.revision))


async def _awaited(response: Response | Awaitable[Response]) -> Response:
    return response if isinstance(response, dict) else await response


def _unavailable() -> AwsError:
    """As EC2 answers what it cannot do at the moment; clients try again.  Why, the log says, and ``realvpc status``."""
    return AwsError("Unavailable", "The service is unavailable. Please try again later.", 503)


def _made_once(database: Database, setting: str, make: Callable[[], str]) -> str:
    kept = database.setting(setting)
    if kept is None:
        kept = make()
        database.set_setting(setting, kept)
    return kept
