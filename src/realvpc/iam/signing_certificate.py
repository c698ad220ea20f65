"""A user's X.509 signing certificates, which are kept and let nobody in: they are for SOAP and some old tools (IAM
guide, "Manage server certificates", "Rotate signing certificates")."""

from __future__ import annotations

from datetime import datetime

from realvpc.net.resource import GlobalResource


class SigningCertificate(GlobalResource, frozen=True, kw_only=True):
    """``body`` is the text that the caller sent, ``fingerprint`` the hexadecimal SHA-256 of what it says (DER)."""

    user_id: str
    body: str
    fingerprint: str
    uploaded_at: datetime
    is_active: bool = True
