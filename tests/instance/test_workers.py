"""What becomes of an error on a thread."""

from __future__ import annotations

import asyncio
import errno
import os
from concurrent.futures import ThreadPoolExecutor

import pytest

from realvpc.instance.workers import MachineError, Workers


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (
            FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), "/run/realvpc/0/volume"),
            "No such file or directory",
        ),
        (OSError(errno.ENOSPC, "the host's disk is full"), "the host's disk is full"),
        (FileNotFoundError("its disk is lost"), "its disk is lost"),
    ],
)
def test_what_the_owner_is_told_names_no_file_of_the_hosts(error: OSError, words: str) -> None:
    def fail() -> None:
        raise error

    async def call(workers: Workers) -> None:
        await workers.call(fail)

    with ThreadPoolExecutor(1) as pool, pytest.raises(MachineError) as raised:
        asyncio.run(call(Workers(pool)))
    assert str(raised.value) == words
    assert raised.value.__cause__ is error
