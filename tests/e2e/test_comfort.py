"""Living with instances from the host: copying in and out, names, output."""

from __future__ import annotations

import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from tests.patience import PATIENCE_SECONDS
from tests.running import REALVPC, Running, shell

from .site import Site

pytestmark = [pytest.mark.root, pytest.mark.e2e]

MEGABYTE = 1 << 20

HOSTILE_TAR = """#!/usr/bin/python3
import io, sys, tarfile
with tarfile.open(fileobj=sys.stdout.buffer, mode="w|") as archive:
    def add(name, kind=tarfile.REGTYPE, link=""):
        entry = tarfile.TarInfo(name)
        entry.type, entry.linkname = kind, link
        entry.size = 6 if kind == tarfile.REGTYPE else 0
        archive.addfile(entry, io.BytesIO(b"pwned\\n"))
    add(".", tarfile.DIRTYPE)
    add("../escaped")
    add("%s/escaped")
    add("way", tarfile.SYMTYPE, "..")
    add("way/escaped")
    add("abs", tarfile.SYMTYPE, "%s")
    add("abs/escaped")
    add("disk", tarfile.BLKTYPE)
    add("passwd", tarfile.LNKTYPE, "/etc/passwd")
    add("\\x1b]0;title\\x07/x")
    add("harmless")
"""


@pytest.fixture(scope="module")
def site(service: Running) -> Site:
    return Site(service, "main", "comfort", "10.74.0.0/16", "10.74.0.0/20")


def test_twenty_megabytes_go_in_and_come_out_whole(service: Running, site: Site, tmp_path: Path) -> None:
    content = os.urandom(20 * MEGABYTE)
    (tmp_path / "big").write_bytes(content)
    (tmp_path / "big").chmod(0o640)
    service("cp", str(tmp_path / "big"), f"{site.instance_id}:/opt/")
    digest = service("exec", site.instance_id, "--", "sha256sum", "/opt/big").out.split()[0]
    assert digest == hashlib.sha256(content).hexdigest()
    service("cp", f"{site.instance_id}:/opt/big", str(tmp_path / "back"))
    assert (tmp_path / "back").read_bytes() == content
    assert (tmp_path / "back").stat().st_mode & 0o777 == 0o640


def test_a_directory_keeps_its_links_and_modes_both_ways(service: Running, site: Site, tmp_path: Path) -> None:
    source = tmp_path / "app"
    (source / "bin").mkdir(parents=True)
    (source / "bin" / "run").write_text("#!/bin/sh\necho runs\n")
    (source / "bin" / "run").chmod(0o750)
    (source / "current").symlink_to("bin/run")
    (source / "名前").write_text("名前\n")
    service("cp", "--user", "ec2-user", str(source), f"{site.instance_id}:")
    shown = service(
        "exec", "--user", "ec2-user", site.instance_id, "--", "sh", "-c", "app/current; stat -c %U:%a app/bin/run"
    )
    assert shown.out == "runs\nec2-user:750\n"
    back = tmp_path / "back"
    service("cp", f"{site.instance_id}:/home/ec2-user/app", str(back))
    assert (back / "current").readlink() == Path("bin/run")
    assert (back / "bin" / "run").stat().st_mode & 0o777 == 0o750
    assert (back / "名前").read_text() == "名前\n"
    service("cp", f"{site.instance_id}:/home/ec2-user/app", str(back))  # into it, as it is there by now
    assert (back / "app" / "current").exists()


def test_a_file_goes_through_a_pipe(service: Running, site: Site) -> None:
    service("exec", site.instance_id, "--", "sh", "-c", "printf 'seen\\n' > /root/note")
    assert service("cp", f"{site.instance_id}:note", "-").out == "seen\n"
    assert "processor" in service("cp", f"{site.instance_id}:/proc/cpuinfo", "-").out


