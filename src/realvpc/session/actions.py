"""SSM's actions on sessions (SSM API Reference).

Unlike the other actions these change no state that is kept: what they work on is in memory (`sessions`), and what
they do there is the effect of their answer.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from realvpc.api.core.context import Answer, Context, Request, Response
from realvpc.api.core.errors import AwsError, unsupported_operation
from realvpc.api.ssm.agent import is_online
from realvpc.api.ssm.document import find_document, version_of
from realvpc.api.ssm.paging import paged
from realvpc.hostile_json import read_json

from .channel_action import SERVICE
from .documents import SHELL, SessionType, plan
from .listing import moment_of, place
from .server import PREFIX
from .sessions import Ending, Session, Sessions, new_id, new_token

_LARGEST_PAGE = 200
_HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")


class SessionActions:
    """`endpoint` is the host and port that is listened on."""

    def __init__(self, sessions: Sessions, endpoint: str) -> None:
        self._sessions = sessions
        self._endpoint = endpoint

    def start_session(self, ctx: Context, request: Request) -> Answer:
        """Raises InvalidDocument, InvalidParameters, TargetNotConnected, ServiceQuotaExceededException."""
        target = request["Target"]
        name = request.get("DocumentName") or SHELL.name
        planned = plan(_standing_in(ctx, name), request.get("Parameters") or {})
        if not _connected(ctx, target):
            raise AwsError("TargetNotConnected", f"{target} is not connected.")
        session = Session(
            id=new_id(ctx.caller.arn, ctx.random),
            token=new_token(ctx.random),
            target=target,
            account=ctx.account,
            region=ctx.region,
            owner=ctx.caller.arn,
            user_id=ctx.caller.user_id,
            credentials=ctx.caller.session,
            document=name,
            reason=request.get("Reason"),
            plan=planned,
            started_at=ctx.now,
            active_at=ctx.now,
        )
        return Answer(self._opened(ctx, session.id, session.token), effect=lambda: self._start(session))

    def _start(self, session: Session) -> None:
        """Asked here, and not before: others may have started meanwhile.  Raises ServiceQuotaExceededException."""
        if full := self._sessions.full(session.account):
            raise AwsError("ServiceQuotaExceededException", full)
        self._sessions.start(session)

    def resume_session(self, ctx: Context, request: Request) -> Answer:
        """A session that has ended gets no token, which clients show as its time being over.

        Raises DoesNotExistException."""
        session = self._find(ctx, request)
        if session.ended_at is not None:
            return Answer({"SessionId": session.id})
        token = new_token(ctx.random)
        return Answer(self._opened(ctx, session.id, token), effect=lambda: self._sessions.renew(session.id, token))

    def terminate_session(self, ctx: Context, request: Request) -> Answer:
        """Raises DoesNotExistException."""
        session = self._find(ctx, request)
        return Answer({"SessionId": session.id}, effect=lambda: self._sessions.end(session.id, Ending.REQUEST))

    def describe_sessions(self, ctx: Context, request: Request) -> Answer:
        """The newest first.  Raises InvalidFilterKey, InvalidNextToken, ValidationException."""
        tests = [_test(filter_["key"], filter_["value"]) for filter_ in request.get("Filters") or []]
        rows = self._sessions.active() if request["State"] == "Active" else self._sessions.ended()
        rows = [row for row in rows if row.visible_to(ctx.account, ctx.region) and all(test(row) for test in tests)]
        page, token = paged(
            rows,
            lambda row: place(row.started_at, row.id),
            request,
            largest=_LARGEST_PAGE,
            newest_first=True,
        )
        return Answer({"Sessions": [_render(row) for row in page], "NextToken": token})

    def get_connection_status(self, ctx: Context, request: Request) -> Answer:
        target = request["Target"]
        return Answer({"Target": target, "Status": "connected" if _connected(ctx, target) else "notconnected"})

    def _find(self, ctx: Context, request: Request) -> Session:
        session_id = request["SessionId"]
        session = self._sessions.find(session_id)
        if session is None or not session.visible_to(ctx.account, ctx.region):
            raise AwsError("DoesNotExistException", f"Session {session_id} does not exist.")
        return session

    def _opened(self, ctx: Context, session_id: str, token: str) -> Response:
        """Who calls AWS's names finds the channel by its own: the way there may be another one."""
        host = ctx.host if _HOST.fullmatch(ctx.host) else self._endpoint
        if host.endswith(".amazonaws.com"):
            host = f"{SERVICE}.{ctx.region}.amazonaws.com"
        scheme = "wss" if ctx.scheme == "https" else "ws"
        url = f"{scheme}://{host}{PREFIX}{session_id}?role=publish_subscribe"
        return {"SessionId": session_id, "TokenValue": token, "StreamUrl": url}


def _standing_in(ctx: Context, name: str) -> str:
    """The document of AWS's that does what one of the account's own asks for: that is a shell, without its preferences.

    Raises UnsupportedOperation for what asks for more.
    """
    own = find_document(ctx, name)
    if own is None:
        return name
    kind = read_json(version_of(ctx, own).json).get("sessionType")
    if own.type != "Session" or kind != SessionType.STANDARD_STREAM:
        raise unsupported_operation(f"Of an account's own documents only those of the type {_STREAM} start a session.")
    return SHELL.name


_STREAM = SessionType.STANDARD_STREAM


def _connected(ctx: Context, target: str) -> bool:
    """Without a data plane there is no machine to have a shell in, whatever its state."""
    instance = ctx.network.instances.get(target)
    return ctx.options.has_fabric and instance is not None and ctx.sees(instance) and is_online(ctx, instance)


def _test(key: str, value: str) -> Callable[[Session], bool]:
    """Raises InvalidFilterKey and ValidationException."""
    if key in ("InvokedAfter", "InvokedBefore"):
        moment = moment_of(value)
        after = key == "InvokedAfter"
        return lambda row: row.started_at > moment if after else row.started_at < moment
    if key not in _FILTERS:
        raise AwsError("InvalidFilterKey", f"The filter key {key} is not valid.")
    return lambda row: _FILTERS[key](row) == value


_FILTERS: dict[str, Callable[[Session], str]] = {
    "AccessType": lambda row: "Standard",
    "Owner": lambda row: row.owner,
    "SessionId": lambda row: row.id,
    "Status": lambda row: row.status,
    "Target": lambda row: row.target,
}


def _render(session: Session) -> dict[str, Any]:
    return {
        "SessionId": session.id,
        "Target": session.target,
        "Status": session.status,
        "StartDate": session.started_at,
        "EndDate": session.ended_at,
        "DocumentName": session.document,
        "Owner": session.owner,
        "Reason": session.reason,
        "Details": str(session.ending) if session.ending else None,
        "AccessType": "Standard",
    }
