"""One question of an instance, one answer: methods, tokens, statuses (EC2 guide, "How IMDSv2 works")."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import format_datetime
from http import HTTPStatus

from msgspec import Struct
from msgspec.structs import replace

from .directory import find
from .token import make_token, read_lifetime, remaining_lifetime
from .tree import View, tree

TOKEN_PATH = "/latest/api/token"  # noqa: S105 - a path
LIFETIME_HEADER = "x-aws-ec2-metadata-token-ttl-seconds"
TOKEN_HEADER = "x-aws-ec2-metadata-token"  # noqa: S105 - a name
_REASONS = {405: "Not Allowed"}  # in AWS's words
_PAGE = """\
<?xml version="1.0" encoding="iso-8859-1"?>
<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"
 "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">
<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en">
 <head>
  <title>{title}</title>
 </head>
 <body>
  <h1>{title}</h1>
 </body>
</html>
"""


class Question(Struct, frozen=True):
    """``headers`` by lower-case name; ``nonce`` is fresh random data for a token."""

    method: str
    path: str
    headers: Mapping[str, str]
    nonce: bytes


class Answer(Struct, frozen=True):
    """``hop_limit``: how many hops the packets of this answer may go; None: as many as any."""

    status: int
    body: bytes
    content_type: str
    headers: tuple[tuple[str, str], ...] = ()
    hop_limit: int | None = None


def answer(view: View, question: Question) -> Answer:
    """What the instance of the view gets."""
    options = view.instance.metadata_options
    if options.http_endpoint != "enabled":
        return refusal(403)
    if question.path == f"{TOKEN_PATH}/":  # the one path where a slash at the end matters
        return refusal(403)
    if question.path == TOKEN_PATH:
        return _token(view, question, options.http_put_response_hop_limit)
    if question.method not in ("GET", "HEAD"):
        return refusal(405, ("allow", "OPTIONS, GET, HEAD"))
    token = question.headers.get(TOKEN_HEADER)
    if token is None and options.http_tokens == "required":
        return refusal(401)
    headers = [("last-modified", format_datetime(view.instance.launched_at, usegmt=True))]
    if token is not None:
        left = remaining_lifetime(view.key, view.instance.id, view.now, token)
        if left is None:
            return refusal(401)
        headers.append((LIFETIME_HEADER, str(left)))
    found = find(tree(replace(view, has_token=token is not None)), question.path)
    if found is None:
        return refusal(404)
    if isinstance(found, bytes):
        return Answer(200, found, "application/octet-stream", tuple(headers))
    return Answer(200, found.encode(), "text/plain", tuple(headers))


def refusal(status: int, *headers: tuple[str, str]) -> Answer:
    """AWS's page for a status."""
    title = f"{status} - {_REASONS.get(status) or HTTPStatus(status).phrase}"
    return Answer(status, _PAGE.format(title=title).encode(), "text/html", headers)


def _token(view: View, question: Question, hop_limit: int) -> Answer:
    """A token, for who is no proxy and sees no further than the hop limit."""
    if question.method != "PUT":
        return refusal(405, ("allow", "OPTIONS, PUT"))
    if "x-forwarded-for" in question.headers:
        return refusal(403)
    lifetime = read_lifetime(question.headers.get(LIFETIME_HEADER))
    if lifetime is None:
        return refusal(400)
    token = make_token(view.key, view.instance.id, view.now, lifetime, question.nonce)
    return Answer(200, token.encode(), "text/plain", ((LIFETIME_HEADER, str(lifetime)),), hop_limit)