def test_an_instance_that_lies_writes_nowhere_else(service: Running, site: Site, tmp_path: Path) -> None:
    (tmp_path / "tar").write_text(HOSTILE_TAR % (tmp_path, tmp_path))
    (tmp_path / "tar").chmod(0o755)
    service("cp", str(tmp_path / "tar"), f"{site.instance_id}:/usr/local/bin/tar")
    (tmp_path / "tar").unlink()
    try:
        copied = service("cp", f"{site.instance_id}:/etc", str(tmp_path / "etc"), code=1)
    finally:
        service("exec", site.instance_id, "--", "rm", "/usr/local/bin/tar")
    assert {path.name for path in tmp_path.iterdir()} == {"etc"}
    assert {path.name for path in (tmp_path / "etc").iterdir()} == {"harmless"}
    assert copied.err.count("left out") == 9
    assert "\x1b" not in copied.err


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["nowhere:/etc/hosts", "-"], "there is no instance nowhere"),
        (["ID:/nowhere", "-"], "ID:/nowhere: No such file or directory"),
        (["ID:/etc", "-"], "ID:/etc: Is a directory"),
        (["ID:/etc/hosts", "/nowhere/x"], "/nowhere: No such directory"),
        (["/nowhere", "ID:"], "/nowhere: No such file or directory"),
        (["/etc/hosts", "ID:/nowhere/x"], "ID:/nowhere/x: No such directory"),
        (["--user", "ec2-user", "ID:/etc/shadow", "-"], "ID:/etc/shadow: Permission denied"),
        (["--user", "ec2-user", "/etc/hosts", "ID:/etc/"], "cannot create /etc/hosts: Permission denied"),
        (["--user", "joe", "/etc/hosts", "ID:"], "there is no user 'joe'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_cannot_be_copied_is_named(service: Running, site: Site, words: list[str], complaint: str) -> None:
    failed = service("cp", *(word.replace("ID", site.instance_id) for word in words), code=1)
    assert complaint.replace("ID", site.instance_id) in failed.err
    assert not failed.out


def test_hosts_knows_every_name_of_an_instance(service: Running, site: Site) -> None:
    listed: list[dict[str, Any]] = json.loads(service("hosts", "--json", "--vpc", site.vpc_id).out)
    described = site.ec2.describe_instances(InstanceIds=[site.instance_id])["Reservations"][0]["Instances"][0]
    assert [each["id"] for each in listed] == [site.instance_id]
    assert listed[0]["address"] == described["PrivateIpAddress"] == site.address
    assert listed[0]["private_dns_name"] == described["PrivateDnsName"]
    assert listed[0]["public_address"] == described.get("PublicIpAddress")
    assert site.instance_id in service("hosts").out
    lines = service("hosts", "--format", "hosts", "--vpc", site.vpc_id).out.splitlines()
    assert lines[1].split()[:2] == [site.address, described["PrivateDnsName"]]


def test_the_console_shows_what_an_instance_wrote_and_is_followed_to_its_end(service: Running, site: Site) -> None:
    write = "exec >>/proc/1/fd/1; for i in 1 2 3; do seq -f \"$i: %.0f\" 10000; done; printf 'the end'"
    following = service.start("logs", "--follow", site.instance_id)
    service("exec", site.instance_id, "--", "sh", "-c", write)
    site.ec2.stop_instances(InstanceIds=[site.instance_id])
    output, complaints = following.communicate(timeout=PATIENCE_SECONDS)
    assert following.returncode == 0, complaints
    assert output.splitlines() == [*(f"{i}: {line}" for i in (1, 2, 3) for line in range(1, 10001)), "the end"]
    assert service("logs", "--lines", "2", site.instance_id).out == "3: 10000\nthe end"
    site.ec2.start_instances(InstanceIds=[site.instance_id])
    site.ec2.get_waiter("instance_running").wait(InstanceIds=[site.instance_id])


def test_the_processes_logs_are_shown(service: Running) -> None:
    assert "tables applied" in service("logs", "--service", "node").out
    assert "serving http://127.0.0.1" in service("logs", "--service", "api").out


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("exec i-", "ID"),
        ("shell i-", "ID"),
        ("logs i-", "ID"),
        ("cp i-", "ID:"),
        ("cp ./notes i-", "ID:"),
        ("why i-", "ID"),
        ("why internet i-", "ID"),
        ("env --account ma", "main"),
    ],
)
def test_a_shell_completes_what_is_there(service: Running, site: Site, words: str, offered: str) -> None:
    environment = {
        "COMP_WORDS": f"realvpc {words}",
        "COMP_CWORD": str(len(words.split())),
        "_REALVPC_COMPLETE": "bash_complete",
    }
    completed = service(environment=environment)
    assert f"plain,{offered.replace('ID', site.instance_id)}" in completed.out.splitlines()
    assert not completed.err


def test_a_script_waits_for_instances(service: Running, site: Site) -> None:
    assert service("wait", site.instance_id).out == ""
    late = service("wait", site.instance_id, "--for", "stopped", "--timeout", "0.2", code=1)
    assert f"{site.instance_id} is running after 0.2 s, not stopped" in late.err
    waiting = service.start("wait", "--for", "stopped", site.instance_id)
    site.ec2.stop_instances(InstanceIds=[site.instance_id])
    assert waiting.wait(timeout=PATIENCE_SECONDS) == 0
    service("cp", f"{site.instance_id}:/etc/hosts", "-", code=1)
    site.ec2.terminate_instances(InstanceIds=[site.instance_id])
    service("wait", "--for", "terminated", site.instance_id)
    assert "will not be running" in service("wait", site.instance_id, code=1).err
    assert "its console went with its disk" in service("logs", site.instance_id, code=1).err


def test_the_guide_to_living_in_an_instance_works_as_it_is_written(service: Running, tmp_path: Path) -> None:
    guide = (Path(__file__).parents[2] / "docs" / "operations.md").read_text().partition("## Living in an instance")[2]
    found = re.search(r"```sh\n(.*?)```", guide, re.DOTALL)
    assert found
    sudo = tmp_path / "sudo"
    sudo.write_text('#!/bin/sh\nexec "$@"\n')
    sudo.chmod(0o755)
    environment = {
        "PATH": f"{tmp_path}:{Path(REALVPC).parent}:{os.environ['PATH']}",
        "HOME": str(tmp_path),
        "REALVPC_STATE": str(service.state),
        "AWS_PAGER": "",
    }
    done = shell(found[1], environment)
    assert done.code == 0, done.err
    assert re.search(r"\n10\.40\.\d+\.\d+\nlivinghello from ip-10-40-", done.out), done.out
    assert done.out.endswith("it lives\n")
