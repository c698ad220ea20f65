"""Which actions of a list are not here: ``scripts/missing-actions FILE...``, or of what comes in.

A list is any text in which actions stand as ``ec2:DescribeVpcs``: policies, where ``*`` is for more letters, or what a
client has logged.
"""

from __future__ import annotations

import fileinput
import re
import sys
from argparse import ArgumentParser
from collections.abc import Iterable
from fnmatch import filter as matching

from realvpc.wire.model import SERVICES, service_model

from .members import performed

_ACTION = re.compile(r"(?<![\w:/-])([a-z][a-z0-9-]*):([A-Z][A-Za-z0-9]*\*?[A-Za-z0-9]*|\*)(?![\w:/-])")


def missing(lines: Iterable[str]) -> list[str]:
    """The actions that are not performed, by name, and those of services that are not here."""
    asked = {found for line in lines for found in _ACTION.findall(line)}
    return sorted({action for service, name in asked for action in _expanded(service, name)} - set(performed()))


def _expanded(service: str, name: str) -> list[str]:
    known = service_model(service).operation_names if service in SERVICES and "*" in name else [name]
    return [f"{service}:{each}" for each in matching(known, name)]


def main(words: list[str]) -> int:
    """Prints what is missing; 1 if something is, 2 with a sentence when a list cannot be read."""
    parser = ArgumentParser("missing-actions", description="Print which actions of a list are not here.")
    parser.add_argument("files", nargs="*", metavar="FILE", help="has actions as ec2:DescribeVpcs [what comes in]")
    files = parser.parse_args(words).files
    try:
        with fileinput.input(files, encoding="utf-8", errors="replace") as text:
            left = missing(text)
    except OSError as error:
        parser.error(f"{error.filename}: {error.strerror}")
    print(*left, sep="\n", end="\n" if left else "")
    return 1 if left else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
