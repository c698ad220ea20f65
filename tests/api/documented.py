"""What the EC2 API reference lists, as botocore carries it."""

from __future__ import annotations

import html
import re

import botocore.session

_SERVICE = botocore.session.get_session().get_service_model("ec2")


def documented_filters(action: str) -> list[str]:
    """The filters of a Describe action: the first word of each list item, but for lists of values."""
    members = _SERVICE.operation_model(action).input_shape.members
    filters = members.get("Filters") or members.get("Filter")
    text = html.unescape(filters.documentation) if filters else ""
    text = re.sub(r"(?s)(?<=</p>)\s*<ul>.*?</ul>", "", text[text.find("<ul>") + 4 :])
    found = re.findall(r"<li>\s*<p>\s*(?:<code>([^<]+?)\s*</code>|([a-z.-]+) - )", text)
    names = [code or word for code, word in found]
    return ["tag:Owner" if name.startswith("tag") and name != "tag-key" else name for name in names]
