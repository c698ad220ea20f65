"""A user's SSH public keys, which are kept and let nobody in: they are for CodeCommit (IAM guide, "Use IAM with
CodeCommit")."""

from __future__ import annotations

from datetime import datetime

from realvpc.net.resource import GlobalResource


class SshPublicKey(GlobalResource, frozen=True, kw_only=True):
    """``id`` is APKA….  ``line`` is OpenSSH's form without a comment, ``body`` the text that the caller sent."""

    user_id: str
    line: str
    body: str
    uploaded_at: datetime
    is_active: bool = True
