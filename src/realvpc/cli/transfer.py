"""Files between this host and one instance, through commands that run in the instance."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path, PurePosixPath

from realvpc.config import SettingsError
from realvpc.node.connection import NodeConnection
from realvpc.node.messages import Exec

from .archive import ArchiveError, file_mode, pack, unpack
from .pipes import Complaints, Counted, relay
from .progress import ProgressLine, Transfer
from .terminal import harmless

STREAM = "-"
_MODE = re.compile("[0-7]{1,4}")

# What runs in the instance, as the user.  $1 is the path there ("": the user's home), $2 the name of what is copied,
# for a directory to put it into, $3 the mode.
_PUT_FILE = """
target=${1:-.}
if [ -d "$target" ]; then
    [ -n "$2" ] || { echo "Is a directory: give the file a name" >&2; exit 1; }
    target=${target%/}/$2
else
    case $target in */) echo "Not a directory" >&2; exit 1 ;; esac
fi
[ -d "$(dirname -- "$target")" ] || { echo "No such directory" >&2; exit 1; }
cat >"$target" && { [ -z "$3" ] || chmod -- "$3" "$target"; }
"""
_PUT_DIRECTORY = """
target=${1:-.}
if [ -d "$target" ]; then target=${target%/}/$2; fi
[ -d "$target" ] || mkdir -- "$target" || exit 1
exec tar -x -p -m -o -f - -C "$target"
"""
# A line that says what comes, then the file as it is now (it may grow, or be one of /proc), or an archive.
_GET = """
source=${1:-.}
if [ -d "$source" ]; then
    echo directory
    exec tar -c -f - -C "$source" .
elif [ -f "$source" ] && [ -r "$source" ]; then
    echo "file $(stat -L -c '%a %s' -- "$source")"
    exec cat -- "$source"
elif [ -f "$source" ]; then
    echo "Permission denied" >&2
elif [ -e "$source" ]; then
    echo "Neither a file nor a directory" >&2
else
    echo "No such file or directory" >&2
fi
exit 1
"""


class Guest:
    """Copies to and from one instance.  ``place`` is how its side was written: complaints begin with it.

    ``notes`` grows by what was left out.  Methods raise SettingsError, OSError and NodeError.
    """

    def __init__(self, node: NodeConnection, instance_id: str, user: str, place: str) -> None:
        self._node = node
        self._instance_id = instance_id
        self._user = user
        self._place = place
        self.notes: list[str] = []

    def put(self, source: str, path: str) -> None:
        """Copy a file, a directory or standard input to a path in the instance."""
        if source == STREAM:
            self._send(_PUT_FILE, (path, "", ""), lambda to: relay(sys.stdin.buffer, to), "standard input", None)
        elif (here := Path(source)).is_dir():
            name = here.resolve().name
            self._send(_PUT_DIRECTORY, (path, name), lambda to: pack(here, to, self._note), name, here)
        else:
            with here.open("rb") as file:
                mode = f"{stat.S_IMODE(os.fstat(file.fileno()).st_mode):o}"
                self._send(_PUT_FILE, (path, here.name, mode), lambda to: relay(file, to), here.name, here)

    def get(self, path: str, destination: str) -> None:
        """Copy a file or directory of the instance to a path here, or a file to standard output."""
        name = PurePosixPath(path).name.removesuffix("..")
        target = Path(destination)
        if destination == STREAM:
            pass
        elif target.is_dir():
            target /= name
        elif destination.endswith("/"):
            raise SettingsError(f"{destination}: Not a directory")
        elif not target.parent.is_dir():
            raise SettingsError(f"{target.parent}: No such directory")
        self._receive(path, None if destination == STREAM else target, name)

    def _send(
        self, script: str, words: tuple[str, ...], feed: Callable[[Counted], None], name: str, source: Path | None
    ) -> None:
        reading, writing = os.pipe()
        with Complaints() as complaints, os.fdopen(writing, "wb", 0) as pipe:
            try:
                self._begin(script, words, (reading, complaints.writing, complaints.writing))
            finally:
                os.close(reading)
            with ProgressLine() as line, suppress(BrokenPipeError):  # when the command has ended, it says why
                feed(Counted(pipe, Transfer(line, name, _size_of(source) if line.visible else None)))
            pipe.close()
            if self._node.wait():
                raise SettingsError(f"{self._place}: {complaints.text() or 'the copy failed'}")

    def _receive(self, path: str, target: Path | None, name: str) -> None:
        reading, writing = os.pipe()
        with Complaints() as complaints, os.fdopen(reading, "rb", 0) as pipe, Path(os.devnull).open("rb") as nothing:
            try:
                self._begin(_GET, (path,), (nothing.fileno(), writing, complaints.writing))
            finally:
                os.close(writing)
            with ProgressLine() as line:
                transfer = Transfer(line, name or self._place, None)
                stream = Counted(pipe, transfer)
                kind, *figures = stream.line().split() or [""]
                try:
                    if kind == "directory" and target:
                        unpack(stream, target, self._note)
                        stream.read()  # what pads the archive
                    elif kind == "file":
                        transfer.total = int(figures[1]) if figures[1:] and figures[1].isdecimal() else None
                        _write(stream, target, figures[0] if figures else "")
                except ArchiveError as error:
                    raise SettingsError(f"{self._place}: {harmless(str(error))}") from error
            pipe.close()
            if kind == "directory" and not target:
                raise SettingsError(f"{self._place}: Is a directory")
            if self._node.wait():
                complaint = f"{self._place}: {complaints.text() or 'not everything was sent'}"
                if kind not in ("file", "directory"):
                    raise SettingsError(complaint)
                self.notes.append(complaint)

    def _begin(self, script: str, words: tuple[str, ...], stdio: tuple[int, int, int]) -> None:
        argv = ("/bin/sh", "-c", script, "sh", *words)
        self._node.start(Exec(instance_id=self._instance_id, argv=argv, user=self._user), stdio)

    def _note(self, name: str, reason: str) -> None:
        self.notes.append(harmless(f"left out {name.removeprefix('./')}: {reason}"))


def _write(stream: Counted, target: Path | None, mode: str) -> None:
    """What comes, as a file of the mode that is said, or to standard output."""
    if target is None:
        relay(stream, sys.stdout.buffer)
        sys.stdout.buffer.flush()
        return
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):  # not /dev/null
            os.fchmod(descriptor, mode_of(mode))
        relay(stream, file)


def mode_of(said: str) -> int:
    """What a file here gets of the mode that an instance says its file has, in octal or in whatever it likes."""
    return file_mode(int(said, 8) if _MODE.fullmatch(said) else 0o644)


def _size_of(path: Path | None) -> int | None:
    """Of a file, or of all files in a directory; as far as they can be seen."""
    if path is None:
        return None
    total = 0
    with suppress(OSError):
        total += path.stat().st_size
        for above, _, files in os.walk(path):
            total += sum((Path(above) / file).lstat().st_size for file in files)
    return total
