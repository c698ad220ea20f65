"""EC2 requests as bytes, signed as any client signs them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias
from urllib.parse import urlencode

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

Sign: TypeAlias = Callable[..., bytes]
"""``sign(action, **parameters)``: the request; parameters are named as on the wire, dots as two underscores."""

_VERSION = "2016-11-15"


def signer(address: tuple[str, int], region: str, access_key: str, secret_key: str) -> Sign:
    """Signs requests of one account in one Region."""
    auth = SigV4Auth(Credentials(access_key, secret_key), "ec2", region)
    host = f"{address[0]}:{address[1]}"

    def sign(action: str, **parameters: Any) -> bytes:
        form = {"Action": action, "Version": _VERSION, **{_name(name): value for name, value in parameters.items()}}
        body = urlencode(form)
        request = AWSRequest("POST", f"http://{host}/", data=body)
        request.headers["Content-Type"] = "application/x-www-form-urlencoded; charset=utf-8"
        auth.add_auth(request)
        headers = {
            "Host": host,
            "Content-Type": request.headers["Content-Type"],
            "X-Amz-Date": request.headers["X-Amz-Date"],
            "Authorization": request.headers["Authorization"],
            "Content-Length": str(len(body)),
            "Connection": "keep-alive",
        }
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        return f"POST / HTTP/1.1\r\n{head}\r\n{body}".encode()

    return sign


def _name(name: str) -> str:
    return name.replace("__", ".")
