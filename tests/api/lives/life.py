"""A noun with states: how each state comes about, what is asked of it, and what is answered to whom."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ..build import make_internet_gateway, make_subnet, make_vpc
from ..conftest import Client

Ids = dict[str, str]
"""What requests name, by a short word; the noun itself is ``it``."""

NO = ""  # nothing is refused


class Life(NamedTuple):
    """``states`` make one in that state; ``asked`` are requests of one.  ``answers`` has for each state and each of the
    requests the error that the owner gets, or NO; ``unknown`` is what anybody else gets, whatever the state."""

    states: dict[str, Callable[[Client], Ids]]
    asked: dict[str, Callable[[Ids], dict[str, Any]]]
    answers: dict[str, tuple[str, ...]]
    unknown: str
    seen: Callable[[Client, Ids], str]  # the state as the owner is shown it


def place(client: Client, block: str = "10.20.0.0/16") -> str:
    """A subnet of a VPC with a way out."""
    vpc_id = make_vpc(client, block)
    make_internet_gateway(client, vpc_id)
    return make_subnet(client, vpc_id, block.replace("/16", "/24"))
