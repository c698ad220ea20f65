"""How much may run at a time, and what is remembered of what is over."""

from __future__ import annotations

import asyncio
import gc

import pytest
from msgspec.structs import replace

from realvpc.session import command_runner

from .commands import LONG, all_tasks_end, begins, command, of_steps, over, runner, script


def test_the_oldest_are_forgotten_and_what_runs_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command_runner, "RESULTS", 5)

    async def scene() -> None:
        made = runner()
        running = command(0, f"sleep {LONG}", "a")
        made.send(running)
        for number in range(1, 9):
            sent = command(number, "true", "a")
            made.send(sent)
            await over(made, sent)
        kept = [each.id for each in made.commands()]
        assert kept == ["command-0", *(f"command-{number}" for number in range(3, 9))], "five, what runs, and the last"
        made.cancel_all()
        await all_tasks_end()

    asyncio.run(scene())


def test_who_sends_much_pushes_out_nobody_elses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command_runner, "RESULTS", 5)

    async def scene() -> None:
        made = runner()
        other = replace(command(0, "true", "a"), account="2")
        made.send(other)
        await over(made, other)
        for number in range(1, 9):
            made.send(command(number, "true"))  # on no instance
        assert [each.id for each in made.commands()] == ["command-0", *(f"command-{number}" for number in range(5, 9))]

    asyncio.run(scene())


def test_what_runs_takes_no_room_from_what_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """However much of it an account has: it cannot be dropped, so that all that is over would be."""
    monkeypatch.setattr(command_runner, "RESULTS", 5)

    async def scene() -> None:
        made = runner()
        other = replace(command(0, "true", "a"), account="2")
        made.send(other)
        await over(made, other)
        many = of_steps(1, (script("first", f"sleep {LONG}"), *(script(f"step-{n}", "true") for n in range(9))), "a")
        made.send(many)
        made.send(command(2, "true"))
        assert [each.id for each in made.commands()] == ["command-0", "command-1", "command-2"]
        made.cancel_all()
        await all_tasks_end()

    asyncio.run(scene())


def test_steps_that_are_not_over_have_so_much_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of an account, and of all together; steps count on each instance."""
    monkeypatch.setattr(command_runner, "STEPS_OF_AN_ACCOUNT", 4)
    monkeypatch.setattr(command_runner, "STEPS_IN_ALL", 6)

    async def scene() -> None:
        made = runner()
        four = of_steps(1, (script("first", f"sleep {LONG}"), script("last", "true")), "a", "b")
        five = of_steps(2, (script("only", "true"),), "a", "b", "c", "d", "e")
        assert made.full(four) is None
        assert "4 steps" in (made.full(five) or "")
        made.send(four)
        one, two = command(3, "true", "a"), command(4, "true", "a", "b")
        three = command(5, "true", "a", "b", "c")
        assert "4 steps" in (made.full(one) or "")
        assert made.full(replace(two, account="2")) is None
        assert "6 steps" in (made.full(replace(three, account="2")) or "")
        made.cancel_all()
        await all_tasks_end()
        assert made.full(four) is None

    asyncio.run(scene())


def test_what_is_cancelled_before_its_turn_may_be_forgotten_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the next command, before its task has heard of it."""
    monkeypatch.setattr(command_runner, "RESULTS", 0)
    monkeypatch.setattr(command_runner, "_AT_ONCE", 1)
    wrong: list[object] = []

    async def scene() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: wrong.append(context))
        made = runner()
        runs, waits, next_one = command(1, f"sleep {LONG}", "a"), command(2, "echo 2", "a"), command(3, "echo 3", "a")
        made.send(runs)
        made.send(waits)
        await begins(made, runs)
        made.cancel(waits.id)
        made.send(next_one)
        assert made.find(waits.id) is None
        made.cancel_all()
        await all_tasks_end()

    asyncio.run(scene())
    gc.collect()
    assert wrong == []
