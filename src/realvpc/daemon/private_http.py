"""HTTP connections of who calls through an interface endpoint."""

from __future__ import annotations

from functools import lru_cache

from realvpc.http_connection import GuestHttp
from realvpc.net.addresses import Address
from realvpc.net.subnet import delegated


@lru_cache(1 << 12)
def caller(host: str) -> str:
    """What the addresses have in common that one interface may call from: of IPv6 a prefix that is delegated to it."""
    address = Address.parse(host)
    return host if address.is_ipv4 else str(delegated(address))


class PrivateHttp(GuestHttp):
    """With who calls through an interface endpoint as the peer: VPCs may have the same private addresses, and call
    different ones of ours."""

    def _connections_of_peer(self) -> int:
        return sum(_ends_of(each) == _ends_of(self) for each in self.connections)


def _ends_of(connection: object) -> tuple[str | None, ...]:
    client, server = getattr(connection, "client", None), getattr(connection, "server", None)
    return caller(client[0]) if client else None, server[0] if server else None
