"""A server in an instance, for those who come through forwarded ports."""

from __future__ import annotations

from tests.running import Running

PORT = 7001

# A connection begins with d and a length: the digest of so much; g and a length: so much; e: an echo; s: silence.
_PROGRAM = """
import hashlib, os, socket, threading
def serve(sock):
    kind = sock.recv(1)
    if kind == b"d":
        digest, left = hashlib.sha256(), int(sock.recv(8, socket.MSG_WAITALL))
        while left:
            data = sock.recv(min(left, 65536))
            digest.update(data); left -= len(data)
        sock.sendall(digest.hexdigest().encode())
    elif kind == b"g":
        left = int(sock.recv(8, socket.MSG_WAITALL))
        sock.sendall(bytes(i * 7 % 251 for i in range(251)) * (left // 251))
    elif kind == b"e":
        while data := sock.recv(65536):
            sock.sendall(data)
    elif kind == b"s":
        sock.sendall(b"silent"); threading.Event().wait()
    sock.close()
listener = socket.create_server(("", PORT))
if os.fork(): os._exit(0)
os.setsid()
for fd in range(3): os.dup2(os.open("/dev/null", os.O_RDWR), fd)
while True:
    threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()
"""


def serve(service: Running, instance_id: str) -> None:
    service("exec", instance_id, "--", "python3", "-c", _PROGRAM.replace("PORT", str(PORT)))


def generated(length: int) -> bytes:
    """What the server answers to `g`."""
    return bytes(i * 7 % 251 for i in range(251)) * (length // 251)
