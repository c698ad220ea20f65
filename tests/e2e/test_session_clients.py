"""Session Manager by clients that other people wrote, unmodified, in a terminal."""

from __future__ import annotations

import fcntl
import hashlib
import os
import pty
import select
import shutil
import socket
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from tests.patience import MUCH_SECONDS, PATIENCE_SECONDS
from tests.running import AWS, eventually

from .peer import OpenPeer
from .port_server import PORT, generated
from .target import Target

pytestmark = [pytest.mark.root, pytest.mark.e2e]

PROMPT = "sh-5.2$ "


class Typist:
    """Somebody at a terminal in which a command runs."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str], directory: Path) -> None:
        self._master, slave = pty.openpty()
        self._screen = b""
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env=environment, cwd=directory, start_new_session=True
        )
        os.close(slave)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._master)

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def number(self) -> int:
        """The number that comes next, on a line's end."""
        self.sees("\r\n", keep=True)
        return int(self._screen.split()[0])

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def sees(self, text: str, *, keep: bool = False) -> None:
        """Wait for this, and forget what came until then unless told to `keep` it."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while text.encode() not in self._screen:
            assert time.monotonic() < deadline, f"no {text!r} in {self._screen.decode(errors='replace')}"
            if select.select([self._master], [], [], 0.1)[0]:
                try:
                    self._screen += os.read(self._master, 65536)
                except OSError:
                    pytest.fail(f"the client has ended: {self._screen.decode(errors='replace')}")
        if not keep:
            self._screen = self._screen.partition(text.encode())[2]

    def converse(self) -> None:
        """What every client has to be able to show."""
        self.sees(PROMPT)
        self.type("echo $((6*7)) $(whoami)\r")
        self.sees("42 ssm-user")
        self.sees(PROMPT)
        self.type("printf '\\346\\227\\245\\346\\234\\254\\n'\r")
        self.sees("日本")
        self.sees(PROMPT)
        self.type("exit\r")
        assert self.process.wait(PATIENCE_SECONDS) == 0


def variables(target: Target) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": os.environ["HOME"], "TERM": "xterm-256color"} | (
        target.service.environment()
    )


MEGABYTES = 20 << 20
CLIENTS = Path(sys.prefix) / "clients"


@pytest.fixture(scope="module")
def pyssm() -> str:
    """The command of pyssm-client."""
    command = CLIENTS / "pyssm/bin/pyssm"
    if not command.exists():
        pytest.skip("pyssm-client is not here: scripts/test installs it where there is Python 3.12 or newer")
    return str(command)


@pytest.fixture(scope="module")
def ssm_session() -> Path:
    """A script that uses ssm-session."""
    script = CLIENTS / "ssm_session/client.js"
    if not script.with_name("node_modules").is_dir():
        pytest.skip("ssm-session is not here: scripts/test installs it where there are npm and node")
    return script


def test_the_aws_command_with_its_plugin_holds_a_shell(target: Target, tmp_path: Path) -> None:
    if not shutil.which("session-manager-plugin"):
        pytest.skip("aws ssm start-session needs AWS's session-manager-plugin, and it is not here")
    with Typist([AWS, "ssm", "start-session", "--target", target.instance_id], variables(target), tmp_path) as typist:
        typist.converse()


def test_pyssm_holds_a_shell(target: Target, pyssm: str, tmp_path: Path) -> None:
    with Typist([pyssm, "ssh", "--target", target.instance_id], variables(target), tmp_path) as typist:
        typist.sees(PROMPT)
        typist.resize(101, 33)
        typist.type("until [ \"$(stty size)\" = '33 101' ]; do sleep 0.1; done; echo re''sized\r")
        typist.sees("resized")
        typist.type("\r")
        typist.converse()


def test_pyssm_runs_commands_and_tells_their_exit_codes(target: Target, pyssm: str, tmp_path: Path) -> None:
    command = [pyssm, "exec", "--target", target.instance_id, "--command", "echo it runs; exit 5"]
    done = subprocess.run(
        command,
        env=variables(target),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert done.returncode == 5, done.stderr
    assert "it runs" in done.stdout


def test_pyssm_copies_a_file(target: Target, pyssm: str, tmp_path: Path) -> None:
    """To the instance; the other way it takes lines of Base64 with a slash for a prompt and leaves them out."""
    data = os.urandom(1 << 18)
    (tmp_path / "file").write_bytes(data)
    done = subprocess.run(
        [pyssm, "copy", "--no-progress", str(tmp_path / "file"), f"{target.instance_id}:/tmp/copied"],
        env=variables(target), cwd=tmp_path, capture_output=True, text=True, timeout=MUCH_SECONDS, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    copied = target.service("exec", target.instance_id, "--", "sha256sum", "/tmp/copied").out
    assert copied.startswith(hashlib.sha256(data).hexdigest())


def test_pyssm_forwards_a_port_and_moves_much_both_ways(target: Target, pyssm: str, tmp_path: Path) -> None:
    command = [pyssm, "port-forward", "--target", target.instance_id, "--remote-port", str(PORT)]
    with Typist(command, variables(target), tmp_path) as typist:
        typist.sees("listening on 127.0.0.1:")
        port = typist.number()
        data = os.urandom(MEGABYTES)
        with socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS) as up:
            up.sendall(b"d%08d" % len(data) + data)
            assert read_all(up) == hashlib.sha256(data).hexdigest().encode()
        with socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS) as down:
            down.sendall(b"g%08d" % MEGABYTES)
            assert hashlib.sha256(read_all(down)).digest() == hashlib.sha256(generated(MEGABYTES)).digest()


def test_pyssm_reaches_a_peered_vpc_as_far_as_its_routes_and_groups_allow(
    target: Target, peer: OpenPeer, pyssm: str, tmp_path: Path
) -> None:
    command = [
        pyssm, "port-forward", "--target", target.instance_id,
        "--remote-host", peer.address, "--remote-port", str(PORT),
    ]  # fmt: skip
    with Typist(command, variables(target), tmp_path) as typist:
        typist.sees("listening on 127.0.0.1:")
        port = typist.number()

        def answers() -> bool:
            with socket.create_connection(("127.0.0.1", port), PATIENCE_SECONDS) as local:
                local.sendall(b"d%08dhello" % 5)
                return read_all(local) == hashlib.sha256(b"hello").hexdigest().encode()

        assert answers()
        peer.close_group()
        eventually(lambda: not answers(), what="the end of what the security group allowed")


def test_ssm_session_holds_a_shell(target: Target, ssm_session: Path, tmp_path: Path) -> None:
    session = target.start()
    command = ["node", str(ssm_session), session["StreamUrl"], session["TokenValue"]]
    with Typist(command, variables(target), tmp_path) as typist:
        typist.converse()


def test_ssm_session_moves_much_both_ways(target: Target, ssm_session: Path) -> None:
    session = target.start()
    command = ["node", str(ssm_session), session["StreamUrl"], session["TokenValue"]]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=variables(target)) as process:
        assert process.stdin and process.stdout
        shown = bytearray()

        def sees(text: bytes) -> bytes:
            """Wait for this; returns what came until then."""
            searched = 0
            while (at := shown.find(text, searched)) < 0:
                searched = max(0, len(shown) - len(text))
                more = os.read(process.stdout.fileno(), 1 << 20)  # type: ignore[union-attr]
                assert more, shown[-500:]
                shown.extend(more)
            before = bytes(shown[:at])
            del shown[: at + len(text)]
            return before

        sees(PROMPT.encode())
        process.stdin.write(
            b"stty raw -echo; echo re''ady; head -c %d | sha256sum; echo do''wn; "
            b"head -c %d /dev/zero | tr '\\0' x; echo do''ne; read x; exit\n" % (MEGABYTES, MEGABYTES)
        )
        process.stdin.flush()
        sees(b"ready")
        data = hashlib.sha256(b"seed").hexdigest().encode() * (MEGABYTES // 64)
        process.stdin.write(data)
        process.stdin.flush()
        assert hashlib.sha256(data).hexdigest().encode() in sees(b"down\n")
        assert sees(b"done") == b"x" * MEGABYTES
        process.stdin.write(b"\n")
        process.stdin.flush()
        assert process.wait(PATIENCE_SECONDS) == 0


def read_all(sock: socket.socket) -> bytes:
    sock.settimeout(PATIENCE_SECONDS)
    pieces = []
    while piece := sock.recv(1 << 16):
        pieces.append(piece)
    return b"".join(pieces)
