"""GetConsoleOutput (EC2 API Reference).

What a machine wrote is not in the state: whoever keeps it is asked between the two halves of the action.
"""

from __future__ import annotations

import base64

from realvpc.net.instance_types import INSTANCE_TYPES

from ..core.context import Context, Request, Response
from ..core.errors import unsupported_operation
from ..core.lookup import named
from .instance import INSTANCE


def console_asked_of(ctx: Context, request: Request) -> str:
    """The id of the instance whose console is wanted.

    Raises ``InvalidInstanceID.NotFound``, UnsupportedOperation for ``Latest`` of a type that is not of Nitro's.
    """
    instance = named(ctx, INSTANCE, request, "InstanceId")
    if request.get("Latest") and not INSTANCE_TYPES[instance.instance_type].is_nitro:
        raise unsupported_operation("This instance type does not support retrieving the latest console logs.")
    return instance.id


def console_output(ctx: Context, instance_id: str, output: bytes) -> Response:
    """``output`` is what is there now, so that is the time it bears; an empty one is left out."""
    return {
        "InstanceId": instance_id,
        "Timestamp": ctx.now,
        "Output": base64.b64encode(output).decode() if output else None,
    }
