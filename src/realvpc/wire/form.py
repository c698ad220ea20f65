"""URL-encoded parameters into a tree: `Filter.1.Value.2=x` becomes `{"Filter": {"1": {"Value": {"2": "x"}}}}`."""

from __future__ import annotations

import re
from typing import TypeAlias
from urllib.parse import parse_qsl

from realvpc.api.core.errors import AwsError

Node: TypeAlias = "str | dict[str, Node]"
Tree: TypeAlias = dict[str, "Node"]
Pairs: TypeAlias = list[tuple[str, str]]

# What one request may cost. The longest that clients send have a thousand rules of five parameters.
MAXIMUM_PARAMETERS = 6144
MAXIMUM_PARTS = 24_576  # of all names together
MAXIMUM_ESCAPES = 65_536  # percent signs: each is looked at by itself
MAXIMUM_DEPTH = 16  # the deepest parameter of the models, in RequestSpotFleet, has 11 parts

COMMON = frozenset(
    {"Action", "Version", "AWSAccessKeyId", "Signature", "SignatureMethod", "SignatureVersion", "Timestamp"}
)

# What XML 1.0 (section 2.2) cannot carry, not even as a reference. No answer could repeat it.
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_INDEX = re.compile("[1-9][0-9]{0,9}", re.ASCII)


def parse_form(*encoded: bytes) -> Pairs:
    """The decoded name-value pairs of a query string, a form body, or both, in order.

    Raises `MalformedQueryString` for what is not UTF-8 or has too many parameters or escapes, `InvalidCharacter` for
    control characters that no XML document can hold.
    """
    pairs: Pairs = []
    for part in encoded:
        if part.count(b"%") > MAXIMUM_ESCAPES:
            raise malformed()
        try:
            text = part.decode("utf-8")
            pairs += parse_qsl(text, keep_blank_values=True, errors="strict", max_num_fields=MAXIMUM_PARAMETERS)
        except ValueError:
            raise malformed() from None
    for name, value in pairs:
        if not is_text(name) or not is_text(value):
            raise AwsError("InvalidCharacter", "A specified character is invalid.")
    return pairs


def is_text(value: str) -> bool:
    """Whether XML can carry every character."""
    return _NOT_XML.search(value) is None


def parse_tree(pairs: Pairs) -> Tree:
    """Nest the pairs by the dots of their names. A name given twice, or as value and structure both, is malformed, and
    so are more than `MAXIMUM_PARTS`."""
    if sum(name.count(".") + 1 for name, _ in pairs) > MAXIMUM_PARTS:
        raise malformed()
    root: Tree = {}
    for name, value in pairs:
        parts = name.split(".", MAXIMUM_DEPTH)
        if len(parts) > MAXIMUM_DEPTH:
            raise malformed()
        node = root
        for part in parts[:-1]:
            child = node.setdefault(part, {})
            if isinstance(child, str):
                raise malformed()
            node = child
        if parts[-1] in node:
            raise malformed()
        node[parts[-1]] = value
    return root


def without_common(tree: Tree) -> Tree:
    """The tree without the parameters that every action takes: the action's name, the API version, authentication."""
    return {name: node for name, node in tree.items() if name not in COMMON and not name.startswith("X-Amz-")}


def in_order(tree: Tree) -> list[tuple[str, Node]] | None:
    """The elements of a list node by ascending index, gaps closed; None when a key is not an index (1, 2, ...)."""
    if len(tree) == 1 and "1" in tree:
        return list(tree.items())
    if not all(map(_INDEX.fullmatch, tree)):
        return None
    return sorted(tree.items(), key=lambda item: int(item[0]))


def malformed() -> AwsError:
    return AwsError("MalformedQueryString", "The query string contains a syntax error.")
