"""Session Manager from outside: shells in instances, over the data channel."""

from __future__ import annotations

import asyncio
import hashlib
import json
import re
import stat

import pytest
from botocore.exceptions import ClientError

from tests.running import eventually
from tests.session.client import Client

from .target import Target

pytestmark = [pytest.mark.root, pytest.mark.e2e]

PROMPT = "sh-5.2$ "
MEGABYTE = 1 << 20


def test_a_shell_as_session_manager_gives_it(target: Target) -> None:
    session = target.start()

    async def converse() -> None:
        async with Client(session) as client:
            at = await client.shows(PROMPT)
            await client.type("whoami; pwd; echo $TERM; hostname\r")
            at = await client.shows("ssm-user\r\n/usr/bin\r\nxterm-256color\r\nip-10-70-", at)
            at = await client.shows(PROMPT, at)
            await client.resize(133, 44)
            await client.type("stty size\r")
            at = await client.shows("44 133\r\n", at)
            await client.type("echo 日本語 | tr 語 語; printf '\\xe6\\x97\\xa5\\n'\r")
            at = await client.shows("\r日本語\r\n日\r\n", at)
            assert await asyncio.to_thread(target.status, session) == ["Connected"]
            await client.type("exit\r")
            assert await client.ends() == ""
            await client.closed()

    asyncio.run(converse())
    assert target.status(session) == []
    assert target.status(session, "History") == ["Terminated"]


def test_ctrl_c_interrupts_and_ctrl_backslash_quits(target: Target) -> None:
    async def converse() -> None:
        async with Client(target.start()) as client:
            at = await client.shows(PROMPT)
            for key, code in (("\x03", 130), ("\x1c", 131)):
                await client.type("sh -c 'echo begun; exec sleep 100'\r")
                at = await client.shows("begun\r\n", at)
                await client.type(key)
                at = await client.shows(PROMPT, at)
                await client.type("echo gave $?\r")
                at = await client.shows(f"gave {code}\r\n", at)

    asyncio.run(converse())


def test_much_output_arrives_whole(target: Target) -> None:
    async def converse() -> None:
        async with Client(target.start()) as client:
            await client.shows(PROMPT)
            await client.type("stty -opost; head -c 5242880 /dev/urandom | base64 -w 0 > /tmp/much; clear\r")
            at = await client.shows(PROMPT, await client.shows("clear"))
            await client.type("echo; cat /tmp/much; echo; sha256sum /tmp/much; echo done\r")
            await client.shows("\ndone\n", at)
            much, digest = re.search(rb"\n([A-Za-z0-9+/=]{5000000,})\n([0-9a-f]{64}) ", client.output[at:]).groups()  # type: ignore[union-attr]
            assert hashlib.sha256(much).hexdigest() == digest.decode()
            assert len(much) > 5 * MEGABYTE

    asyncio.run(converse())


def test_much_input_arrives_whole(target: Target) -> None:
    lines = b"".join(b"%063d\n" % number for number in range(4096))

    async def converse() -> None:
        async with Client(target.start()) as client:
            at = await client.shows(PROMPT)
            await client.type(f"stty -echo; echo re''ady; head -c {len(lines)} | sha256sum\r")
            at = await client.shows("ready", at)
            for start in range(0, len(lines), 1024):
                await client.type(lines[start : start + 1024])
            await client.shows(hashlib.sha256(lines).hexdigest(), at)

    asyncio.run(converse())


def test_a_lost_connection_is_resumed_and_nothing_is_missing(target: Target) -> None:
    async def converse() -> None:
        session = target.start()
        async with Client(session) as client:
            at = await client.shows(PROMPT)
            await client.type("for i in $(seq 1 20000); do echo line $i; done; echo all\r")
            at = await client.shows("line 100\r\n", at)
            await client.cut()
            await asyncio.to_thread(
                eventually, lambda: target.status(session) == ["Disconnected"], what="the loss to be noticed"
            )
            before = client.session
            client.session = await asyncio.to_thread(target.ssm.resume_session, SessionId=session["SessionId"])
            assert client.session["StreamUrl"] == before["StreamUrl"]
            await client.connect()
            await client.shows("\r\nall\r\n", at)
            shown = re.findall(rb"line (\d+)\r\n", client.output)
            assert [int(number) for number in shown] == list(range(1, 20001))
            await client.type("echo still $((6*7))\r")
            await client.shows("still 42", at)

    asyncio.run(converse())


