"""Real machines, from the first start to the last trace."""

from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest

from realvpc.instance import cgroups
from realvpc.net.clients import variables_of_clients
from realvpc.net.machine import Wanted
from realvpc.node import messages as m
from realvpc.node.answer import NodeError
from tests.instance.specs import machine
from tests.node.conftest import NodeProcess
from tests.running import eventually

pytestmark = pytest.mark.root


def runs(pid: int) -> bool:
    """Whether the process lives; one that only waits to be collected by its parent has no command line."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes() != b""
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_a_machine_is_what_the_api_says_it_is(node: NodeProcess) -> None:
    spec = machine()
    node.want(spec)
    assert node.sh(spec, "hostname") == "ip-10-20-0-207"
    assert node.sh(spec, "id -u; id -un") == "0\nroot"
    address = node.sh(spec, "ip -o -4 address show eth0")
    assert "10.20.0.207/20" in address
    assert "mtu 9001" in node.sh(spec, "ip link show eth0")
    assert node.sh(spec, "pwd; id -un; echo ~", user="ssm-user") == "/home/ssm-user\nssm-user\n/home/ssm-user"
    assert node.sh(spec, "getent hosts ip-10-20-0-207").startswith("10.20.0.207")
    assert node.sh(spec, "cat /proc/1/cmdline | tr '\\0' ' '") == "/bin/sh /etc/init"


def test_every_shell_in_it_knows_the_region_and_the_endpoint_and_still_does_after_a_restart(node: NodeProcess) -> None:
    show = "env | grep -E '^(AWS|CURL|REQUESTS|SSL)_' | sort"
    spec = machine(region="us-east-1", user_data=f"#!/bin/sh\n{show} >/user-data\n".encode())
    variables = variables_of_clients("us-east-1")
    assert variables["AWS_ENDPOINT_URL_SSM"] == "https://ssm.us-east-1.amazonaws.com"
    told = "\n".join(sorted(f"{name}={value}" for name, value in variables.items()))
    node.want(spec)
    node.kill()
    node.start()
    assert node.sh(spec, show) == told
    assert node.sh(spec, show, user="ssm-user") == told
    assert node.sh(spec, f'su - ec2-user -c "{show}"') == told
    assert node.sh(spec, "cat /user-data") == told
    assert node.sh(spec, "env | grep -Ec 'RESOLV_CONF|AUTHORITY' || true") == "0"


def test_ping_prints_the_ttl_of_amazon_linux(node: NodeProcess) -> None:
    spec = machine()
    node.want(spec)
    for user in ("root", "ssm-user"):
        assert "ttl=127" in node.sh(spec, "ping -c 1 -W 2 10.20.0.207", user=user)


def test_what_it_wrote_survives_a_stop_and_goes_with_it(node: NodeProcess) -> None:
    spec = machine()
    node.want(spec)
    places = ("/etc/new", "/var/new", "/root/new", "/home/ssm-user/new", "/tmp/new", "/usr/local/bin/new")
    for place in places:
        node.sh(spec, f"echo kept > {place}")
    node.want(machine(wanted=Wanted.STOPPED))
    assert node.run_dir.joinpath("ns").is_dir()
    assert not list(node.run_dir.joinpath("ns").iterdir()), "the links of a stopped machine are gone"
    node.want(machine(boot=2))
    for place in places:
        assert node.sh(spec, f"cat {place}") == "kept"
    node.want(machine(boot=2, wanted=Wanted.TERMINATED))
    assert not list(node.state_dir.joinpath("disks").iterdir())
    node.want(machine(boot=3))
    assert node.run(spec, "cat", "/etc/new")[0] == 1


def test_the_system_is_read_only_and_the_host_is_out_of_sight(node: NodeProcess) -> None:
    spec = machine()
    node.want(spec)
    assert node.run(spec, "touch", "/usr/bin/x")[0] == 1
    assert node.run(spec, "touch", "/proc/sys/kernel/core_pattern")[0] == 1
    assert node.run(spec, "sh", "-c", "echo x > /proc/sys/kernel/core_pattern")[0] != 0
    assert node.run(spec, "mount", "-t", "tmpfs", "x", "/mnt")[0] != 0
    assert node.run(spec, "unshare", "-r", "id", user="ssm-user")[0] != 0
    key = Path("/etc/ssh/ssh_host_ed25519_key")  # where there is an sshd, a machine has one of its own
    assert not key.exists() or node.sh(spec, f"cat {key} 2>&1 || true") != key.read_text()
    assert node.run(spec, "ls", "/etc/ssl/private")[0] == 2
    assert Path("/etc/shadow").read_text() != node.sh(spec, "cat /etc/shadow")
    assert node.sh(spec, "ls /root /opt /srv /usr/local/bin") == "/opt:\n\n/root:\n\n/srv:\n\n/usr/local/bin:"
    assert node.sh(spec, "ls -d /proc/[0-9]*").count("\n") < 8, "only its own processes"


def test_its_root_cannot_change_the_hosts_device_that_it_was_handed(node: NodeProcess) -> None:
    spec = machine()
    node.want(spec)
    mode = Path("/dev/null").stat().st_mode
    assert node.run(spec, "chmod", "600", "/proc/self/fd/0")[0] == 1  # `run` hands over /dev/null
    assert node.run(spec, "sh", "-c", "read line; echo $? >&0; exec 3<>/dev/null; echo works >&3")[0] == 0
    assert Path("/dev/null").stat().st_mode == mode


def test_a_link_that_it_made_does_not_lead_the_host_astray(node: NodeProcess, tmp_path: Path) -> None:
    """A stopped machine's disk was written by a stranger; starting it again writes and mounts only inside."""
    victim = tmp_path / "victim"
    victim.mkdir()
    spec = machine()
    node.want(spec)
    for place in ("/usr/local/bin", "/etc/hosts", "/etc/hostname", "/etc/resolv.conf", "/var/log", "/home", "/tmp"):
        node.sh(spec, f"rm -rf {place}; ln -s {victim} {place}")
    node.want(machine(wanted=Wanted.STOPPED))
    node.want(machine(boot=2))
    node.run(spec, "sh", "-c", "touch /usr/local/bin/x /var/log/x /home/x /tmp/x")
    node.want(machine(wanted=Wanted.TERMINATED))
    assert victim.is_dir()
    assert not list(victim.iterdir())


