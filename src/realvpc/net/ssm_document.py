"""Systems Manager documents of an account's own, with their versions (Systems Manager guide, "Documents")."""

from __future__ import annotations

from datetime import datetime

from .resource import Resource


def document_id(account: str, region: str, name: str) -> str:
    return f"{account}/{region}:{name}"


class SsmDocument(Resource, frozen=True, kw_only=True):
    """``id`` is ``document_id``; versions are rows of their own, up to ``latest``, of which some may be deleted."""

    name: str
    type: str  # Command, Session, Automation or Policy
    target_type: str = ""
    default: int = 1
    latest: int = 1
    shared_with: tuple[str, ...] = ()  # accounts, or ``all``


class SsmDocumentVersion(Resource, frozen=True, kw_only=True):
    """``id`` is the document's with ``:`` and the number; ``content`` is the text that the caller sent, in this
    ``format``, and ``as_json`` that in JSON, where it is in another."""

    document: str  # its id
    number: int
    content: str
    created_at: datetime
    version_name: str = ""
    display_name: str = ""
    format: str = "JSON"
    as_json: str = ""

    @property
    def json(self) -> str:
        return self.as_json or self.content
