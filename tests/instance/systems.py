"""Small systems to make images of: busybox and nothing else, as a directory and as container tools pack it."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import shutil
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

BUSYBOX = shutil.which("busybox")
_PROGRAMS = """
    cat chmod chown cp echo env grep gunzip gzip hostname id kill ls mkdir printf ps rm sh sleep sort stat tee test
    touch true uname whoami
"""


def busybox_system(root: Path) -> Path:
    """A directory with busybox, its commands and root's passwd entry."""
    assert BUSYBOX, "install busybox-static"
    for name in ("bin", "etc"):
        (root / name).mkdir(parents=True)
    shutil.copy(BUSYBOX, root / "bin/busybox")
    for name in _PROGRAMS.split():
        (root / "bin" / name).symlink_to("busybox")
    (root / "etc/passwd").write_text("root:x:0:0:root:/root:/bin/sh")
    (root / "etc/os-release").write_text('NAME="tiny"\n')
    return root


def tar_of(root: Path, names: Iterable[str] = (".",)) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name in names:
            tar.add(root / name, arcname=name)
    return buffer.getvalue()


def files_as_tar(**files: str) -> bytes:
    """A layer of these files by path."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content.encode()))
    return buffer.getvalue()


def oci_layout(directory: Path, *layers: bytes, platforms: Iterable[dict[str, str] | None] = (None,)) -> Path:
    """An OCI layout of these layers, gzipped; with platforms, an index with one manifest for each."""
    blobs = directory / "blobs/sha256"
    blobs.mkdir(parents=True)

    def blob(content: bytes, kind: str) -> dict[str, Any]:
        digest = hashlib.sha256(content).hexdigest()
        (blobs / digest).write_bytes(content)
        return {"mediaType": kind, "digest": f"sha256:{digest}", "size": len(content)}

    def document(kind: str, **members: Any) -> dict[str, Any]:
        return blob(json.dumps({"schemaVersion": 2, "mediaType": kind, **members}).encode(), kind)

    packed = [blob(gzip.compress(layer), "application/vnd.oci.image.layer.v1.tar+gzip") for layer in layers]
    config = blob(b"{}", "application/vnd.oci.image.config.v1+json")
    manifest = document("application/vnd.oci.image.manifest.v1+json", config=config, layers=packed)
    manifests = [manifest | ({"platform": platform} if platform else {}) for platform in platforms]
    inner = document("application/vnd.oci.image.index.v1+json", manifests=manifests)
    (directory / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')
    (directory / "index.json").write_text(json.dumps({"schemaVersion": 2, "manifests": [inner]}))
    return directory


def docker_save(directory: Path, *layers: bytes) -> Path:
    """What `docker save` wrote before it wrote OCI layouts, unpacked."""
    names = []
    for number, layer in enumerate(layers):
        path = directory / str(number) / "layer.tar"
        path.parent.mkdir(parents=True)
        path.write_bytes(layer)
        names.append(str(path.relative_to(directory)))
    (directory / "manifest.json").write_text(json.dumps([{"Config": "c.json", "RepoTags": None, "Layers": names}]))
    return directory


def archive(directory: Path, path: Path) -> Path:
    """The directory as a tar archive, its entries at the top as container tools have them."""
    path.write_bytes(tar_of(directory, sorted(path.name for path in directory.iterdir())))
    return path
