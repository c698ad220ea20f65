"""Compiles the BPF program: ``python -m realvpc.fabric.bpf.build`` (clang and llvm-strip; at build time only)."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

from .generate import header

HERE = Path(__file__).parent
HEADER = HERE / "generated.h"
SOURCE = HERE / "src" / "vpc.bpf.c"
OBJECT = HERE / "vpc.bpf.o"
INSTRUCTIONS = "v3"  # atomic operations that return what was there before: kernel 5.12


def is_current() -> bool:
    """Whether the object was made of the present sources."""
    sources = [*(HERE / "src").iterdir(), HEADER]
    return (
        OBJECT.exists()
        and HEADER.exists()
        and HEADER.read_text() == header()
        and OBJECT.stat().st_mtime >= max(path.stat().st_mtime for path in sources)
    )


def build() -> None:
    """Write the header and compile; several may do so at once.  Raises CalledProcessError, FileNotFoundError."""
    unfinished = HEADER.with_suffix(f".{os.getpid()}.h")
    try:
        unfinished.write_text(header())
        unfinished.rename(HEADER)
    finally:
        unfinished.unlink(missing_ok=True)
    compile_program(SOURCE, OBJECT)


def compile_program(source: Path, target: Path) -> None:
    """Compile ``source``, which finds its ``generated.h`` one directory above.  Raises as ``build``."""
    unfinished = target.with_suffix(f".{os.getpid()}.o")
    include = Path("/usr/include") / f"{platform.machine()}-linux-gnu"
    command = ["clang", "-target", "bpf", f"-mcpu={INSTRUCTIONS}", "-O2", "-g", "-Wall", "-Wextra", "-Werror"]
    try:
        subprocess.run([*command, f"-I{include}", "-c", str(source), "-o", str(unfinished)], check=True)
        subprocess.run(["llvm-strip", "-g", str(unfinished)], check=True)
        unfinished.rename(target)
    finally:
        unfinished.unlink(missing_ok=True)


def main() -> None:
    if not is_current():
        build()
        sys.stdout.write(f"made {OBJECT}\n")


if __name__ == "__main__":
    main()
