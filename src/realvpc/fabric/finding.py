"""What an audit of the fabric finds, and what it calls the things that are no machine's."""

from __future__ import annotations

from enum import Enum

from msgspec import Struct

FABRIC, PINS, TABLES, LISTENERS = "fabric", "pins", "tables", "listeners"


class Part(Enum):
    """What a finding is about, and so what mends it."""

    PINS = "the bpffs is not mounted"
    NAMESPACE = "a file does not hold its namespace"
    EDGE = "a namespace beside the machines is not as it was made"
    LINK = "a pair is gone, or leads elsewhere"
    DEVICE = "an end of a pair is not as it was made"
    PROGRAM = "packets pass a device without our program"
    MAP = "a map is not pinned where the next process looks for it"
    FORWARDS = "a balancer forwards by other rules or settings than it was given"
    TABLE = "a map does not hold what was written"
    LISTENER = "a service has no socket"


class Finding(Struct, frozen=True):
    """``subject`` is a machine, an edge, or one of the above; ``trouble`` says of the thing ``name`` what was found.

    ``ifindex`` tells the link of a machine from another that has its name by now.
    """

    part: Part
    subject: str
    name: str
    trouble: str
    ifindex: int = 0

    @property
    def text(self) -> str:
        return f"{self.name} {self.trouble}"
