"""Who may open a tunnel through an EC2 Instance Connect Endpoint, and whereto (EC2 guide, "Connect using EC2 Instance
Connect Endpoint"; Service Authorization Reference, "Amazon EC2 Instance Connect").

OpenTunnel is no action of botocore's model: its request is that of a websocket, the parameters are texts.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from realvpc.net.addresses import NEVER_FORWARDED, Address
from realvpc.net.instance_connect_endpoint import LONGEST_TUNNEL, PORTS, InstanceConnectEndpoint

from ..core.action import Action
from ..core.arn import arn
from ..core.context import Answer, Context, Request
from ..core.errors import AwsError, invalid_parameter, unsupported_operation

OPEN_TUNNEL = "OpenTunnel"

_ENDPOINT, _PORT, _SECONDS = "instanceConnectEndpointId", "remotePort", "maxTunnelDuration"
_ADDRESSES = ("ipAddress", "privateIpAddress")


class Tunnel(Struct, frozen=True):
    """What an open tunnel is: from which endpoint, of whose, whereto, and for how long (seconds)."""

    endpoint_id: str
    account: str
    address: str
    port: int
    seconds: int


def open_tunnel(ctx: Context, request: Request) -> Answer:
    """The response has the members of ``Tunnel``.

    Raises ``InvalidInstanceConnectEndpointId.NotFound``, IncorrectState, InvalidParameter, UnsupportedOperation.
    """
    endpoint = ctx.network.instance_connect_endpoints.get(request.get(_ENDPOINT, ""))
    if endpoint is None or not ctx.sees(endpoint):
        raise AwsError(
            "InvalidInstanceConnectEndpointId.NotFound", "The specified EC2 Instance Connect Endpoint does not exist."
        )
    port, seconds = _number(request, _PORT), _number(request, _SECONDS, LONGEST_TUNNEL)
    if port not in PORTS:
        raise _invalid("RemotePort", f"Specify either {PORTS[0]} or {PORTS[1]} as the RemotePort")
    if not 1 <= seconds <= LONGEST_TUNNEL:
        raise _invalid("MaxTunnelDuration", f"Specify from 1 to {LONGEST_TUNNEL} seconds")
    address = _address(request, endpoint)
    if not endpoint.is_usable:
        raise AwsError("IncorrectState", f"The EC2 Instance Connect Endpoint is {endpoint.state}.")
    if not ctx.options.has_fabric:
        raise unsupported_operation("This service moves no packets (--fabric none).")
    tunnel = Tunnel(endpoint.id, endpoint.account, str(address), port, seconds)
    return Answer({name: getattr(tunnel, name) for name in tunnel.__struct_fields__})


def _address(request: Request, endpoint: InstanceConnectEndpoint) -> Address:
    address = _read_address(request)
    if address is None or any(address in block for block in NEVER_FORWARDED) or not endpoint.connects_to(address):
        raise _invalid("PrivateIpAddress", f"The endpoint connects to addresses of the type {endpoint.ip_address_type}")
    return address


def _read_address(request: Request) -> Address | None:
    try:
        return Address.parse(next((request[name] for name in _ADDRESSES if request.get(name)), ""))
    except ValueError:
        return None


def _number(request: Request, name: str, default: int = 0) -> int:
    text = request.get(name, str(default))
    return int(text) if len(text) <= len(str(LONGEST_TUNNEL)) and text.isascii() and text.isdecimal() else 0


def _invalid(name: str, hint: str) -> AwsError:
    return invalid_parameter(f"The specified {name} is not valid. {hint} and retry your request.")


def _on_endpoint(ctx: Context, request: Request) -> tuple[str]:
    return (arn("ec2", ctx.region, ctx.account, f"instance-connect-endpoint/{request.get(_ENDPOINT) or '*'}"),)


def _conditions(request: Request) -> Mapping[str, str]:
    """As they are understood: what is written in another way is the same to a policy.  Of what is none of its kind, and
    is refused, there is no value."""
    said = {
        "remotePort": _number(request, _PORT),
        "privateIpAddress": _read_address(request),
        "maxTunnelDuration": _number(request, _SECONDS, LONGEST_TUNNEL),
    }
    return {f"ec2-instance-connect:{name}": str(value) for name, value in said.items() if value}


TUNNEL_ACTIONS = {OPEN_TUNNEL: Action(open_tunnel, _on_endpoint, conditions=_conditions)}
"""What the websocket of ``realvpc.wire.tunnel_door`` asks for, and no other request can."""
