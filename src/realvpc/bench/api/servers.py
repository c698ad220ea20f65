"""The contenders: RealVPC with strict signatures and durable writes, and two emulators in environments of their own."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
import venv
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

from msgspec import Struct

from .request import Sign, signer

REALVPC, MOTO, MINISTACK = "realvpc", "moto", "ministack"
REGION, WRITES = "us-east-1", "eu-west-1"
_PLOT = "plot"
_PACKAGES = {MOTO: "moto[server]==5.2.5", MINISTACK: "ministack==1.5.33", _PLOT: "matplotlib==3.10.7"}
_START_SECONDS = 60.0
_OWN = str(Path(sys.executable).parent / "realvpc")


class ServerError(Exception):
    """A contender cannot be installed or started; the text says why."""


class Server(Struct, frozen=True):
    """One that runs: where it listens, and how requests to it are signed, those that read in one Region and those that
    write in another.  ``stall`` is the longest time in milliseconds that it stood still since this was asked before,
    where it tells."""

    name: str
    address: tuple[str, int]
    sign: Sign
    sign_write: Sign
    stall: Callable[[], float | None] = lambda: None


Start: TypeAlias = Callable[[], contextlib.AbstractContextManager[Server]]


def contenders(names: tuple[str, ...], cache: Path, work: Path, say: Callable[[str], None]) -> dict[str, Start]:
    """How each is started.  Emulators are installed below ``cache`` when they are not there.  Raises ServerError."""
    for name in names:
        if name in _PACKAGES:
            _install(name, cache, say)
    starts: dict[str, Start] = {
        REALVPC: lambda: _realvpc(work / REALVPC),
        MOTO: lambda: _emulator(MOTO, work, [str(cache / MOTO / "bin/moto_server"), "-H", "127.0.0.1", "-p"]),
        MINISTACK: lambda: _emulator(MINISTACK, work, [str(cache / MINISTACK / "bin/ministack")]),
    }
    return {name: starts[name] for name in names}


def draw(results: Path, picture: Path, cache: Path, say: Callable[[str], None]) -> None:
    """The picture of results that were written as JSON.  Raises ServerError."""
    _install(_PLOT, cache, say)
    script = Path(__file__).with_name("plot.py")
    done = subprocess.run(
        [cache / _PLOT / "bin/python", script, results, picture], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise ServerError(f"no picture could be made: {done.stderr.strip()[-500:]}")


def _install(name: str, cache: Path, say: Callable[[str], None]) -> None:
    place, mark = cache / name, cache / f"{name}.installed"
    if mark.exists() and mark.read_text() == _PACKAGES[name]:
        return
    say(f"installing {_PACKAGES[name]} below {cache}")
    shutil.rmtree(place, ignore_errors=True)
    venv.create(place, with_pip=True)
    done = subprocess.run(
        [place / "bin/pip", "install", "--quiet", "--disable-pip-version-check", _PACKAGES[name]],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise ServerError(f"{_PACKAGES[name]} cannot be installed: {done.stderr.strip()[-500:]}")
    mark.write_text(_PACKAGES[name])


@contextlib.contextmanager
def _realvpc(state: Path) -> Iterator[Server]:
    """Without packets, as the others are; signatures verified, every write synced."""
    port = _free_port()
    _run("up", "--state", state, "--listen", f"127.0.0.1:{port}", "--fabric", "none", "--quotas", "off")
    try:
        keys = json.loads(_run("env", "--state", state, "--region", REGION, "--format", "json"))
        address = ("127.0.0.1", port)
        key = (keys["AWS_ACCESS_KEY_ID"], keys["AWS_SECRET_ACCESS_KEY"])
        yield Server(
            REALVPC, address, signer(address, REGION, *key), signer(address, WRITES, *key), lambda: _stall(state)
        )
    finally:
        _run("down", "--state", state, "--purge", "--yes")


def _run(*words: str | Path) -> str:
    """Raises ServerError."""
    done = subprocess.run([_OWN, *map(str, words)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise ServerError(f"realvpc {words[0]}: {done.stderr.strip()}")
    return done.stdout


def _stall(state: Path) -> float | None:
    from realvpc import config
    from realvpc.daemon.client import ask

    settings = config.load(state)
    assert settings is not None, "it runs"
    longest: float | None = ask(settings.admin_socket, "POST", "stall")["longest_stall_ms"]
    return longest


@contextlib.contextmanager
def _emulator(name: str, work: Path, command: list[str]) -> Iterator[Server]:
    """Both take every key for an account; ministack hears its port from the environment, moto as an argument."""
    port = _free_port()
    address = ("127.0.0.1", port)
    words = [*command, str(port)] if name == MOTO else command
    own = {"PATH": os.environ["PATH"], "HOME": str(work), "GATEWAY_PORT": str(port), "BIND_HOST": "127.0.0.1"}
    with (work / f"{name}.log").open("wb") as log:
        process = subprocess.Popen(words, env=own, cwd=work, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        _await(name, process, address, work / f"{name}.log")
        key = ("111111111111", "any")
        yield Server(name, address, signer(address, REGION, *key), signer(address, WRITES, *key))
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(name: str, process: subprocess.Popen[bytes], address: tuple[str, int], log: Path) -> None:
    """Raises ServerError."""
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"http://{address[0]}:{address[1]}/", timeout=5):
            return
        with contextlib.suppress(OSError), socket.create_connection(address, timeout=1):
            return
        time.sleep(0.1)
    raise ServerError(f"{name} does not start: {log.read_text(errors='replace')[-500:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
