"""Calls that take long are worked on beside the loop, and change the state as if they had been alone."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable
from inspect import isawaitable
from typing import Any

import pytest

from realvpc.api.core.action import Action, on_all
from realvpc.api.core.call import Call
from realvpc.api.core.context import Answer, Context, Request
from realvpc.api.core.errors import AwsError
from realvpc.api.service import Service
from realvpc.clock import Clock
from realvpc.iam.account import Account
from realvpc.net.table import Change, put
from realvpc.store.database import StorageError, Write
from realvpc.store.journal import Lost, Written
from tests.patience import PATIENCE_SECONDS

from .conftest import caller, new_service

LONG = 10**9  # steps
OTHERS = ("333333333333", "444444444444", "555555555555")


class Bench:
    """A service with actions that write the name of account 333333333333: at once, or where ``gate`` lets them."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.threads: list[threading.Thread] = []
        self.began, self.gate = threading.Event(), threading.Semaphore(1000)
        actions = {"Long": self.long, "LongRead": self.long_read, "Short": self.short, "Read": self.read}
        service.include({"ec2": {name: Action(perform, on_all) for name, perform in actions.items()}})
        service.report(lambda ctx: put(_account("")), "test")

    def long(self, ctx: Context, request: Request) -> Answer:
        self._wait(ctx)
        return self.short(ctx, request)

    def long_read(self, ctx: Context, request: Request) -> Answer:
        self._wait(ctx)
        return self.read(ctx, request)

    def short(self, ctx: Context, request: Request) -> Answer:
        if request["Name"] == "bad":
            raise AwsError("Bad", "bad")
        row = _account(_name(ctx) + request["Name"])
        return Answer({"Name": row.name}, put(row))

    def read(self, ctx: Context, request: Request) -> Answer:
        return Answer({"Name": _name(ctx)})

    def _wait(self, ctx: Context) -> None:
        ctx.effort.spend(LONG)
        self.threads.append(threading.current_thread())
        self.began.set()
        assert self.gate.acquire(timeout=PATIENCE_SECONDS)

    def call(self, action: str, **params: Any) -> dict[str, Any] | Awaitable[dict[str, Any]]:
        return self.service.handle(Call("ec2", action, params, caller(), "r"))

    def start(self, action: str, **params: Any) -> asyncio.Task[dict[str, Any]]:
        response = self.call(action, **params)
        assert isawaitable(response)

        async def waited() -> dict[str, Any]:
            return await response

        return asyncio.create_task(waited())

    @property
    def name(self) -> str:
        return self.service.state.directory.accounts[OTHERS[0]].name


def _account(name: str) -> Account:
    return Account(id=OTHERS[0], account=OTHERS[0], name=name)


def _name(ctx: Context) -> str:
    return ctx.directory.accounts[OTHERS[0]].name


async def _until(event: threading.Event) -> None:
    while not event.is_set():
        await asyncio.sleep(0.001)


@pytest.fixture
def bench(service: Service) -> Bench:
    return Bench(service)


def test_a_long_call_runs_beside_the_loop_and_others_are_served_meanwhile(bench: Bench) -> None:
    async def scenario() -> None:
        bench.gate = threading.Semaphore(0)
        answer = bench.start("LongRead")
        await _until(bench.began)
        assert bench.call("Short", Name="x") == {"Name": "x"}
        assert bench.call("Read") == {"Name": "x"}
        bench.gate.release(10)
        assert await answer == {"Name": ""}  # as it was when it began

    asyncio.run(scenario())
    assert threading.main_thread() not in bench.threads
    assert len(bench.threads) == 1  # that others write meanwhile is nothing to a reader


def test_a_long_write_that_another_overtook_is_worked_on_again_and_then_the_others_wait(bench: Bench) -> None:
    async def scenario() -> None:
        bench.gate = threading.Semaphore(0)
        answer = bench.start("Long", Name="l")
        await _until(bench.began)
        bench.began.clear()
        assert bench.call("Short", Name="1") == {"Name": "1"}
        bench.gate.release()
        await _until(bench.began)  # again
        late = bench.start("Short", Name="2")
        assert bench.name == "1"
        bench.gate.release()
        assert await answer == {"Name": "1l"}
        assert await late == {"Name": "1l2"}

    asyncio.run(scenario())
    assert len(bench.threads) == 2


