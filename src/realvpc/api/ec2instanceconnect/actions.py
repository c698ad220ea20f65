"""The table of EC2 Instance Connect's actions."""

from __future__ import annotations

from ..core.action import Action
from ..core.service_questions import asking
from . import public_key

ACTIONS: dict[str, Action] = {
    "SendSSHPublicKey": Action(public_key.send_ssh_public_key, public_key.on_instance, asks=asking(public_key.os_user)),
    "SendSerialConsoleSSHPublicKey": Action(public_key.send_serial_console_ssh_public_key, public_key.on_instance),
}
