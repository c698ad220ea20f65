"""`realvpc status`."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

import click

from realvpc.config import Fabric
from realvpc.daemon import launch
from realvpc.daemon.client import ServiceError, ask

from .remedy import remedied
from .terminal import complain, faint, json_option, mark, print_json, service, state_option

_REPAIRS_SHOWN = _GIVEN_UP_SHOWN = 3


@click.command("status")
@state_option
@json_option
def status_command(state: Path | None, as_json: bool) -> None:
    """Show what runs, and whether it is well. Exits with 1 when it is not.

    \b
    Examples:
      realvpc status
      realvpc status --json | jq .faults
    """
    settings = service(state)
    running = launch.processes(settings)
    try:
        answer: dict[str, Any] | None = ask(settings.admin_socket, "GET", "status", timeout=10)
        trouble = None
    except ServiceError as error:
        answer, trouble = None, str(error)
    well = answer is not None and not answer["faults"] and all(running.values())
    if as_json:
        pids = {role: process.pid if process else None for role, process in running.items()}
        print_json({"up": answer is not None, "well": well, "pids": pids, "trouble": trouble, **(answer or {})})
    else:
        for role, process in running.items():
            text = f"pid {process.pid}" if process else "does not run: `realvpc up` starts it again"
            name = f"{role.upper() if role == launch.API else role} process"
            click.echo(f"  {mark(process is not None)} {name:14} {remedied(text)}")
        if answer:
            _print_status(answer)
        elif trouble:
            complain(remedied(trouble))
    if not well:
        raise SystemExit(1)


def _repaired(repair: dict[str, Any]) -> str:
    at = datetime.fromtimestamp(repair["at"]).astimezone().isoformat(timespec="seconds")
    return f"{repair['subject']}: {repair['what']} {faint(at)}"


def kept_aside(node: dict[str, Any] | None) -> str | None:
    """What there is to say of the disks that nobody asked to delete."""
    count = len(node["kept_disks"]) if node else 0
    if not count:
        return None
    disks = "1 disk of an instance" if count == 1 else f"{count} disks of instances"
    return f"{disks} that this state does not know: `realvpc disks list`"


def given_up(instances: list[dict[str, str]]) -> str | None:
    """What there is to say of the instances that are stopped because they could not be started."""
    if not instances:
        return None
    told = ", ".join(f"{each['id']} ({each['reason']})" for each in instances[:_GIVEN_UP_SHOWN])
    more = f" and {len(instances) - _GIVEN_UP_SHOWN} more" if len(instances) > _GIVEN_UP_SHOWN else ""
    return f"could not be started and stopped: {told}{more}. Once that is mended: `aws ec2 start-instances`"


def _print_status(answer: dict[str, Any]) -> None:
    instances = ", ".join(f"{count} {state}" for state, count in sorted(answer["instances"].items())) or "none"
    up = answer["node"]["machines_up"] if answer["node"] else None
    if up is not None and up < answer["machines_wanted"]:
        instances += f" ({up} of {answer['machines_wanted']} machines up)"
    resources = answer["resources"]
    fabric = "none: no packets" if answer["fabric"] == Fabric.NONE else answer["fabric"]
    offset = answer["clock_offset"]
    rows = [
        ("endpoint", answer["endpoint_url"]),
        ("state", f"{answer['state_dir']} {faint('revision ' + str(answer['revision']))}"),
        ("fabric", fabric),
        ("credentials", answer["credentials"]),
        ("policies", answer["policies"]),
        *([("upstream", f"{answer['upstream']} {faint('answers for other services')}")] if answer["upstream"] else []),
        ("clock", answer["time"] + (f" ({offset / 86400:+.2f} days)" if offset else "")),
        ("VPCs", f"{resources['Vpc']} (subnets: {resources['Subnet']}, peering connections: {resources['Peering']})"),
        ("instances", instances),
        ("longest stall", f"{answer['longest_stall_ms']} ms {faint('in which nobody was answered, since the start')}"),
    ]
    if node := answer["node"]:
        rows += [(name, node[name] or "unknown") for name in ("isolation", "limits", "disks")]
        rows += [("repaired", _repaired(repair)) for repair in node["repairs"][-_REPAIRS_SHOWN:]]
        if kept := kept_aside(node):
            rows.append(("kept aside", remedied(kept)))
    if stopped := given_up(answer["given_up"]):
        rows.append(("given up", stopped))
    for name, text in rows:
        click.echo(f"    {faint(f'{name:14}')} {text}")
    for fault in answer["faults"]:
        click.echo(f"  {mark(False)} {remedied(fault)}")
