"""The garbage collector of a process whose state is large and seldom garbage.

Almost nothing here is part of a cycle, and to look for one costs a tenth of a request with Python's own thresholds.  A
full collection looks at everything that has not been frozen, and everybody waits: a third of a second with 10,000
instances.  So collections are rare, and what a full one leaves is frozen: the next looks at what has come since then.
What is frozen is freed like everything else as soon as nothing refers to it; only what refers to itself, and ended
after it was frozen, stays.
"""

from __future__ import annotations

import gc
from typing import Any

_THRESHOLDS = (5_000, 4, 4)
"""Objects that have come, and collections of the young and of the middle generation, before the next of a kind.  So a
full one looks at 125,000 objects, which takes some milliseconds; more of them cost every write a tenth and more."""


def freeze_what_stays() -> None:
    """From now on: what is there, and what full collections leave."""
    gc.set_threshold(*_THRESHOLDS)
    gc.freeze()
    if _freeze not in gc.callbacks:
        gc.callbacks.append(_freeze)


def _freeze(phase: str, info: dict[str, Any]) -> None:
    if phase == "stop" and info["generation"] == len(_THRESHOLDS) - 1:
        gc.freeze()
