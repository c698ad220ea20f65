"""The filters of what there is none of: those that EC2 documents, and those that boto3's resources ask all the same.

``python -m tests.api.ec2.filters_of_botocore`` writes them to the file that the actions read, when botocore is newer or
the table of what is empty another.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3

import realvpc.api.ec2
from realvpc.api.ec2.empty import EMPTY

from ..documented import documented_filters

FILE = Path(realvpc.api.ec2.__file__).with_name("documented_filters.json")
_RESOURCES = Path(boto3.__file__).parent / "data" / "ec2" / "2016-11-15" / "resources-1.json"


def text() -> str:
    """One action in a line."""
    resources = set(_asked(json.loads(_RESOURCES.read_text())))
    known = {
        action: sorted({*_but_tags(documented), *(name for asked, name in resources if asked == action)})
        for action in sorted(EMPTY)
        if (documented := documented_filters(action))
    }
    lines = (f"  {json.dumps(action)}: {json.dumps(names)}" for action, names in known.items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


def _but_tags(names: list[str]) -> list[str]:
    return [name for name in names if not name.startswith("tag")]


def _asked(node: Any) -> Iterator[tuple[str, str]]:
    """Actions and names of filters, anywhere below."""
    if isinstance(node, dict) and "operation" in node:
        for parameter in node.get("params", ()):
            if parameter["target"].startswith("Filters[") and parameter["target"].endswith(".Name"):
                yield node["operation"], parameter["value"]
    for child in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _asked(child)


if __name__ == "__main__":
    FILE.write_text(text())
