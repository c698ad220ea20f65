"""GetConsoleOutput: an action that asks the node, so its answer comes by and by."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from realvpc.api.core.call import Call
from realvpc.api.core.context import Context, Response
from realvpc.api.core.errors import AwsError
from realvpc.api.ec2.console_output import console_asked_of, console_output
from realvpc.node.answer import NodeError


class ConsoleActions:
    """`context` gives a call's context; `read` what a machine wrote, where there are machines."""

    def __init__(
        self, context: Callable[[Call], Context], read: Callable[[str], Awaitable[bytes]] | None = None
    ) -> None:
        self._context = context
        self._read = read

    def knows(self, service: str, action: str) -> bool:
        return (service, action) == ("ec2", "GetConsoleOutput")

    async def handle(self, call: Call) -> Response:
        """Perform a call that `knows` knows.  Raises AwsError; Unavailable while the node cannot be asked."""
        instance_id = console_asked_of(self._context(call), call.params)
        try:
            output = await self._read(instance_id) if self._read else b""
        except NodeError as error:
            raise AwsError("Unavailable", f"The console of {instance_id} cannot be read: {error}", 503) from error
        return console_output(self._context(call), instance_id, output)
