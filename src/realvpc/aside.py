"""Work that would hold up the event loop, done beside it: one thing after the other, on one thread.

One thread and no more, for the interpreter runs one at a time: several would not be faster, and the loop would have to
wait for its turn among them.  Accounts take turns, so that one that asks for much delays the others by one thing each.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

_WORKER = ThreadPoolExecutor(1, "aside")

_lock = Lock()
_waiting: dict[str, deque[tuple[Future[Any], Callable[[], Any]]]] = {}
"""By account; first the one whose turn it is."""


async def aside(account: str, function: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """What a function of things that nobody changes returns, or raises; ``account`` has asked for it, or nobody: ""."""
    future: Future[T] = Future()
    with _lock:
        _waiting.setdefault(account, deque()).append((future, lambda: function(*args, **kwargs)))
    _WORKER.submit(_work)
    return await asyncio.wrap_future(future)


def _work() -> None:
    """On whatever is next: of all that was submitted each performs one."""
    with _lock:
        account = next(iter(_waiting))
        queue = _waiting.pop(account)
        future, function = queue.popleft()
        if queue:
            _waiting[account] = queue
    if not future.set_running_or_notify_cancel():
        return
    try:
        future.set_result(function())
    except BaseException as error:  # noqa: BLE001 - whoever waits is told
        future.set_exception(error)
