"""Request and answer of one byte over TCP, in a process of its own, for IPv6, which not every sockperf speaks.

``transactions.py serve PORT`` answers until it is killed; ``transactions.py ask ADDRESS PORT SECONDS`` prints how many
transactions there were in a second.  Imports nothing of ours: it is run as a file.
"""

from __future__ import annotations

import socket
import sys
import time

_AT_ONCE = 64  # transactions between two looks at the clock


def serve(port: int) -> None:
    with socket.create_server(("::", port), family=socket.AF_INET6) as listener:
        while True:
            connection, _ = listener.accept()
            with connection:
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                while request := connection.recv(1):
                    connection.send(request)


def ask(address: str, port: int, seconds: float) -> float:
    """Transactions a second.  Raises OSError."""
    with socket.create_connection((address, port), timeout=10) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(None)
        count, begun = 0, time.perf_counter()
        while (passed := time.perf_counter() - begun) < seconds:
            for _ in range(_AT_ONCE):
                connection.send(b"?")
                connection.recv(1)
            count += _AT_ONCE
    return count / passed


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(int(sys.argv[2]))
    else:
        sys.stdout.write(f"{ask(sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))}\n")
