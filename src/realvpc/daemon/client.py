"""Asking a running service, over the operator's socket."""

from __future__ import annotations

import http.client
import json
import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlencode


class ServiceError(Exception):
    """The service is not there, or refuses; the text is for people."""


class NotAnsweringError(ServiceError):
    """Nobody is there, or nobody who speaks."""


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: Path, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


def ask(admin_socket: Path, method: str, path: str, *, timeout: float = 30.0, **parameters: Any) -> Any:
    """The JSON answer to a request under ``/_realvpc/``; parameters that are None are left out.

    Raises ServiceError, and NotAnsweringError when nobody answers.
    """
    given = {name: value for name, value in parameters.items() if value is not None}
    target, body = f"/_realvpc/{path}", None
    if method == "GET":
        target += f"?{urlencode(given)}" if given else ""
    else:
        body = json.dumps(given)
    connection = _UnixConnection(admin_socket, timeout)
    try:
        connection.request(method, target, body)
        response = connection.getresponse()
        answer = json.loads(response.read())
    except (FileNotFoundError, ConnectionError):
        raise NotAnsweringError("RealVPC is not running here. Start it with `realvpc up`") from None
    except PermissionError:
        raise ServiceError(f"{admin_socket} is for the person who started RealVPC. Try `sudo realvpc …`") from None
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise NotAnsweringError(f"RealVPC does not answer: {error}") from error
    finally:
        connection.close()
    if response.status != 200:
        raise ServiceError(str(answer.get("error", answer)))
    return answer
