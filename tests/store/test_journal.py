"""What is acknowledged is on disk; what cannot be written never was."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from inspect import isawaitable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from realvpc.api.core.action import Action
from realvpc.api.core.call import Call, Caller
from realvpc.api.core.context import Answer, Context, Options, Request
from realvpc.api.core.errors import AwsError
from realvpc.api.service import Service
from realvpc.iam.account import Account
from realvpc.net.quotas import QuotaMode
from realvpc.net.table import put
from realvpc.store.commit import Commit, Reverted
from realvpc.store.database import Database, StateFileError, StorageError, Write
from realvpc.store.group_commit import GroupCommit
from realvpc.store.reserve import Reserve
from tests.patience import PATIENCE_SECONDS

NOW = datetime(2026, 11, 28, tzinfo=UTC)
ACCOUNT = "111111111111"
CALLER = Caller(account=ACCOUNT, region="us-east-1", arn="arn", user_id="u", access_key_id="k")


def create_vpc(service: Service) -> str:
    """The id, though the answer may still wait for the disk."""
    before = set(service.state.network.vpcs)
    answer = service.handle(Call("ec2", "CreateVpc", {"CidrBlock": "10.0.0.0/16"}, CALLER, "r"))
    if isawaitable(answer):
        asyncio.ensure_future(answer).add_done_callback(lambda answered: answered.exception())
    (vpc_id,) = set(service.state.network.vpcs) - before
    return vpc_id


def serving(database: Database, *, default_vpc: bool = False) -> tuple[Service, GroupCommit]:
    journal, options = GroupCommit(database), Options(quotas=QuotaMode.OFF, default_vpc=default_vpc)
    service = Service(database, lambda: NOW, Random(1), options, journal=journal)
    service.report(lambda ctx: put(Account(id=ACCOUNT, account=ACCOUNT, name="main")), "test")
    return service, journal


class Counting(Database):
    """Counts its transactions, and fails as long as it is told to."""

    transactions = 0
    broken = False

    def _commit(self, writes: Any) -> None:
        if self.broken:
            raise sqlite3.OperationalError("disk I/O error")
        self.transactions += 1
        super()._commit(writes)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


def test_writes_that_come_together_share_a_sync_and_are_there_when_they_are_settled(path: Path) -> None:
    async def scenario() -> set[str]:
        with closing(Counting(path)) as database:
            service, journal = serving(database)
            await service.settled()
            before = database.transactions
            with database._lock:  # the disk is busy with the one before
                made = {create_vpc(service) for _ in range(50)}
                assert not service.is_settled
            await service.settled()
            assert database.transactions - before <= 3
            with closing(Database(path)) as reader:
                assert made <= set(reader.load().network.vpcs)
            journal.close()
            return made

    made = asyncio.run(scenario())
    with closing(Database(path)) as database:
        assert made == set(database.load().network.vpcs)


def test_the_feed_tells_of_a_commit_when_nothing_can_take_it_back(path: Path) -> None:
    async def scenario() -> None:
        with closing(Counting(path)) as database:
            service, journal = serving(database)
            await service.settled()
            told: list[int] = []
            with service.feed.subscribe(Commit) as commits:
                with database._lock:
                    create_vpc(service)
                    await asyncio.sleep(0.05)
                    assert service.written[1] < service.revision
                async for commit in commits:
                    assert isinstance(commit, Commit)
                    told.append(commit.revision)
                    break
            assert told == [service.revision] == [service.written[1]]
            journal.close()

    asyncio.run(scenario())


def test_what_cannot_be_written_is_taken_back_and_whoever_waits_is_told(path: Path) -> None:
    async def scenario() -> None:
        with closing(Counting(path)) as database:
            service, journal = serving(database)
            kept = create_vpc(service)
            await service.settled()
            database.broken = True
            reverted: list[int] = []
            with service.feed.subscribe(Reverted) as events:
                lost = [create_vpc(service) for _ in range(3)]
                waiting = [asyncio.ensure_future(service.settled()) for _ in range(3)]
                for each in waiting:
                    with pytest.raises(AwsError) as caught:
                        await each
                    assert (caught.value.code, caught.value.status) == ("Unavailable", 503)
                    assert "disk" not in caught.value.message  # nor where the state is: that is for the log
                async for event in events:
                    assert isinstance(event, Reverted)
                    reverted.append(event.revision)
                    break
            assert reverted == [service.revision]
            assert "disk I/O error" in (service.trouble or "")
            assert set(service.state.network.vpcs) == {kept}
            assert not set(lost) & set(service.state.network.vpcs)
            database.broken = False
            again = create_vpc(service)
            await service.settled()
            assert service.trouble is None
            journal.close()
            assert set(database.load().network.vpcs) == {kept, again}

    asyncio.run(scenario())


def test_without_a_journal_a_write_that_fails_changes_nothing(path: Path) -> None:
    with closing(Counting(path)) as database:
        service = Service(database, lambda: NOW, Random(1), Options(default_vpc=False))
        service.report(lambda ctx: put(Account(id=ACCOUNT, account=ACCOUNT, name="main")), "test")
        before, revision = service.state, service.revision
        database.broken = True
        with pytest.raises(AwsError) as caught:
            create_vpc(service)
        assert caught.value.status == 503
        assert (service.state, service.revision) == (before, revision)


def test_a_full_disk_takes_the_reserve_first(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("realvpc.store.reserve.SIZE", 1 << 20)
    reserve = Reserve(path.with_name("reserve"))

    class Full(Database):
        def _commit(self, writes: Any) -> None:
            if path.with_name("reserve").exists():
                error = sqlite3.OperationalError("database or disk is full")
                error.sqlite_errorcode = sqlite3.SQLITE_FULL
                raise error
            super()._commit(writes)

    with closing(Full(path)) as database:
        database.keep_reserve()
        assert path.with_name("reserve").stat().st_blocks * 512 >= 1 << 20
        database.commit([Write(1, put(Account(id=ACCOUNT, account=ACCOUNT, name="main")), NOW, "test")])
        assert not path.with_name("reserve").exists()
        assert ACCOUNT in database.load().directory.accounts
    assert reserve.keep()
    assert reserve.release()
    assert not reserve.release()


def test_writes_of_many_clients_keep_their_order(path: Path) -> None:
    async def client(service: Service, name: Callable[[], str]) -> list[str]:
        made = []
        for _ in range(20):
            made.append(name())
            await service.settled()
        return made

    async def scenario() -> None:
        with closing(Counting(path)) as database:
            service, journal = serving(database)
            made = await asyncio.gather(*(client(service, lambda: create_vpc(service)) for _ in range(8)))
            journal.close()
            assert database.transactions < 160
            assert {vpc_id for row in made for vpc_id in row} == set(database.load().network.vpcs)
            assert database.revision == service.revision

    asyncio.run(scenario())


def test_an_effect_waits_for_what_its_call_builds_upon(path: Path) -> None:
    """Else a script would run for a caller who is told that nothing can be done, and who tries again."""
    done: list[str] = []

    def perform(ctx: Context, request: Request) -> Answer:
        return Answer({"State": "done"}, effect=lambda: done.append("effect"))

    async def scenario() -> None:
        with closing(Counting(path)) as database:
            service, journal = serving(database)
            await service.settled()
            service.include({"ec2": {"RebootInstances": Action(perform, lambda ctx, request: ["*"])}})
            call = Call("ec2", "RebootInstances", {"InstanceIds": ["i-1"]}, CALLER, "r")
            database.broken = True
            create_vpc(service)
            answer = service.handle(call)
            assert isawaitable(answer)
            with pytest.raises(AwsError, match="Unavailable"):
                await answer
            assert done == []
            database.broken = False
            assert service.handle(call) == {"State": "done"}
            assert done == ["effect"]
            journal.close()

    asyncio.run(scenario())


def test_a_journal_that_ends_is_told_and_nobody_waits_for_it(path: Path) -> None:
    class Exploding(Counting):
        def _commit(self, writes: Any) -> None:
            if self.broken:
                raise MemoryError("out of memory")
            super()._commit(writes)

    async def scenario() -> None:
        with closing(Exploding(path)) as database:
            service, journal = serving(database)
            await service.settled()
            database.broken = True
            create_vpc(service)
            with pytest.raises(AwsError, match="Unavailable"):
                await asyncio.wait_for(service.settled(), PATIENCE_SECONDS)
            with pytest.raises(AwsError, match="Unavailable"):  # at once: there is nobody left who could write
                create_vpc(service)
            assert "out of memory" in (service.trouble or "")
            assert not service.state.network.vpcs
            journal.close()

    asyncio.run(scenario())


def test_a_refusal_too_waits_for_what_it_has_seen(path: Path) -> None:
    """Else a client forgets a VPC whose deletion is taken back."""

    async def scenario() -> None:
        with closing(Counting(path)) as database:
            service, journal = serving(database)
            kept = create_vpc(service)
            await service.settled()
            database.broken = True
            delete = Call("ec2", "DeleteVpc", {"VpcId": kept}, CALLER, "r")
            answers = [service.handle(delete), service.handle(delete)]  # the second one finds nothing
            for answer in answers:
                assert isawaitable(answer)
                with pytest.raises(AwsError, match="Unavailable"):
                    await answer
            assert kept in service.state.network.vpcs
            journal.close()

    asyncio.run(scenario())


def test_a_default_vpc_is_on_disk_before_anybody_is_told_of_it(path: Path) -> None:
    async def scenario() -> None:
        with closing(Counting(path)) as database:
            service, journal = serving(database, default_vpc=True)
            await service.settled()
            describe = Call("ec2", "DescribeVpcs", {}, CALLER, "r")
            database.broken = True
            answers = [service.handle(describe), service.handle(describe)]  # the second one sees what the first made
            for answer in answers:
                assert isawaitable(answer)
                with pytest.raises(AwsError, match="Unavailable"):
                    await answer
            assert not service.state.network.vpcs
            database.broken = False
            answer = service.handle(describe)
            assert isawaitable(answer)
            (told,) = (await answer)["Vpcs"]
            with closing(Database(path)) as reader:
                assert set(reader.load().network.vpcs) == {told["VpcId"]}
            assert not isawaitable(service.handle(describe))  # nothing is written any more
            journal.close()

    asyncio.run(scenario())


def test_a_file_that_is_taken_away_is_missed_at_the_next_write(path: Path) -> None:
    with closing(Database(path)) as database:
        for file in path.parent.glob("state.db*"):
            file.rename(path.parent / f"away-{file.name}")
        with pytest.raises(StorageError, match="taken away"):
            database.commit([Write(1, put(Account(id=ACCOUNT, account=ACCOUNT, name="main")), NOW, "test")])


@pytest.mark.parametrize("content", [b"\x00\x01garbage" * 999, b"SQLite format 3\x00" + bytes(90)])
def test_what_is_no_state_is_said_in_a_sentence(path: Path, content: bytes) -> None:
    path.write_bytes(content)
    with pytest.raises(StateFileError, match=str(path)):
        Database(path).load()


def test_a_damaged_row_is_named(path: Path) -> None:
    with closing(Database(path)) as database:
        database._connection.execute("INSERT INTO resource VALUES ('Vpc', 'vpc-1', X'7B7D')")
        with pytest.raises(StateFileError, match="Vpc vpc-1"):
            database.load()