def test_a_short_write_waits_while_a_long_one_has_its_turn_and_reads_do_not(bench: Bench) -> None:
    async def scenario() -> None:
        async with bench.service._turn:
            waiting = [bench.start("Short", Name=name) for name in "abc"]
            await asyncio.sleep(0.01)
            assert bench.call("Read") == {"Name": ""}
        assert [await each for each in waiting] == [{"Name": "a"}, {"Name": "ab"}, {"Name": "abc"}]

    asyncio.run(scenario())


def test_a_default_vpc_is_not_made_while_a_long_write_has_its_turn(clock: Clock) -> None:
    """Else strangers who name Regions that are new to them could have it worked on again and again."""
    service = new_service(clock, default_vpc=True)

    async def scenario() -> None:
        describe = Call("ec2", "DescribeVpcs", {}, caller(), "r")
        async with service._turn:
            waiting = [service.handle(describe) for _ in range(3)]
            await asyncio.sleep(0.01)
            assert not service.state.network.vpcs
        told = [(await answer)["Vpcs"] for answer in waiting if isawaitable(answer)]
        assert [[vpc["VpcId"] for vpc in each] for each in told] == [list(service.state.network.vpcs)] * 3

    asyncio.run(scenario())


def test_many_writes_at_the_same_time_all_count(bench: Bench) -> None:
    async def scenario() -> None:
        answers = []
        for number in range(30):
            answers.append(bench.start("Long", Name="l"))
            response = bench.call("Short", Name="s")
            answers += [asyncio.ensure_future(response)] if isawaitable(response) else []
            if number % 3 == 0:
                bench.service.report(lambda ctx: put(_account(_name(ctx) + "r")), "test")
            await asyncio.sleep(0)
        await asyncio.gather(*answers)

    asyncio.run(scenario())
    assert sorted(bench.name) == ["l"] * 30 + ["r"] * 10 + ["s"] * 30


def test_a_report_does_not_wait_and_the_long_write_sees_it(bench: Bench) -> None:
    async def scenario() -> None:
        bench.gate = threading.Semaphore(0)
        answer = bench.start("Long", Name="l")
        await _until(bench.began)
        bench.service.report(lambda ctx: put(_account("r")), "test")
        assert bench.name == "r"
        bench.gate.release(10)
        assert await answer == {"Name": "rl"}

    asyncio.run(scenario())


def test_a_refused_long_call_changes_nothing(bench: Bench) -> None:
    async def scenario() -> None:
        with pytest.raises(AwsError, match="bad"):
            await bench.start("Long", Name="bad")

    before = bench.service.state
    asyncio.run(scenario())
    assert bench.service.state is before


class Held:
    """A journal that writes when it is told to."""

    def start(self, written: Written, lost: Lost) -> None:
        self.written, self.lost = written, lost
        self.writes: list[Write] = []

    def write(self, write: Write) -> None:
        self.writes.append(write)

    def close(self) -> None:
        """There is nothing to end."""


@pytest.mark.parametrize("action", ["LongRead", "Long"])
def test_a_long_call_that_saw_what_is_lost_does_not_answer_with_it(action: str, service: Service) -> None:
    bench = Bench(service)

    async def scenario() -> None:
        journal = Held()
        journal.start(service._on_written, service._on_lost)
        service._journal = journal
        bench.gate = threading.Semaphore(0)
        service.report(lambda ctx: put(_account("lost")), "test")
        answer = bench.start(action, Name="bad")  # a refusal tells what it has seen, too
        await _until(bench.began)
        journal.lost(StorageError("the disk has gone"))
        bench.gate.release(10)
        with pytest.raises(AwsError, match="Unavailable"):
            await answer
        assert bench.name == ""

    asyncio.run(scenario())


def test_what_writes_many_rows_is_a_long_call(bench: Bench) -> None:
    threads: list[threading.Thread] = []

    def many(ctx: Context, request: Request) -> Answer:
        threads.append(threading.current_thread())
        rows = (Account(id=f"{number:012}", account=f"{number:012}", name="") for number in range(request["Count"]))
        return Answer({}, Change(puts=tuple(rows)))

    bench.service.include({"ec2": {"Many": Action(many, on_all)}})
    assert bench.call("Many", Count=10) == {}
    assert threads == [threading.current_thread()]

    async def scenario() -> None:
        await bench.start("Many", Count=5000)

    asyncio.run(scenario())
    assert threads[-1] is not threading.current_thread()
