"""An API call as the ``aws`` command that a person would type."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from typing import Any

from botocore import xform_name

_PLAIN = re.compile(r"[A-Za-z0-9_.:/+@-]+")

# RunInstances: the CLI fills these in by itself when they are 1.
_IMPLIED = {"MinCount": 1, "MaxCount": 1}


def command_line(service: str, operation: str, parameters: Mapping[str, Any]) -> list[str]:
    """The words after ``aws``: ``["ec2", "create-vpc", "--cidr-block", "10.20.0.0/16"]``.

    ``operation`` and ``parameters`` are named as in the API.  Structures become shorthand (``Key=Name,Value=VPC-A``)
    where shorthand can say them, else JSON.
    """
    words = [service, xform_name(operation, "-")]
    for name, value in parameters.items():
        if _IMPLIED.get(name) == value:
            continue
        option = xform_name(name, "-")
        if isinstance(value, bool):
            words.append(f"--{option}" if value else f"--no-{option}")
        elif isinstance(value, list):
            words += [f"--{option}", *(_argument(item) for item in value)]
        else:
            words += [f"--{option}", _argument(value)]
    return words


def as_typed(words: list[str]) -> str:
    """The whole command, quoted for a shell."""
    return shlex.join(["aws", *words])


def _argument(value: Any) -> str:
    if isinstance(value, dict | list):
        return _shorthand(value) if _has_shorthand(value) else json.dumps(value, ensure_ascii=False)
    return str(value)


def _has_shorthand(value: Any) -> bool:
    if isinstance(value, dict):
        return all(_has_shorthand(item) for item in value.values())
    if isinstance(value, list):
        return all(_has_shorthand(item) for item in value)
    return isinstance(value, bool | int) or bool(_PLAIN.fullmatch(str(value)))


def _shorthand(value: Any, *, nested: bool = False) -> str:
    if isinstance(value, dict):
        pairs = ",".join(f"{key}={_shorthand(item, nested=True)}" for key, item in value.items())
        return f"{{{pairs}}}" if nested else pairs
    if isinstance(value, list):
        return "[" + ",".join(_shorthand(item, nested=True) for item in value) + "]"
    return str(value).lower() if isinstance(value, bool) else str(value)
