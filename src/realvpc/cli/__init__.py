"""The `realvpc` command.  One module per group of commands, loaded when it is needed."""

from __future__ import annotations

import os
import signal
import sys
from importlib import import_module
from typing import NoReturn

import click

from realvpc import __version__

from .remedy import remedied
from .terminal import Problem, colour, complain

COMMANDS = {
    "up": "service",
    "down": "service",
    "status": "status",
    "doctor": "doctor",
    "env": "accounts",
    "accounts": "accounts",
    "vpc": "vpc",
    "image": "image",
    "disks": "disks",
    "hosts": "hosts",
    "shell": "machine",
    "exec": "machine",
    "cp": "cp",
    "logs": "logs",
    "wait": "wait",
    "why": "reach",
    "matrix": "reach",
    "demo": "demo",
    "counters": "counters",
    "clock": "clock",
    "quotas": "quotas",
    "default-vpc": "default_vpc",
    "bench": "bench",
    "completion": "completion",
}
"""Command and the module that has it, in the order of `realvpc --help`."""


class _Commands(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        command: click.Command = getattr(import_module(f"{__name__}.{module}"), f"{cmd_name.replace('-', '_')}_command")
        return command

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except Problem as problem:  # whose text suggests what to do
            problem.args = (remedied(str(problem)),)
            raise


@click.command(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, message="realvpc %(version)s")
def root() -> None:
    """An AWS-compatible VPC that moves real packets, on this machine.

    \b
    Begin here:
      sudo realvpc up                    start it (without root: --fabric none)
      eval "$(realvpc env)"              point aws, boto3 and Terraform at it
      aws ec2 create-vpc --cidr-block 10.20.0.0/16
    """


def _end(number: int, frame: object) -> NoReturn:
    """A command that is ended takes away what it started and made, as at Ctrl-C."""
    sys.exit(128 + number)


def main() -> None:
    if os.geteuid() == 0:  # su(1) leaves a person's PATH
        os.environ["PATH"] = f"{os.environ.get('PATH', os.defpath)}:/usr/sbin:/sbin"
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as under nohup
            signal.signal(number, _end)
    try:
        root(prog_name="realvpc", color=colour(os.environ))
    except Problem as problem:
        complain(str(problem))
        sys.exit(1)
