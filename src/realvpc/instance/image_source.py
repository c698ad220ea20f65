"""Where images come from: a directory, a tar archive, or what container tools write.

Those are an OCI layout (image specification 1.1, "OCI Image Layout") and `docker save`'s ``manifest.json``, each as a
directory or as an archive of one.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path, PurePosixPath
from typing import Annotated, TypeVar

from msgspec import Meta, Struct

from realvpc.hostile_json import NotJsonError, read_json
from realvpc.regular_file import open_regular

from .layer import LayerError, open_tar

T = TypeVar("T")

LAYOUT, MANIFEST = "oci-layout", "manifest.json"
_MANIFEST_BYTES = 4 << 20  # distribution specification 1.1, "Pushing Manifests"
_INDEXES = 8  # one in another
_DIGEST = re.compile(r"(sha256|sha512):([0-9a-f]{64,128})")
_INDEX_TYPES = frozenset(
    {"application/vnd.oci.image.index.v1+json", "application/vnd.docker.distribution.manifest.list.v2+json"}
)
_PLATFORM = {"os": "linux", "architecture": "amd64"}
_SYSTEM = frozenset({"bin", "dev", "etc", "home", "lib", "proc", "root", "sbin", "tmp", "usr", "var"})
_ARCHIVE = frozenset({"blobs", LAYOUT, MANIFEST, "index.json", "repositories"})


class SourceError(Exception):
    """What no image can be made of; the text says why."""


class _Descriptor(Struct):
    digest: str
    mediaType: str = ""  # noqa: N815 - the specification's spelling
    platform: dict[str, object] | None = None


class _Index(Struct):
    manifests: Annotated[list[_Descriptor], Meta(min_length=1)]


class _Manifest(Struct):
    layers: Annotated[list[_Descriptor], Meta(min_length=1)]


class _Saved(Struct):
    """An entry of `docker save`'s manifest."""

    Layers: Annotated[list[str], Meta(min_length=1)]


def is_archive_of_layers(path: Path) -> bool:
    """Whether a tar archive holds an OCI layout or what `docker save` writes, and not a system.  Raises SourceError."""
    try:
        with open_regular(path) as file, open_tar(file) as tar:
            for member in tar:
                first = next((part for part in PurePosixPath(member.name).parts if part not in (".", "/")), "")
                if first in _SYSTEM:
                    return False
                if first in _ARCHIVE:
                    return True
    except LayerError as error:
        raise SourceError(f"{path} is {error}") from error
    except OSError as error:
        raise SourceError(f"{path} cannot be read: {error.strerror}") from error
    raise SourceError(f"{path} holds no system: neither /bin nor /usr nor /etc")


def has_layers(directory: Path) -> bool:
    """Whether the directory is an OCI layout or `docker save`'s, and not a system."""
    return (directory / LAYOUT).is_file() or (directory / MANIFEST).is_file()


def layers(directory: Path) -> list[Path]:
    """The layers of the one image in the directory, the lowest first, their digests checked.  Raises SourceError."""
    try:
        if (directory / LAYOUT).is_file():
            return _oci_layers(directory)
        saved = _read(_inside(directory, MANIFEST), list[_Saved])
        if len(saved) != 1:
            raise SourceError(f"it holds {len(saved)} images: save the one that is wanted")
        return [_inside(directory, name) for name in saved[0].Layers]
    except NotJsonError as error:
        raise SourceError(f"{directory} is damaged: {error}") from error
    except OSError as error:
        raise SourceError(f"{error.filename} cannot be read: {error.strerror}") from error


def _oci_layers(directory: Path) -> list[Path]:
    path = _inside(directory, "index.json")
    for _ in range(_INDEXES):
        chosen = _choose(_read(path, _Index).manifests)
        path = _blob(directory, chosen.digest)
        if chosen.mediaType not in _INDEX_TYPES:
            return [_blob(directory, layer.digest) for layer in _read(path, _Manifest).layers]
    raise SourceError(f"{directory} leads from index to index")


def _read(path: Path, kind: type[T]) -> T:
    """Raises OSError, SourceError and NotJsonError."""
    with open_regular(path) as file:
        content = file.read(_MANIFEST_BYTES + 1)
    if len(content) > _MANIFEST_BYTES:
        raise SourceError(f"{path} is larger than any manifest")
    return read_json(content, kind)


def _choose(manifests: list[_Descriptor]) -> _Descriptor:
    """The one for this kind of machine; one that does not say what it is for will do when it is alone."""
    if len(manifests) == 1:
        return manifests[0]
    fitting = [each for each in manifests if each.platform and _PLATFORM.items() <= each.platform.items()]
    if len(fitting) != 1:
        raise SourceError(f"it holds {len(fitting)} images for linux/amd64: copy the one that is wanted")
    return fitting[0]


def _blob(directory: Path, digest: str) -> Path:
    match = _DIGEST.fullmatch(digest)
    if match is None:
        raise SourceError(f"{digest!r} is no digest")
    path = _inside(directory, f"blobs/{match.group(1)}/{match.group(2)}")
    with open_regular(path) as file:
        found = hashlib.file_digest(file, match.group(1)).hexdigest()
    if found != match.group(2):
        raise SourceError(f"{path} is damaged: its digest is {found}")
    return path


def _inside(directory: Path, name: str) -> Path:
    """A file of the directory's.  Raises SourceError when a link in it leads elsewhere."""
    path = (directory / name).resolve()
    if not path.is_relative_to(directory.resolve()):
        raise SourceError(f"{name} leads out of {directory}")
    return path
