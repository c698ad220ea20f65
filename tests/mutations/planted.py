"""The law with a mistake in it, in the process that is running: so that trying one costs no start of another.

``python -m tests.mutations.planted "NUMBER TESTS..." ...`` runs tests with each of these mistakes of the law, in a
process that is forked for it, and prints the numbers of those that no test finds.
"""

from __future__ import annotations

import os
import sys
from functools import cached_property
from importlib import import_module
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

import pytest

from .mutants import LAW, Mutant


def plant(mutant: Mutant) -> None:
    """Let the functions of the module do what they would with the mistake, whoever has got hold of them.

    Call it in a process that ends afterwards.
    """
    module = import_module(f"realvpc.net.{mutant.file.removesuffix('.py')}")
    assert module.__file__
    source = mutant.apply(Path(module.__file__).read_text())
    changed = ModuleType(module.__name__)
    changed.__dict__.update({name: getattr(module, name) for name in ("__file__", "__package__", "__spec__")})
    exec(compile(source, module.__file__, "exec"), changed.__dict__)
    assert _take_over(vars(module), vars(changed), module.__name__), "no function of the module has the mistake"


def _take_over(old: Any, new: Any, module: str) -> int:
    """How many functions do something else now."""
    count = 0
    for name, value in old.items():
        if isinstance(value, type) and value.__module__ == module:
            count += _take_over(vars(value), vars(new[name]), module)
        function, other = _function(value), _function(new.get(name))
        if function is not None and other is not None and function.__module__ == module:
            count += function.__code__ != other.__code__
            function.__code__ = other.__code__
    return count


def _function(value: Any) -> FunctionType | None:
    if isinstance(value, property):
        value = value.fget
    elif isinstance(value, cached_property):
        value = value.func
    value = getattr(value, "__func__", getattr(value, "__wrapped__", value))
    return value if isinstance(value, FunctionType) else None


def _fails(mutant: Mutant, tests: list[str]) -> bool:
    child = os.fork()
    if child == 0:
        code = int(pytest.ExitCode.INTERNAL_ERROR)
        try:
            os.dup2(2, 1)
            plant(mutant)
            code = pytest.main(["-x", "-q", "-n0", "-p", "no:cacheprovider", *tests])
            sys.stdout.flush()
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == pytest.ExitCode.TESTS_FAILED


if __name__ == "__main__":
    for number, *tests in map(str.split, sys.argv[1:]):
        if not _fails(LAW[int(number)], tests):
            sys.stdout.write(f"{number}\n")
            sys.stdout.flush()
