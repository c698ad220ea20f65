"""What the lists of sessions and of commands share: the times that their filters name, and the order of their pages."""

from __future__ import annotations

from datetime import datetime

from realvpc.api.core.errors import AwsError


def moment_of(value: str) -> datetime:
    """The time that a filter names, with its zone.  Raises ValidationException."""
    try:
        moment = datetime.fromisoformat(value)
    except ValueError:
        moment = datetime.min
    if moment.tzinfo is None:
        raise AwsError("ValidationException", f"{value} is not a time such as 2026-08-29T00:00:00Z.")
    return moment


def place(*parts: datetime | str) -> str:
    """Sorts by time, then by names."""
    return " ".join(each.isoformat(timespec="microseconds") if isinstance(each, datetime) else each for each in parts)
