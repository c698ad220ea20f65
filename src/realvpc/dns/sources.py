"""Where a resolver knows names from."""

from __future__ import annotations

from typing import Protocol

from realvpc.net.names import Names
from realvpc.net.network import Network


class Sources(Protocol):
    """The machines with their addresses, and the zones that people made.  A State is one."""

    @property
    def network(self) -> Network: ...
    @property
    def names(self) -> Names: ...
