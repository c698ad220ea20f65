"""SSM's actions on sessions (SSM API Reference).

Unlike the other actions these change no state that is kept: what they work on is in memory (`sessions`).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from typing import Any

from realvpc.api.core.call import Call
from realvpc.api.core.context import Context, Response
from realvpc.api.core.errors import AwsError
from realvpc.api.ssm.agent import is_online

from .documents import plan
from .paging import paged
from .server import PREFIX
from .sessions import Ending, Session, Sessions

_LARGEST_PAGE = 200
_HOST = re.compile(r"(?:[A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?")


class SessionActions:
    """`context` gives a call's context; `endpoint` is the host and port that is listened on."""

    def __init__(self, sessions: Sessions, context: Callable[[Call], Context], endpoint: str) -> None:
        self._sessions = sessions
        self._context = context
        self._endpoint = endpoint
        self._actions: dict[str, Callable[[Context, Call], Response]] = {
            "DescribeSessions": self._describe_sessions,
            "GetConnectionStatus": self._get_connection_status,
            "ResumeSession": self._resume_session,
            "StartSession": self._start_session,
            "TerminateSession": self._terminate_session,
        }

    def knows(self, service: str, action: str) -> bool:
        return service == "ssm" and action in self._actions

    def handle(self, call: Call) -> Response:
        """Perform a call that `knows` knows.  Raises AwsError."""
        self._sessions.sweep()
        return self._actions[call.action](self._context(call), call)

    def _start_session(self, ctx: Context, call: Call) -> Response:
        """Raises InvalidDocument, InvalidParameters, TargetNotConnected."""
        target = call.params["Target"]
        planned = plan(call.params.get("DocumentName"), call.params.get("Parameters") or {})
        if not _connected(ctx, target):
            raise AwsError("TargetNotConnected", f"{target} is not connected.")
        session = self._sessions.start(
            target=target,
            account=ctx.account,
            region=ctx.region,
            owner=ctx.caller.arn,
            plan=planned,
            reason=call.params.get("Reason"),
        )
        return self._opened(session, call)

    def _resume_session(self, ctx: Context, call: Call) -> Response:
        """A session that has ended gets no token, which clients show as its time being over.

        Raises DoesNotExistException."""
        session = self._find(ctx, call)
        if session.ended_at is not None:
            return {"SessionId": session.id}
        return self._opened(self._sessions.renew(session.id), call)

    def _terminate_session(self, ctx: Context, call: Call) -> Response:
        """Raises DoesNotExistException."""
        session = self._find(ctx, call)
        self._sessions.end(session.id, Ending.REQUEST)
        return {"SessionId": session.id}

    def _describe_sessions(self, ctx: Context, call: Call) -> Response:
        """The newest first.  Raises InvalidFilterKey, InvalidNextToken, ValidationException."""
        tests = [_test(filter_["key"], filter_["value"]) for filter_ in call.params.get("Filters") or []]
        rows = self._sessions.active() if call.params["State"] == "Active" else self._sessions.ended()
        rows = [row for row in rows if row.visible_to(ctx.account, ctx.region) and all(test(row) for test in tests)]
        page, token = paged(rows, _place, call.params, _LARGEST_PAGE)
        return {"Sessions": [_render(row) for row in page], "NextToken": token}

    def _get_connection_status(self, ctx: Context, call: Call) -> Response:
        target = call.params["Target"]
        return {"Target": target, "Status": "connected" if _connected(ctx, target) else "notconnected"}

    def _find(self, ctx: Context, call: Call) -> Session:
        session_id = call.params["SessionId"]
        session = self._sessions.find(session_id)
        if session is None or not session.visible_to(ctx.account, ctx.region):
            raise AwsError("DoesNotExistException", f"Session {session_id} does not exist.")
        return session

    def _opened(self, session: Session, call: Call) -> Response:
        host = call.host if _HOST.fullmatch(call.host) else self._endpoint
        scheme = "wss" if call.scheme == "https" else "ws"
        url = f"{scheme}://{host}{PREFIX}{session.id}?role=publish_subscribe"
        return {"SessionId": session.id, "TokenValue": session.token, "StreamUrl": url}


def _connected(ctx: Context, target: str) -> bool:
    """Without a data plane there is no machine to have a shell in, whatever its state."""
    instance = ctx.network.instances.get(target)
    return ctx.options.has_fabric and instance is not None and ctx.sees(instance) and is_online(ctx, instance)


def _test(key: str, value: str) -> Callable[[Session], bool]:
    """Raises InvalidFilterKey and ValidationException."""
    if key in ("InvokedAfter", "InvokedBefore"):
        moment = _moment(value)
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


def _moment(value: str) -> datetime:
    try:
        moment: datetime | None = datetime.fromisoformat(value)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        raise AwsError("ValidationException", f"{value} is not a time such as 2026-08-29T00:00:00Z.")
    return moment


def _place(session: Session) -> str:
    """Sorts sessions by when they were started."""
    return f"{session.started_at.isoformat(timespec='microseconds')} {session.id}"


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
