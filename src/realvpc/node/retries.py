"""What has failed, how often, and when it may be tried again.  No clock: whoever asks says what time it is (seconds).

A budget belongs to the subject whose specification it is about: what is written for others neither spends nor renews
it.
"""

from __future__ import annotations

from msgspec import Struct

from .messages import Fault

FIRST_DELAY, LONGEST_DELAY = 0.1, 10.0


class Retry(Struct, frozen=True):
    """Why the last attempt failed, how many did, and until when the next one waits."""

    reason: str
    attempts: int
    at: float

    def delay(self, now: float) -> float:
        """Seconds until it may be tried again."""
        return max(0.0, self.at - now)


class Retries:
    """By subject.  The time between attempts doubles from ``FIRST_DELAY`` to ``LONGEST_DELAY``."""

    def __init__(self) -> None:
        self._failures: dict[str, Retry] = {}

    def failed(self, subject: str, reason: str, now: float) -> Retry:
        before = self._failures.get(subject)
        attempts = before.attempts + 1 if before else 1
        delay = min(FIRST_DELAY * 2 ** min(attempts - 1, 32), LONGEST_DELAY)
        retry = self._failures[subject] = Retry(reason, attempts, now + delay)
        return retry

    def forget(self, subject: str) -> None:
        """It has succeeded, or is specified anew: it may be tried at once, as if it never had been."""
        self._failures.pop(subject, None)

    def due(self, subject: str, now: float) -> bool:
        """Whether it may be tried."""
        retry = self._failures.get(subject)
        return retry is None or retry.at <= now

    @property
    def faults(self) -> tuple[Fault, ...]:
        return tuple(Fault(subject, retry.reason) for subject, retry in sorted(self._failures.items()))
