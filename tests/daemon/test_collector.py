"""What stays is not looked at again and again; what is garbage still goes."""

from __future__ import annotations

import gc
import subprocess
import sys
import weakref

from realvpc.daemon import collector


class Ring:
    """Refers to itself: only the collector frees it."""

    def __init__(self) -> None:
        self.ring = self


def test_a_full_collection_frees_what_is_garbage_and_never_looks_at_the_rest_again() -> None:
    script = """
import gc, sys
sys.path.insert(0, sys.argv[1])
from test_collector import check
check()
"""
    subprocess.run([sys.executable, "-c", script, __file__.rpartition("/")[0]], check=True, timeout=60)


def check() -> None:
    """In a process of its own, whose collector it changes."""
    callbacks = len(gc.callbacks)
    for _ in range(2):
        collector.freeze_what_stays()
    assert len(gc.callbacks) == callbacks + 1
    ring = Ring()
    gone = weakref.ref(ring)
    kept = [{"kept": [number]} for number in range(10_000)]
    del ring
    before = gc.get_freeze_count()
    gc.collect()
    assert gone() is None
    assert gc.get_freeze_count() >= before + len(kept)
    assert len(gc.get_objects(generation=2)) == 0
