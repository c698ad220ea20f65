"""Where a request came from, as condition keys of policies have it (IAM guide, "aws:SourceIp", "aws:UserAgent")."""

from __future__ import annotations

from realvpc.api.core.call import Sender

from .asgi import Scope
from .http import Request

_MAPPED = "::ffff:"
"""IPv4 addresses begin so on sockets that serve both families (RFC 4291, section 2.5.5.2)."""

_LONGEST_AGENT = 512  # characters


def sender_of(scope: Scope, request: Request) -> Sender:
    """The address of the other end; what proxies say of others is not believed.  Of what clients call themselves the
    beginning is kept: a policy may have it in many places."""
    address: str = (scope.get("client") or ("",))[0]
    if "." in address:
        address = address.removeprefix(_MAPPED)
    return Sender(address, (request.header("user-agent") or "")[:_LONGEST_AGENT])