def test_a_terminated_session_ends_and_so_does_its_shell(target: Target) -> None:
    async def converse() -> None:
        session = target.start()
        async with Client(session) as client:
            await client.shows(PROMPT)
            await client.type("exec sleep 7654\r")
            await client.shows("7654")
            await asyncio.to_thread(target.ssm.terminate_session, SessionId=session["SessionId"])
            assert await client.ends() == ""
            await client.closed()
        resumed = await asyncio.to_thread(target.ssm.resume_session, SessionId=session["SessionId"])
        assert "TokenValue" not in resumed

    def processes() -> str:
        return target.service("exec", target.instance_id, "--", "pgrep", "-f", "sleep 7654", code=None).out

    asyncio.run(converse())
    eventually(lambda: processes() == "", what="the end of the shell")


@pytest.mark.parametrize("wrong", ["", "another", None])
def test_a_wrong_token_opens_nothing(target: Target, wrong: str | None) -> None:
    async def converse() -> None:
        session = target.start()
        client = Client(session | {"TokenValue": wrong})
        await client.connect()
        await client.closed()
        assert client.output == b""
        old = dict(session)
        session.update(await asyncio.to_thread(target.ssm.resume_session, SessionId=session["SessionId"]))
        client = Client(old)
        await client.connect()
        await client.closed()
        assert client.output == b""
        async with Client(session) as client:
            await client.shows(PROMPT)

    asyncio.run(converse())


def test_a_command_in_place_of_a_shell(target: Target) -> None:
    document = {"DocumentName": "AWS-StartInteractiveCommand", "Parameters": {"command": ["tty; read x; echo got $x"]}}

    async def converse() -> None:
        async with Client(target.start(**document)) as client:
            await client.shows("/dev/pts/")
            await client.type("it\r")
            await client.shows("got it")
            assert await client.ends() == ""

    asyncio.run(converse())


def test_who_may_not_and_what_is_not_connected(target: Target) -> None:
    session = target.start()
    other = target.service.client("ssm", "--account", "other")
    for act in (other.resume_session, other.terminate_session):
        with pytest.raises(ClientError, match="DoesNotExistException"):
            act(SessionId=session["SessionId"])
    with pytest.raises(ClientError, match=f"TargetNotConnected.*{target.instance_id} is not connected."):
        other.start_session(Target=target.instance_id)
    assert target.status(session) == ["Connecting"]


def test_what_is_written_down_of_a_session(target: Target) -> None:
    """Who, where and why it ended; what it showed; no token, and nothing that was typed without an echo."""
    session = target.start(Reason="to look")

    async def converse() -> None:
        async with Client(session) as client:
            await client.shows(PROMPT)
            await client.type("stty -echo; echo rea''dy; read word; echo shown\r")
            ready = await client.shows("ready\r\n")  # what is typed before, the shell's line editor may have taken
            await client.type("unseen\r")
            await client.shows("shown\r\n", ready)
            await client.type("exit\r")
            await client.ends()

    asyncio.run(converse())
    state = target.service.state
    (transcript,) = (state / "api" / "transcripts").glob(f"*.{session['SessionId']}.log")
    eventually(lambda: target.status(session, "History") == ["Terminated"], what="the end of the session")
    assert stat.S_IMODE(transcript.stat().st_mode) == 0o600
    assert b"shown" in transcript.read_bytes()
    journal = (state / "api" / "sessions.jsonl").read_text()
    row = json.loads([line for line in journal.splitlines() if session["SessionId"] in line][-1])
    assert (row["target"], row["reason"], row["ending"]) == (target.instance_id, "to look", "what it ran has ended")
    log = (state / "log" / "api.log").read_text()
    assert f"session {session['SessionId']} ended" in log
    for text in (journal, log, transcript.read_text()):
        assert session["TokenValue"] not in text
        assert "unseen" not in text
