"""The condition keys that EC2's actions have for the types of resources that they concern (Service Authorization
Reference, "Actions, resources, and condition keys for Amazon EC2").

``condition_keys.json`` is the reference of April 2026: all actions, by type, ``""`` for those of the action itself.  A
slash at the end stands for all keys below it.  ``ec2:Region``, which every action has, is not written down.
"""

from __future__ import annotations

import json
import pkgutil
from collections.abc import Mapping
from functools import cache

_OF_ALL = "ec2:Region"


@cache
def _reference() -> Mapping[str, Mapping[str, str]]:
    reference: Mapping[str, Mapping[str, str]] = json.loads(pkgutil.get_data(__package__, "condition_keys.json") or b"")
    return reference


def actions_with_keys() -> Mapping[str, Mapping[str, str]]:
    """The keys, parted by blanks, by type of resource, by action."""
    return _reference()


def _of_a_later_one(kind: str) -> Mapping[str, str]:
    """What resources of the type have themselves: CreateTags has all of it."""
    keys = _reference()["CreateTags"].get(kind, "").split() if kind else ()
    return {kind: " ".join(each for each in keys if each not in ("aws:RequestTag/", "aws:TagKeys"))}


@cache
def keys_of(action: str, kind: str) -> Mapping[str, str]:
    """The keys that an action has for a resource of a type, as the reference writes them, by their small letters."""
    rows = _reference().get(action) or _of_a_later_one(kind)
    return {key.lower(): key for key in (_OF_ALL, *rows.get("", "").split(), *rows.get(kind, "").split())}
