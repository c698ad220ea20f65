"""Run inside an instance, which has Python and no DNS library: sends questions, given in hexadecimal, and prints what
comes back, a line for each; ``-`` where nothing does.  Arguments: server, ``udp`` or ``tcp``, questions.
"""

import socket
import sys


def exchange(server: str, protocol: str, wire: bytes) -> bytes:
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    with socket.socket(socket.AF_INET, kind) as client:
        client.settimeout(60)
        client.connect((server, 53))  # only an answer from where it was asked counts
        if protocol == "udp":
            client.send(wire)
            return client.recv(65535)
        client.sendall(len(wire).to_bytes(2, "big") + wire)
        file = client.makefile("rb")
        return file.read(int.from_bytes(file.read(2), "big"))


for question in sys.argv[3:]:
    try:
        print(exchange(sys.argv[1], sys.argv[2], bytes.fromhex(question)).hex())
    except OSError:
        print("-")
