"""`realvpc why` and `realvpc matrix`."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Any

import click

from realvpc.columns import align, printable, width
from realvpc.config import SettingsError

from .instances import complete_endpoint
from .terminal import (
    ask_service,
    faint,
    japanese,
    json_option,
    mark,
    print_json,
    service,
    service_with_packets,
    state_option,
    strong,
    word,
)

_SSM = "ssm"

protocol_option = click.option(
    "--protocol", type=click.Choice(["icmp", "tcp", "udp"]), default="icmp", help="Kind of packet [icmp: a ping]."
)
port_option = click.option("--port", type=click.IntRange(0, 65535), help="Destination port of tcp and udp.")


@click.command("why")
@click.argument("source", type=word, shell_complete=complete_endpoint)
@click.argument("destination", type=word, shell_complete=complete_endpoint)
@protocol_option
@port_option
@click.option("--public", is_flag=True, help="Ask about the destination's public address (from internet: always).")
@click.option("--ipv6", is_flag=True, help="Ask about IPv6 addresses (to one: always).")
@state_option
@json_option
def why_command(
    source: str,
    destination: str,
    protocol: str,
    port: int | None,
    public: bool,
    ipv6: bool,
    state: Path | None,
    as_json: bool,
) -> None:
    """Tell whether SOURCE reaches DESTINATION, and why not.

    Both are an instance id, a network interface id, a Name tag, or `internet`; DESTINATION may be an IP address, too,
    or a name of DNS, which SOURCE looks up.
    Walks the packet and its reply through every layer of the model that the data plane is compiled from.  Exits with 1
    when the answer is no, or not known because an instance on the way decides: a NAT instance or a firewall.

    With `ssm` for DESTINATION: whether Systems Manager manages the instance, so that it takes sessions and commands,
    and which condition is missing.

    \b
    Examples:
      realvpc why VPC-B-EC2 VPC-C-EC2
      realvpc why VPC-A-EC2 ssm
      realvpc why i-0123456789abcdef0 10.30.4.69 --protocol tcp --port 443
      realvpc why internet VPC-A-EC2 --protocol tcp --port 22
      realvpc why VPC-A-EC2 VPC-B-EC2 --ipv6
      realvpc why VPC-A-EC2 one.example.com --protocol tcp --port 443
    """
    _check_port(protocol, port)
    ways = {"protocol": protocol, "port": port, "public": int(public), "ipv6": int(ipv6)}
    answer = ask_service(state, "GET", "why", source=source, destination=destination, **ways)
    if as_json:
        print_json(answer)
    else:
        _print_answer(answer, "managed" if destination == _SSM else "reachable")
    sys.exit(0 if answer["reachable"] else 1)


@click.command("matrix", short_help="Show which running instance reaches which.")
@click.option("--measured", is_flag=True, help="Ping for real as well, and look who gets it and answers.")
@protocol_option
@port_option
@click.option("--ipv6", is_flag=True, help="Between the IPv6 addresses of those that have one.")
@state_option
@json_option
def matrix_command(
    measured: bool, protocol: str, port: int | None, ipv6: bool, state: Path | None, as_json: bool
) -> None:
    """Show which running instance reaches which, as predicted; --measured: and as packets find it.

    Exits with 1 when a measurement contradicts its prediction.  `?` is where an instance on the way decides.

    \b
    Examples:
      realvpc matrix
      realvpc matrix --protocol tcp --port 443
      realvpc matrix --ipv6
      sudo realvpc matrix --measured
    """
    from realvpc.demo import matrix
    from realvpc.node.answer import NodeError

    if measured and protocol != "icmp":
        raise click.UsageError("--measured pings: leave --protocol out")
    if measured and ipv6:
        raise click.UsageError("--measured pings over IPv4: leave --ipv6 out")
    _check_port(protocol, port)
    settings = service_with_packets(state, "--measured") if measured else service(state)
    predicted = ask_service(state, "GET", "matrix", protocol=protocol, port=port, ipv6=int(ipv6))
    try:
        found = matrix.measure(settings.node_socket, predicted) if measured else None
    except NodeError as error:
        raise SettingsError(str(error)) from error
    if as_json:
        print_json({**predicted, **({"measured": found} if found is not None else {})})
    elif not predicted["instances"]:
        click.echo("No instance with an IPv6 address is running." if ipv6 else "No instance is running.")
    else:
        for line in matrix.table(predicted, found, columns=_terminal_columns()):
            click.echo(line)
    if predicted["left_out"] and not as_json:
        families = ("IPv6", "leave --ipv6 out") if ipv6 else ("IPv4", "see --ipv6")
        names = ", ".join(map(printable, predicted["left_out"]))
        click.echo(faint(f"Not shown, for want of an {families[0]} address ({families[1]}): {names}"), err=True)
    sys.exit(0 if found is None or matrix.agrees(predicted, found) else 1)


def _check_port(protocol: str, port: int | None) -> None:
    if protocol == "icmp" and port is not None:
        raise click.UsageError("--port goes with --protocol tcp or --protocol udp.")
    if protocol != "icmp" and port is None:
        raise click.UsageError(f"--protocol {protocol} needs a --port.")


def _print_answer(answer: dict[str, Any], quality: str) -> None:
    verdict = {True: quality, False: f"not {quality}: {answer['reason']}", None: f"not known: {answer['reason']}"}
    click.echo(f"{mark(answer['reachable'])} {strong(verdict[answer['reachable']])}")
    if not answer["reachable"]:
        way, sentence = ("戻りの経路：", "sentence_ja") if japanese(os.environ) else ("On the way back: ", "sentence")
        click.echo(f"  {way if answer['direction'] == 'reply' else ''}{printable(answer[sentence])}")
    for title, hops in (("there", answer["forward"]), ("back", answer["reply"])):
        if hops is not None:
            click.echo(faint(f"\n  {title}:"))
            for line in _hop_lines(hops, _terminal_columns()):
                click.echo(f"  {line}")


def _hop_lines(hops: list[dict[str, Any]], columns: int | None) -> list[str]:
    """A line per decision; two where one does not fit into a terminal of so many columns."""
    rows = [
        [f"{mark(hop['passed'])} {hop['layer']}", printable(hop["resource"]), faint(printable(hop["rule"]))]
        for hop in hops
    ]
    lines = align(rows)
    if columns is None or max(map(width, lines)) + 2 <= columns:
        return lines
    return [
        part
        for row, line in zip(rows, align([row[:2] for row in rows]), strict=True)
        for part in (line, f"    {row[2]}")
    ]


def _terminal_columns() -> int | None:
    """None where the output is no terminal: nothing is bent for a file."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else None
