"""A command that is ended from outside still takes away what it made."""

from __future__ import annotations

import signal
import subprocess
import sys

import pytest

from tests.patience import PATIENCE_SECONDS

COMMAND = """
import signal, sys, time
from realvpc import cli

signal.signal(signal.SIGHUP, signal.SIG_DFL)  # whoever runs the tests may have ignored it
{before}

@cli.root.command("linger")
def linger():
    try:
        print("made", flush=True)
        time.sleep(30)
    finally:
        print("taken away", flush=True)

cli.COMMANDS["linger"] = ""
cli._Commands.get_command = lambda self, ctx, name: linger
sys.argv = ["realvpc", "linger"]
cli.main()
"""


def ended(number: signal.Signals, before: str = "") -> tuple[int, str]:
    """The exit status and what was printed after the command had begun, by a signal and a second later by SIGTERM."""
    with subprocess.Popen(
        [sys.executable, "-c", COMMAND.format(before=before)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "made\n"
        process.send_signal(number)
        try:
            process.wait(1)
        except subprocess.TimeoutExpired:
            process.terminate()
        return process.wait(PATIENCE_SECONDS), process.stdout.read()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_what_a_command_made_is_taken_away_when_it_is_ended(number: signal.Signals) -> None:
    assert ended(number) == (128 + number, "taken away\n")


def test_nohup_still_means_to_go_on() -> None:
    ignored = "signal.signal(signal.SIGHUP, signal.SIG_IGN)"
    assert ended(signal.SIGHUP, ignored) == (128 + signal.SIGTERM, "taken away\n")
