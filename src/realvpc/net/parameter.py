"""Parameters of Parameter Store, with their versions (Systems Manager guide, "Parameter Store")."""

from __future__ import annotations

from datetime import datetime

from .resource import Resource


def parameter_id(account: str, region: str, name: str) -> str:
    """``x`` and ``/x`` are the same parameter."""
    return f"{account}/{region}:{name.removeprefix('/')}"


class Parameter(Resource, frozen=True, kw_only=True):
    """``id`` is ``parameter_id``; the versions from ``oldest`` to ``version`` are rows of their own."""

    name: str
    version: int
    oldest: int = 1


class ParameterVersion(Resource, frozen=True, kw_only=True):
    """``id`` is the parameter's with ``:`` and the number.  ``value`` may be a secret."""

    name: str
    number: int
    type: str  # String, StringList or SecureString
    value: str
    tier: str  # Standard or Advanced
    data_type: str = "text"
    description: str = ""
    key_id: str = ""  # of a SecureString
    labels: tuple[str, ...] = ()
    modified_at: datetime
    modified_by: str  # an ARN

    @property
    def is_secret(self) -> bool:
        return self.type == "SecureString"

    def __repr__(self) -> str:
        """Without the value, so that no log line can carry it."""
        return f"ParameterVersion({self.id})"
