"""GetConsoleOutput: an action that asks the node, so its answer comes by and by."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from realvpc.api.core.action import Action
from realvpc.api.core.context import Answer, Context, Request, Response
from realvpc.api.core.errors import AwsError
from realvpc.api.ec2.console_output import console_asked_of, console_output
from realvpc.api.ec2.questions import asking
from realvpc.api.ec2.resources import on
from realvpc.node.answer import NodeError

log = logging.getLogger(__name__)

Read = Callable[[str], Awaitable[bytes]]
"""What a machine wrote, by the id of its instance."""


def console_actions(read: Read | None = None) -> dict[str, Action]:
    """``read`` asks the node, where there are machines."""

    def get_console_output(ctx: Context, request: Request) -> Answer:
        """Raises ``InvalidInstanceID.NotFound``, UnsupportedOperation; Unavailable while the node cannot be asked."""
        instance_id = console_asked_of(ctx, request)

        async def ask() -> Response:
            try:
                output = await read(instance_id) if read else b""
            except NodeError as error:
                log.warning("a console cannot be read instance=%s reason=%s", instance_id, error)
                raise AwsError("Unavailable", f"The console of {instance_id} cannot be read.", 503) from error
            return console_output(ctx, instance_id, output)

        return Answer(effect=ask)

    return asking({"GetConsoleOutput": Action(get_console_output, on("instance"))})
