"""Policy variables: ``${aws:username}`` in a policy stands for what the call says of the key (IAM guide, "IAM policy
elements: Variables and tags").

They are read in policies of version 2012-10-17 alone.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_WITH_DEFAULT = re.compile(r"([^,']+?)\s*,\s*'([^']*)'")
_LITERALLY = ("*", "?", "$")
_WILD = re.compile(r"([\\*?])")

Values = Mapping[str, Sequence[str]]
"""The values of condition keys, by their names in small letters."""


def keys_in(text: str) -> Iterator[str]:
    """The condition keys of the variables in a text, as it writes them."""
    for inner in _VARIABLE.findall(text):
        if inner not in _LITERALLY:
            yield _named(inner)[0]


def with_stars(text: str, is_hidden: Callable[[str], bool]) -> str:
    """The pattern, with a star in the place of each variable of whose key, in small letters, that is so."""

    def star(found: re.Match[str]) -> str:
        inner = found[1]
        return "*" if inner not in _LITERALLY and is_hidden(_named(inner)[0].lower()) else found[0]

    return _VARIABLE.sub(star, text)


def filled(text: str, values: Values | None) -> str | None:
    """The text with the values in the place of its variables, or None when one of them has no value, or several.

    Without ``values`` there are no variables in it: it is a policy of the older version.
    """
    return _filled(text, values, lambda plain: plain, lambda value: value)


def filled_pattern(text: str, values: Values | None) -> str | None:
    """The same of a pattern, as ``net.glob`` reads it: wildcards in values and in ``${*}`` mean themselves, and so
    does every backslash."""
    return _filled(text, values, lambda plain: plain.replace("\\", "\\\\"), lambda value: _WILD.sub(r"\\\1", value))


def _filled(
    text: str, values: Values | None, plain: Callable[[str], str], literally: Callable[[str], str]
) -> str | None:
    if values is None or "${" not in text:
        return plain(text)
    parts = _VARIABLE.split(text)  # what stands between variables, and what is in them, in turns
    for index, part in enumerate(parts):
        value = part if index % 2 == 0 else _value(part, values)
        if value is None:
            return None
        parts[index] = (literally if index % 2 else plain)(value)
    return "".join(parts)


def _value(inner: str, values: Values) -> str | None:
    if inner in _LITERALLY:
        return inner
    key, default = _named(inner)
    found = values.get(key.lower(), ())
    return found[0] if len(found) == 1 else default


def _named(inner: str) -> tuple[str, str | None]:
    """The key, and what stands for it where it has no value: ``${aws:PrincipalTag/team, 'all'}``."""
    both = _WITH_DEFAULT.fullmatch(inner)
    return (both[1], both[2]) if both else (inner, None)
