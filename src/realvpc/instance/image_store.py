"""The images of this host that an operator has added: one directory each beside the built-in one.

Written by root's `realvpc image`, read by the node process, which makes disks over them.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Collection, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Thread

from realvpc.regular_file import open_regular

from . import image_source, unpack
from .disk import images_of_disks
from .image_source import SourceError
from .layer import pack
from .trees import remove_tree

PREFIX = "image-"
_DRAFT = ".adding-"


class ImageStore:
    """`directory` belongs to root alone."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    def add(self, content: str, source: Path, say: Callable[[str], None]) -> int:
        """Unpack `source` as `content` and return the bytes that it takes.  Raises SourceError and OSError."""
        self._directory.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = self._directory / f"{_DRAFT}{content}"
        draft.mkdir(mode=0o755)
        try:
            with ExitStack() as stack:
                size = _unpack(draft, unpack.MACHINE, _layers(source, stack, say))
            draft.rename(self._directory / content)
        except BaseException:
            with suppress(OSError):  # of the failure before it is told
                remove_tree(draft)
            raise
        return size

    def keep(self, contents: Collection[str]) -> None:
        """Remove the others, but for those that a disk is on, also one that was kept aside.  Raises OSError."""
        kept = {*contents, *images_of_disks(self._directory.parent)}
        for entry in self._directory.iterdir() if self._directory.exists() else ():
            if entry.name.startswith(PREFIX) and entry.name not in kept:
                remove_tree(entry)


def _layers(source: Path, stack: ExitStack, say: Callable[[str], None]) -> list[int]:
    """Descriptors of the layers, the lowest first, as long as the stack is not closed."""
    if not source.exists():
        raise SourceError(f"there is no {source}")
    if source.is_dir() and not image_source.has_layers(source):
        return [stack.enter_context(_packed(source))]
    if source.is_file():
        if not image_source.is_archive_of_layers(source):
            return [_opened(source, stack)]
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="realvpc-image-")))
        say(f"{source.name} is an archive of layers: unpacking it")
        with ExitStack() as archive:
            _unpack(scratch, unpack.ARCHIVE, [_opened(source, archive)])
        source = scratch
    layers = image_source.layers(source)
    say(f"{len(layers)} layers, {sum(layer.stat().st_size for layer in layers) / 1e6:.1f} MB")
    return [_opened(layer, stack) for layer in layers]


def _opened(path: Path, stack: ExitStack) -> int:
    return stack.enter_context(open_regular(path)).fileno()


@contextmanager
def _packed(directory: Path) -> Iterator[int]:
    """A pipe that a directory comes out of as a layer.  Raises SourceError when it could not be read to its end."""
    reading, writing = os.pipe()
    failures: list[OSError] = []

    def write() -> None:
        try:
            with os.fdopen(writing, "wb") as file:
                pack(directory, file)
        except BrokenPipeError:
            pass  # whoever reads has given up, and says why
        except OSError as error:
            failures.append(error)

    writer = Thread(target=write)
    writer.start()
    try:
        yield reading
    finally:
        os.close(reading)
        writer.join()
    if failures:
        raise SourceError(f"{failures[0].filename or directory} cannot be read: {failures[0].strerror}")


def _unpack(directory: Path, mode: str, layers: list[int]) -> int:
    command = (sys.executable, "-I", "-m", unpack.__name__, str(directory), mode, *map(str, layers))
    done = subprocess.run(command, pass_fds=layers, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode != 0:
        words = done.stderr.decode(errors="replace").strip().splitlines() or [f"unpacking gave {done.returncode}"]
        raise SourceError(f"no image can be made of it: {words[-1]}")
    return int(done.stdout)
