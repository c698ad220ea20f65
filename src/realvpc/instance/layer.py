"""Layers of an image, unpacked over each other (OCI image specification 1.1, "Image Layer Filesystem Changeset").

A layer is a tar stream, compressed or not.  What is unpacked keeps owners, modes and file capabilities; devices are
left out, as a machine has its own.  Nothing here keeps a link in a layer from leading out of ``root``: see `unpack`.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import tarfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

import zstandard

from .trees import remove_tree

_WHITEOUT, _OPAQUE = ".wh.", ".wh..wh..opq"
_XATTR = "SCHILY.xattr."
CAPABILITY = "security.capability"


class LayerError(Exception):
    """A layer that is no tar stream, or is not one of a file system; the text says why."""


@contextmanager
def open_tar(file: io.BufferedReader) -> Iterator[tarfile.TarFile]:
    """A tar stream: plain, or packed with gzip, bzip2, xz or zstandard.  Raises LayerError, also while it is read."""
    try:
        with tarfile.open(fileobj=_plain(file), mode="r|") as tar:
            yield tar
    except (tarfile.TarError, zstandard.ZstdError, lzma.LZMAError, zlib.error, EOFError, gzip.BadGzipFile) as error:
        raise LayerError(f"not a tar archive that can be read: {error}") from error


def _plain(stream: io.BufferedReader) -> Any:
    """Told by the first bytes, as file(1) does."""
    head = stream.peek(8)
    return next((unpacked(stream) for magic, unpacked in _PACKED.items() if head.startswith(magic)), stream)


_PACKED: dict[bytes, Callable[[Any], Any]] = {
    b"\x1f\x8b": lambda stream: gzip.GzipFile(fileobj=stream),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\0": lzma.LZMAFile,
    b"\x28\xb5\x2f\xfd": lambda stream: zstandard.ZstdDecompressor().stream_reader(stream, read_across_frames=True),
}


def apply_layer(file: io.BufferedReader, root: Path) -> None:
    """Unpack a layer over what is in ``root``.  Raises LayerError and OSError."""
    own: set[PurePosixPath] = set()
    with open_tar(file) as tar:
        tar.extraction_filter = lambda member, path: member  # what a filter would refuse, a chroot makes harmless
        for member in tar:
            path = _path(member.name)
            if path.name.startswith(_WHITEOUT):
                _white_out(root, path, own)
            elif not (member.isdev() and not member.isfifo()) and path.name:
                member.name = str(path)
                _make_room(root / path, is_directory=member.isdir())
                tar.extract(member, root, numeric_owner=True)
                _restore_capabilities(root / path, member)
                own.update((path, *path.parents))


def _path(name: str) -> PurePosixPath:
    """Below the root.  Raises LayerError."""
    path = PurePosixPath("/", name).relative_to("/")
    if ".." in path.parts:
        raise LayerError(f"{name!r} leads out of the image")
    return path


def _white_out(root: Path, path: PurePosixPath, own: set[PurePosixPath]) -> None:
    """Remove what lower layers have here; what this layer has brought stays."""
    directory = path.parent
    if path.name == _OPAQUE:
        doomed = (
            [directory / entry.name for entry in (root / directory).iterdir()] if (root / directory).is_dir() else []
        )
    else:
        doomed = [directory / path.name.removeprefix(_WHITEOUT)]
    for each in doomed:
        if each not in own:
            remove_tree(root / each)
        elif path.name == _OPAQUE and (root / each).is_dir() and not (root / each).is_symlink():
            _white_out(root, each / _OPAQUE, own)


def _make_room(path: Path, *, is_directory: bool) -> None:
    """What is there goes, unless a directory meets a directory: never is anything written through a link."""
    if not (is_directory and path.is_dir() and not path.is_symlink()):
        remove_tree(path)


def _restore_capabilities(path: Path, member: tarfile.TarInfo) -> None:
    """File capabilities, without which some programs work for root only.  tarfile keeps them as text."""
    value = member.pax_headers.get(_XATTR + CAPABILITY)
    if value and member.isfile():
        os.setxattr(path, CAPABILITY, value.encode("utf-8", "surrogateescape"))


def pack(directory: Path, file: BinaryIO) -> None:
    """Write a directory as a layer.  Raises OSError."""
    with tarfile.open(fileobj=file, mode="w|", format=tarfile.PAX_FORMAT) as tar:
        tar.add(directory, arcname=".", filter=lambda member: _with_capabilities(directory, member))


def _with_capabilities(directory: Path, member: tarfile.TarInfo) -> tarfile.TarInfo:
    path = directory / member.name
    if member.isfile() and CAPABILITY in os.listxattr(path, follow_symlinks=False):
        value = os.getxattr(path, CAPABILITY, follow_symlinks=False)
        member.pax_headers = {_XATTR + CAPABILITY: value.decode("utf-8", "surrogateescape")}
    return member
