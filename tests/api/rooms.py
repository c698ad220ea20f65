"""All actions of a service in memory: those on sessions, commands and consoles too, of machines that nobody reaches."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import NoReturn

from realvpc.api.service import Service
from realvpc.daemon.consoles import console_actions
from realvpc.daemon.settle import settling
from realvpc.session.actions import SessionActions
from realvpc.session.command_actions import CommandActions
from realvpc.session.command_runner import CommandRunner
from realvpc.session.far_end import FarEndError
from realvpc.session.sessions import Limits, Sessions
from realvpc.session.table import session_actions


class Unreachable:
    """Machines whose node is away."""

    async def shell(self, instance_id: str, command: str | None) -> NoReturn:
        raise FarEndError(instance_id)

    async def program(self, instance_id: str, command: str, user: str) -> NoReturn:
        raise FarEndError(instance_id)

    async def socket(self, instance_id: str, interface_id: str | None = None, *, is_ipv6: bool = False) -> NoReturn:
        raise FarEndError(instance_id)

    async def resolve(self, instance_id: str, host: str) -> NoReturn:
        raise FarEndError(instance_id)


class Rooms:
    """What the actions of a service work on beside its state."""

    def __init__(self, service: Service, now: Callable[[], datetime], limits: Limits | None = None) -> None:
        self.sessions = Sessions(now, limits)
        self.commands = CommandRunner(Unreachable(), now)
        actions = session_actions(SessionActions(self.sessions, "127.0.0.1:4566"), CommandActions(self.commands))
        patient = settling(service.actions["ec2"], service.written_context, service.feed)
        service.include({"ssm": actions, "ec2": patient | console_actions()})
