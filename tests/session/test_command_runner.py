"""Commands on many instances: how many at a time, when to stop, and what becomes of their steps."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from realvpc.session.command import amount
from realvpc.session.command_runner import CommandRunner
from realvpc.session.step import OUTPUT, Details, Result, Status, Step

from ..counting import calls
from .commands import LONG, NOW, all_tasks_end, begins, command, of_steps, over, runner, script


def test_one_at_a_time_and_none_after_too_many_errors() -> None:
    async def scene() -> None:
        made = runner()
        sent = command(1, "echo x; exit 1", "a", "b", "c", concurrency="1", errors="1")
        made.send(sent)
        ended = await over(made, sent)
        found = {name: (row.status, row.results[0].details) for name, row in ended.invocations.items()}
        assert found == {
            "a": (Status.FAILED, None),
            "b": (Status.FAILED, None),
            "c": (Status.CANCELLED, Details.TERMINATED),
        }
        assert (ended.status, ended.failed, ended.running) == (Status.FAILED, 2, False)

    asyncio.run(scene())


def test_what_has_not_begun_and_what_runs_can_be_cancelled() -> None:
    async def scene() -> None:
        made = runner()
        sent = command(1, f"sleep {LONG}", "a", "b", concurrency="1")
        made.send(sent)
        made.cancel(sent.id, ["b"])
        await begins(made, sent)
        begun = made.find(sent.id)
        assert begun is not None
        assert {row.status for row in begun.invocations.values()} == {Status.IN_PROGRESS, Status.CANCELLED}
        assert begun.status is Status.IN_PROGRESS
        made.cancel(sent.id)
        await all_tasks_end()
        ended = made.find(sent.id)
        assert ended is not None
        assert (ended.status, ended.status_details) == (Status.CANCELLED, "Cancelled")
        assert all(row.results[0].ended_at == NOW for row in ended.invocations.values())

    asyncio.run(scene())


def test_an_instance_that_is_gone_is_told_apart() -> None:
    async def scene() -> None:
        made = runner()
        sent = command(1, "echo here", "gone", "a", errors="100%")
        made.send(sent)
        ended = await over(made, sent)
        assert (ended.invocations["gone"].status_details, ended.invocations["gone"].results[0].code) == (
            "Undeliverable",
            -1,
        )
        assert (ended.invocations["a"].status_details, ended.invocations["a"].results[0].stdout) == (
            "Success",
            "here\n",
        )

    asyncio.run(scene())


def test_steps_run_one_after_another_and_each_has_its_result() -> None:
    async def scene() -> None:
        made = runner()
        steps = (
            script("first", "echo one; exit 3"),
            script("second", "echo two >&2"),
            Step(name="windows", skipped="not here"),
            Step(name="wrong", failed="no such operator"),
            script("last", f"sleep {LONG}", seconds=1),
        )
        sent = of_steps(1, steps, "a")
        made.send(sent)
        ended = await over(made, sent)
        row = ended.invocations["a"]
        assert [(each.status, each.code) for each in row.results] == [
            (Status.FAILED, 3),
            (Status.SUCCESS, 0),
            (Status.SUCCESS, 0),
            (Status.FAILED, 1),
            (Status.TIMED_OUT, 137),
        ]
        assert [each.stdout for each in row.results] == ["one\n", "", "not here", "", ""]
        assert [each.stderr for each in row.results][1:4] == ["two\n", "", "no such operator"]
        assert (row.status, row.status_details, ended.status) == (Status.FAILED, "Failed", Status.FAILED)
        assert all(each.started_at == each.ended_at == NOW for each in row.results)

    asyncio.run(scene())


@pytest.mark.parametrize("more", [{"skipped": "not here"}, {"failed": "no such operator"}])
def test_steps_that_are_not_run_cost_each_the_same(more: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing waits between them: meanwhile the process does nothing else."""
    noted: list[int] = []
    note = CommandRunner._note

    def counted(self: CommandRunner, command_id: str, instance_id: str, place: int, *results: Result) -> None:
        noted.append(len(results))
        note(self, command_id, instance_id, place, *results)

    monkeypatch.setattr(CommandRunner, "_note", counted)

    def cost(count: int) -> int:
        async def scene() -> None:
            made = runner()
            made.send(of_steps(1, (Step(name="step", **more),) * count, "a", "b", errors="100%"))
            await all_tasks_end()

        noted.clear()
        made = calls(lambda: asyncio.run(scene()))
        assert noted == [count, count]
        return made

    few, many = cost(100), cost(400)
    assert many < 5 * few


def test_what_is_not_run_around_what_is_run_has_its_place() -> None:
    async def scene() -> None:
        made = runner()
        skipped, failed = Step(name="windows", skipped="not here"), Step(name="wrong", failed="no such operator")
        ends = script("ends", "exit 169")
        steps = (skipped, failed, script("run", "echo run"), failed, skipped, ends, skipped, script("last", "true"))
        sent = of_steps(1, steps, "a")
        made.send(sent)
        ended = await over(made, sent)
        said = [(each.stdout or each.stderr).split("\n")[0] for each in ended.invocations["a"].results]
        after = ["Plugin windows skipped due to prior step with an exit condition"]
        after += ["Plugin last skipped due to prior step with an exit condition"]
        assert said[:5] == ["not here", "no such operator", "run", "no such operator", "not here"]
        assert said[6:] == after
        assert all(each.ended_at == NOW for each in ended.invocations["a"].results)

    asyncio.run(scene())


def test_what_is_cancelled_between_steps_begins_no_other() -> None:
    async def scene() -> None:
        made = runner()
        sent = of_steps(
            1, (script("first", "echo begun"), script("second", f"sleep {LONG}"), script("third", "true")), "a"
        )
        made.send(sent)
        await begins(made, sent, place=1)
        made.cancel(sent.id)
        await all_tasks_end()
        ended = made.find(sent.id)
        assert ended is not None
        found = [(each.status, each.code) for each in ended.invocations["a"].results]
        assert found == [(Status.SUCCESS, 0), (Status.CANCELLED, 1), (Status.CANCELLED, 1)]
        assert ended.status is Status.CANCELLED

    asyncio.run(scene())


def test_what_steps_say_is_kept_as_long_as_there_is_room_for_it() -> None:
    async def scene() -> None:
        made = runner()
        many = tuple(script(f"step-{number}", "yes 0123456789 | head -c 30000") for number in range(8))
        sent = of_steps(1, many, "a")
        made.send(sent)
        ended = await over(made, sent)
        lengths = [len(each.stdout) for each in ended.invocations["a"].results]
        assert lengths[0] == OUTPUT
        assert sum(lengths) <= 4 * OUTPUT
        assert ended.status is Status.SUCCESS

    asyncio.run(scene())


@pytest.mark.parametrize(
    ("text", "of", "least", "number"), [("50", 3, 1, 50), ("10%", 100, 1, 10), ("10%", 3, 1, 1), ("0", 9, 0, 0)]
)
def test_numbers_and_percentages(text: str, of: int, least: int, number: int) -> None:
    assert amount(text, of, least=least) == number
