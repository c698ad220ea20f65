"""The table of EC2 Instance Connect's actions."""

from __future__ import annotations

from ..core.action import Action
from . import public_key

ACTIONS: dict[str, Action] = {
    "SendSSHPublicKey": Action(public_key.send_ssh_public_key, public_key.on_instance),
    "SendSerialConsoleSSHPublicKey": Action(public_key.send_serial_console_ssh_public_key, public_key.on_instance),
}
