"""From a method and a path to an operation: the model's URI templates (Smithy guide, "HTTP bindings").

GET /2013-04-01/hostedzone/{Id}/rrset
"""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import unquote

from .form import is_text
from .model import service_model


class Route(NamedTuple):
    """An operation, and what the path says in the places of the template's labels."""

    action: str
    labels: dict[str, str]


class Routes:
    """The operations of one service by method and path; made when first used."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._templates: list[tuple[str, list[str], str]] = []

    def find(self, method: str, path: str) -> Route | None:
        """``path`` is as it came, still encoded; a slash at its end changes nothing.  None when nothing is there."""
        segments = _segments(path)
        for template_method, template, action in self._compiled():
            if template_method == method and len(template) == len(segments):
                labels = _match(template, segments)
                if labels is not None:
                    return Route(action, labels)
        return None

    def _compiled(self) -> list[tuple[str, list[str], str]]:
        if not self._templates:
            model = service_model(self._service)
            rows = ((action, model.operation_model(action).http) for action in model.operation_names)
            templates = [(http["method"], _segments(http["requestUri"]), action) for action, http in rows]
            self._templates = sorted(templates, key=lambda row: sum(map(_is_label, row[1])))  # words before labels
        return self._templates


def _segments(path: str) -> list[str]:
    return path.removesuffix("/").split("/")


def _is_label(segment: str) -> bool:
    return segment.startswith("{")


def _match(template: list[str], segments: list[str]) -> dict[str, str] | None:
    labels: dict[str, str] = {}
    for pattern, segment in zip(template, segments, strict=True):
        if not _is_label(pattern):
            if pattern != segment:
                return None
            continue
        try:
            value = unquote(segment.encode("latin-1").decode("utf-8"), errors="strict")
        except UnicodeError:
            return None
        if not value or not is_text(value):
            return None
        labels[pattern.strip("{}")] = value
    return labels