def test_it_reports_a_machine_that_shuts_itself_down_and_leaves_it_down(node: NodeProcess) -> None:
    spec = machine()
    node.want(spec)
    node.run(spec, "poweroff")
    events = node.want(spec, until=lambda events: m.MachineDown(spec.id, 1) in events)
    assert m.MachineDown(spec.id, 1) in events
    with pytest.raises(NodeError, match="not running"):
        node.run(spec, "true")
    node.kill()
    node.start()
    events = node.want(spec, until=lambda events: len(events) > 1)
    assert m.MachineDown(spec.id, 1) in events, "a new node knows it too"
    node.want(machine(boot=2))
    assert node.sh(spec, "echo up") == "up"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_machines_outlive_the_node_and_are_adopted(node: NodeProcess, number: int) -> None:
    spec = machine()
    node.want(spec)
    node.sh(spec, "nohup sleep 1000 >/dev/null 2>&1 & echo $! > /run/witness")
    pid = node.pid(spec)
    node.kill(number)
    assert runs(pid)
    node.start()
    assert node.pid(spec) == pid, "known before anybody wants anything"
    events = node.want(spec)
    assert m.MachineUp(spec.id, 1, pid) in events
    assert node.sh(spec, "kill -0 $(cat /run/witness) && echo alive") == "alive"
    os.kill(pid, signal.SIGKILL)
    node.want(spec, until=lambda events: m.MachineDown(spec.id, 1) in events)


def test_what_nobody_wants_any_more_is_removed_after_a_restart(node: NodeProcess) -> None:
    node.want(machine(1), machine(2))
    pid = node.pid(machine(2))
    node.kill()
    node.start()
    node.want(machine(1), machine(2, wanted=Wanted.TERMINATED))
    assert not runs(pid)
    assert [path.name for path in (node.state_dir / "disks").iterdir()] == [machine(1).id]
    assert [path.name for path in (node.run_dir / "ns").iterdir()] == [machine(1).id]


def test_what_crun_had_under_way_is_waited_for_and_what_it_left_is_removed(node: NodeProcess, tmp_path: Path) -> None:
    """The node is killed while crun starts a machine that nobody wants any more when the next node comes."""
    slow = tmp_path / "crun"
    real = shutil.which("crun")
    slow.write_text(f'#!/bin/sh\ncase "$*" in *" run "*) touch $0.began; sleep 1;; esac\nexec {real} "$@"\n')
    slow.chmod(0o755)
    node.kill()
    node.start(path=tmp_path)
    node.want(machine(), until=bool)
    eventually((tmp_path / "crun.began").exists, what="that crun begins")
    node.kill()
    (node.run_dir / "machines" / "i-0123456789abcdeff").mkdir()
    node.start()
    node.want(machine(wanted=Wanted.TERMINATED))
    assert not list((node.run_dir / "machines").iterdir())
    assert not list((node.run_dir / "crun").iterdir())


def test_a_machine_has_no_file_of_the_host_open_but_its_console(node: NodeProcess) -> None:
    node.want(machine())
    files = node.sh(machine(), "for fd in /proc/1/fd/*; do readlink $fd; done").splitlines()
    assert set(files) <= {"/dev/null", "/etc/init", "/console.log"}


def test_saying_it_twice_or_in_another_order_changes_nothing(node: NodeProcess) -> None:
    specs = [machine(number) for number in (1, 2, 3)]
    node.want(*specs)
    pids = [node.pid(spec) for spec in specs]
    node.want(*reversed(specs))
    node.want(*specs)
    assert [node.pid(spec) for spec in specs] == pids


