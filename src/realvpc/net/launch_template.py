"""Launch templates and their versions (EC2 guide, "Store instance launch parameters in EC2 launch templates")."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from .resource import Resource


class LaunchTemplate(Resource, frozen=True, kw_only=True):
    """``numbered`` is the last number that a version was given: none is given twice, even when its version is gone."""

    name: str
    created_at: datetime
    created_by: str  # the ARN of who made it
    default_version: int = 1
    latest_version: int = 1
    numbered: int = 1


class LaunchTemplateVersion(Resource, frozen=True, kw_only=True):
    """``data`` is LaunchTemplateData as the API takes it, all of it such as JSON has; ``id`` is ``version_id``."""

    template_id: str
    number: int
    description: str | None = None
    created_at: datetime
    created_by: str
    data: dict[str, Any]


def version_id(template_id: str, number: int) -> str:
    return f"{template_id}/{number}"
