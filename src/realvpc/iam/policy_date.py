"""Dates in the conditions of policies (IAM guide, "Date condition operators").

What IAM takes and refuses is as its recorded answers show it (decision 0055): years of few digits and hours of one are
taken, an offset has hours of two.
"""

from __future__ import annotations

import re

_ISO_8601 = re.compile(
    r"(\d{1,9}(-(0[1-9]|1[0-2])(-(0[1-9]|[12]\d|3[01]))?)?)?"
    r"([Tt](\d{1,2}(:\d{2}(:\d{2}(\.\d{1,9})?)?)?)?([Zz]|[+-]\d{2}(:?\d{2})?)?)?",
    re.ASCII,
)
_EPOCH_SECONDS = re.compile(r"-?\d{1,19}", re.ASCII)
_MOST_SECONDS = 2**63 - 1


def is_date(text: str) -> bool:
    """Whether it is a date, a date and time, or seconds of the epoch; with a policy variable in it, it may become
    one."""
    if _EPOCH_SECONDS.fullmatch(text):
        return abs(int(text)) <= _MOST_SECONDS
    return "${" in text or _ISO_8601.fullmatch(text) is not None