def test_links_come_first_then_tables_then_the_machine(node: NodeProcess) -> None:
    spec = machine()
    node.want(spec)
    assert node.fabric_log() == [f"ensure {spec.id}", "apply"]
    assert node.sh(spec, "ls /sys/class/net").split() == ["eth0", "far", "lo"]


def test_faults_are_said_and_tried_again(node: NodeProcess) -> None:
    faults = node.run_dir / "faults"
    faults.mkdir()
    (faults / "apply").touch()
    spec = machine()
    events = node.want(spec, until=lambda events: any(isinstance(e, m.Applied) and e.faults for e in events))
    assert events == [m.Applied(1, (m.Fault("tables", "OSError: apply is made to fail"),))]
    (faults / "apply").unlink()
    events = node.want(spec)
    assert m.Applied(2) in events


def test_what_is_wrong_with_the_tables_is_said_and_stops_nobody(node: NodeProcess) -> None:
    faults = node.run_dir / "faults"
    faults.mkdir()
    (faults / "tables").write_text("two look the same\n")
    events = node.want(machine(), until=lambda events: any(isinstance(event, m.MachineUp) for event in events))
    assert m.Applied(1, (m.Fault("tables", "two look the same"),)) in events


def test_a_machine_that_cannot_have_its_links_fails(node: NodeProcess) -> None:
    faults = node.run_dir / "faults"
    faults.mkdir()
    (faults / "ensure_machine").touch()
    spec = machine()
    events = node.want(spec, until=lambda events: any(isinstance(event, m.MachineFailed) for event in events))
    assert m.MachineFailed(spec.id, 1, "OSError: ensure_machine is made to fail") in events
    (faults / "ensure_machine").unlink()
    node.want(machine(wanted=Wanted.TERMINATED))
    node.want(machine(2))


def test_a_node_that_cannot_clean_up_says_why_and_tries_again(node: NodeProcess) -> None:
    faults = node.run_dir / "faults"
    faults.mkdir()
    (faults / "destroy").touch()
    node.want(machine())
    with node.connect() as connection, pytest.raises(NodeError, match="destroy is made to fail"):
        connection.shutdown(Wanted.TERMINATED)
    (faults / "destroy").unlink()
    node.want(machine())


def test_limits_hold_where_the_host_has_control_groups(node: NodeProcess) -> None:
    limits = cgroups.probe(node.group)
    if not limits.enforced:
        pytest.skip(str(limits))
    spec = machine(memory_bytes=64 << 20, pids=40)
    node.want(spec)
    assert (
        node.run(spec, "sh", "-c", "head -c 200000000 /dev/zero | tail -c 200000000 | wc -c")[1].strip() != "200000000"
    )
    out = node.run(spec, "sh", "-c", "i=0; while [ $i -lt 60 ]; do sleep 5 & i=$((i+1)); done; wait")[1]
    assert "Cannot fork" in out or "Resource temporarily unavailable" in out
    assert node.sh(spec, "echo fine") == "fine", "the machine itself lives on"


def test_user_data_runs_once_as_root(node: NodeProcess) -> None:
    spec = machine(user_data=b"#!/bin/sh\nid -u >> /var/lib/ran\necho hello console\n")
    node.want(spec)
    with node.connect() as connection:
        eventually(lambda: b"hello console" in connection.console(spec.id), what="the output of user data")
    node.want(machine(user_data=spec.user_data, wanted=Wanted.STOPPED))
    node.want(machine(user_data=spec.user_data, boot=2))
    assert node.sh(spec, "cat /var/lib/ran") == "0"
    assert "hello console" in node.sh(spec, "cat /var/log/cloud-init-output.log")


def test_a_machine_that_ignores_the_signal_is_stopped_all_the_same(node: NodeProcess) -> None:
    spec = machine()
    node.want(spec)
    node.sh(spec, "(trap '' TERM HUP; while :; do sleep 1; done) >/dev/null 2>&1 & echo started")
    pid = node.pid(spec)
    node.want(machine(wanted=Wanted.STOPPED))
    assert not runs(pid)


def test_orphans_do_not_stay_as_zombies(node: NodeProcess) -> None:
    spec = machine()
    node.want(spec)
    node.sh(spec, "for i in 1 2 3 4 5; do (sleep 0.1 &) ; done")
    eventually(
        lambda: "[sleep" not in (found := node.sh(spec, "ps -ef")) and "sleep 0.1" not in found,
        what="that they are gone",
    )


def test_ten_machines_at_once(node: NodeProcess) -> None:
    specs = [machine(number) for number in range(1, 11)]
    node.want(*specs)
    assert [node.sh(spec, "hostname") for spec in specs] == [spec.hostname for spec in specs]
    node.want(*(machine(number, wanted=Wanted.TERMINATED) for number in range(1, 11)))
    assert not list((node.state_dir / "disks").iterdir())
