"""A client of tunnels through EC2 Instance Connect Endpoints: signs and talks as AWS CLI v2 does.

``python -m tests.e2e.tunnel URL`` is standard input and output at the end of one, as ssh's ProxyCommand.
"""

from __future__ import annotations

import os
import sys
import threading
from urllib.parse import urlencode

from botocore.auth import SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from websockets.sync.client import ClientConnection, connect

from tests.running import REGION, Running


def presigned(service: Running, endpoint_id: str, address: str, port: int = 22, **more: int) -> str:
    variables = service.environment()
    said = {"instanceConnectEndpointId": endpoint_id, "remotePort": port, "privateIpAddress": address, **more}
    place = variables["AWS_ENDPOINT_URL"].replace("http", "ws", 1)
    request = AWSRequest("GET", f"{place}/openTunnel?{urlencode(said)}")
    keys = Credentials(variables["AWS_ACCESS_KEY_ID"], variables["AWS_SECRET_ACCESS_KEY"])
    SigV4QueryAuth(keys, "ec2-instance-connect", REGION, expires=60).add_auth(request)
    return str(request.url)


def opened(url: str) -> ClientConnection:
    """Raises websockets.exceptions.InvalidStatus for a refusal."""
    return connect(url, compression=None, proxy=None, open_timeout=60)


def main() -> None:
    with opened(sys.argv[1]) as tunnel:

        def outwards() -> None:
            while data := os.read(0, 1 << 15):
                tunnel.send(data)
            tunnel.close()

        threading.Thread(target=outwards, daemon=True).start()
        for data in tunnel:
            assert isinstance(data, bytes)
            os.write(1, data)


if __name__ == "__main__":
    main()
