"""The protocols of all services that botocore knows, by the name that signatures have for the service.

``python -m tests.wire.protocols_of_botocore`` writes them to the file that the wire reads, when botocore is newer.
"""

from __future__ import annotations

import gzip
import json
import re
from pathlib import Path
from typing import Any

import botocore

import realvpc.wire

FILE = Path(realvpc.wire.__file__).with_name("protocols.json")
_HEAD = 1 << 16  # characters of a model: its metadata comes first
_METADATA = re.compile(r'"metadata":\s*')


def protocols() -> dict[str, list[str]]:
    """All protocols of each name, the one that clients use first; several services may sign with one name."""
    found: dict[str, set[str]] = {}
    for model in sorted(Path(botocore.__file__).parent.glob("data/*/*/service-2.json*")):
        metadata = _metadata(model)
        names = metadata.get("protocols") or [metadata["protocol"]]
        found.setdefault(metadata.get("signingName") or metadata["endpointPrefix"], set()).update(names)
    return {name: sorted(found[name]) for name in sorted(found)}


def _metadata(model: Path) -> Any:
    with gzip.open(model, "rt") if model.suffix == ".gz" else model.open() as file:
        head = file.read(_HEAD)
    match = _METADATA.search(head)
    assert match is not None, model
    return json.JSONDecoder().raw_decode(head, match.end())[0]


def text() -> str:
    """One name in a line."""
    lines = (f"  {json.dumps(name)}: {json.dumps(values)}" for name, values in protocols().items())
    return "{\n" + ",\n".join(lines) + "\n}\n"


if __name__ == "__main__":
    FILE.write_text(text())
