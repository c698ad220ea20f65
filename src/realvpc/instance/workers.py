"""The threads that block for the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import ParamSpec, TypeVar

from .crun import CrunError

_P = ParamSpec("_P")
_T = TypeVar("_T")


class MachineError(Exception):
    """Something could not be done to a machine; the text says why."""


class Workers:
    """Calls functions on threads of `pool`."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        self._pool = pool

    async def call(self, function: Callable[_P, _T], *args: _P.args, **kwargs: _P.kwargs) -> _T:
        """What the function returns.  Raises MachineError where it raises CrunError or OSError."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, lambda: function(*args, **kwargs))
        except (CrunError, OSError) as error:
            raise MachineError(_in_words(error)) from error

    def close(self) -> None:
        """Begin nothing more."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def _in_words(error: CrunError | OSError) -> str:
    """Without the file's name: the instance's owner reads it, too, and the log has the whole."""
    return (isinstance(error, OSError) and error.strerror) or str(error)
