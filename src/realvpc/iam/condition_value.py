"""What the operators of conditions can compare with (IAM guide, "IAM JSON policy elements: Condition operators").

What is none of its kind equals nothing, so that what a statement denies would be let through: such documents are
refused where they come in.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from realvpc.net.addresses import Address, Cidr

from .policy_date import is_date

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?", re.ASCII | re.IGNORECASE)
_ARN_FIELDS = 6  # arn:partition:service:region:account:resource
_VARIABLE = "${"


def kind_of(operator: str) -> str:
    """``IpAddress`` of ``ForAnyValue:NotIpAddressIfExists``."""
    return operator.rpartition(":")[2].removesuffix("IfExists").replace("Not", "")


def is_comparable(operator: str, value: str | float) -> bool:
    """Whether the operator can compare with a value, which is as JSON has it."""
    if isinstance(value, bool):
        value = str(value).lower()
    kind = kind_of(operator)
    fits = next((fits for prefix, fits in _KINDS.items() if kind.startswith(prefix)), None)
    return fits is None or (not isinstance(value, str) and kind.startswith(_OF_NUMBERS)) or fits(str(value))


def read_block(text: str) -> Cidr:
    """A CIDR block, or an address alone.  Raises ValueError."""
    return Cidr.parse(text) if "/" in text else Cidr.host(Address.parse(text))


def _is_block(text: str) -> bool:
    try:
        read_block(text)
    except ValueError:
        return False
    return True


def _is_arn(text: str) -> bool:
    """Or a pattern of some; policy variables stand for parts of one or for the whole."""
    return text == "*" or text.startswith(_VARIABLE) or (text.startswith("arn:") and text.count(":") >= _ARN_FIELDS - 1)


_OF_NUMBERS = ("Numeric", "Date")
_KINDS: dict[str, Callable[[str], bool]] = {  # by what the names of the operators begin with
    "Numeric": lambda text: _NUMBER.fullmatch(text) is not None,
    "Date": is_date,
    "Bool": lambda text: text.lower() in ("true", "false") or _VARIABLE in text,
    "Null": lambda text: text.lower() in ("true", "false") or _VARIABLE in text,
    "IpAddress": _is_block,
    "Arn": _is_arn,
}
