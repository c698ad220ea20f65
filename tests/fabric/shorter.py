"""The program with shorter times, so that tests need not wait for minutes."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest

from realvpc.fabric import loader
from realvpc.fabric.bpf import build
from realvpc.fabric.bpf.generate import header
from realvpc.fabric.loader import Object

from .kernel import SMALL


@contextmanager
def shortened(directory: Path, values: Mapping[str, int]) -> Iterator[Object]:
    """The program, loaded, with these values for constants of its header."""
    text = header()
    for name, value in values.items():
        text, count = re.subn(rf"^#define {name} \d+$", f"#define {name} {value}", text, flags=re.MULTILINE)
        assert count == 1, name
    (directory / "generated.h").write_text(text)
    shutil.copytree(build.SOURCE.parent, directory / "src")
    build.compile_program(directory / "src" / build.SOURCE.name, directory / "vpc.bpf.o")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loader, "OBJECT", directory / "vpc.bpf.o")
        with Object(max_entries=SMALL) as loaded:
            yield loaded
