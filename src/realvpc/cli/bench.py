"""`realvpc bench`."""

from __future__ import annotations

import json
import os
import statistics
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import click

from realvpc.config import DEFAULT_REGION, SettingsError

from .accounts import profile
from .terminal import faint, json_option, place, print_json, print_table, service_with_packets, state_option, word

if TYPE_CHECKING:
    from realvpc.bench.contest import Summary


@click.group("bench")
def bench_command() -> None:
    """Measure packets, launches, sessions and the API.

    What is compared is measured in turns in one run: ratios hold on a noisy machine, absolute figures do not.
    """


@bench_command.command("fabric", short_help="Peered VPCs against a bare veth pair.")
@click.option("--rounds", type=click.IntRange(1, 99), default=15, help="Rounds after a warm-up [15].")
@click.option("--seconds", type=click.IntRange(1, 30), default=1, help="Length of each measurement [1].")
@click.option("--ipv6", is_flag=True, help="In IPv6.")
@click.option("--network-acls", is_flag=True, help="With network ACLs of the subnets' own.")
@click.option("--flow-logs", is_flag=True, help="With flow logs of both VPCs.")
@json_option
def fabric_bench(rounds: int, seconds: int, ipv6: bool, network_acls: bool, flow_logs: bool, as_json: bool) -> None:
    """Two machines in peered VPCs against a bare veth pair: TCP transactions and throughput.

    Security groups track every flow.  Takes about 20 seconds a round, needs root, and touches no running service.

    \b
    Example:
      sudo realvpc bench fabric --rounds 5
    """
    from realvpc.bench import fabric
    from realvpc.bench.contest import record, summarise

    if os.geteuid() != 0:
        raise SettingsError("measuring packets takes root. Try `sudo realvpc …`")
    try:
        results = fabric.run(
            rounds,
            seconds,
            lambda line: click.echo(faint(line), err=True),
            ipv6=ipv6,
            network_acls=network_acls,
            flow_logs=flow_logs,
        )
    except fabric.BenchError as error:
        raise SettingsError(str(error)) from error
    units = {metric: unit for metric, unit in fabric.UNITS.items() if metric in results[0][fabric.BARE]}
    summaries = summarise(results, baseline=fabric.BARE, challenger=fabric.FABRIC, units=units)
    if as_json:
        print_json(record(summaries))
    else:
        _print(summaries, fabric.BARE, fabric.FABRIC)


@bench_command.command("nat", short_help="A NAT gateway against a router with nftables.")
@click.option("--rounds", type=click.IntRange(1, 99), default=15, help="Rounds after a warm-up [15].")
@click.option("--seconds", type=click.IntRange(1, 30), default=1, help="Length of each measurement [1].")
@json_option
def nat_bench(rounds: int, seconds: int, as_json: bool) -> None:
    """A machine behind a NAT gateway against a namespace behind a router that masquerades.

    TCP transactions and throughput; security groups track every flow.  Takes about 20 seconds a round, needs root, and
    touches no running service.

    \b
    Example:
      sudo realvpc bench nat --rounds 5
    """
    from realvpc.bench import nat
    from realvpc.bench.contest import record, summarise

    if os.geteuid() != 0:
        raise SettingsError("measuring packets takes root. Try `sudo realvpc …`")
    try:
        results = nat.run(rounds, seconds, lambda line: click.echo(faint(line), err=True))
    except nat.BenchError as error:
        raise SettingsError(str(error)) from error
    summaries = summarise(results, baseline=nat.ROUTER, challenger=nat.GATEWAY, units=nat.UNITS)
    if as_json:
        print_json(record(summaries))
    else:
        _print(summaries, nat.ROUTER, nat.GATEWAY)


@bench_command.command("launch", short_help="From RunInstances to the first answered ping.")
@state_option
@click.option("--rounds", type=click.IntRange(1, 200), default=20, help="How many instances to launch [20].")
@json_option
def launch_bench(state: Path | None, rounds: int, as_json: bool) -> None:
    """From RunInstances to the first answered ping, on the running service.

    Makes a VPC 10.250.0.0/16 in the account main, launches instances one after the other, and takes all away again.

    \b
    Example:
      sudo realvpc bench launch --rounds 50
    """
    from realvpc.bench import launch
    from realvpc.client.aws import Aws, CallFailedError

    settings = service_with_packets(state, "measuring a launch")
    aws = Aws(profile(state, "main", DEFAULT_REGION))
    try:
        launches = launch.run(aws, settings.run_dir, rounds, lambda line: click.echo(faint(line), err=True))
    except (CallFailedError, TimeoutError) as error:
        raise SettingsError(str(error)) from error
    figures = {name: [getattr(row, name) for row in launches] for name in ("answered", "pinged", "running")}
    if as_json:
        print_json(figures)
        return
    meaning = {"answered": "RunInstances returned", "pinged": "first ping answered", "running": "state is running"}
    rows = [
        [meaning[name], *(f"{value:.0f} ms" for value in (statistics.median(row), min(row), max(row)))]
        for name, row in figures.items()
    ]
    print_table(["SINCE THE REQUEST", "MEDIAN", "LEAST", "MOST"], rows, right={1, 2, 3})


@bench_command.command("api", short_help="Requests per second, beside emulators of others.")
@click.option("--rounds", type=click.IntRange(1, 99), default=5, help="Rounds after a warm-up [5].")
@click.option(
    "--against",
    multiple=True,
    type=click.Choice(["moto", "ministack"]),
    default=("moto", "ministack"),
    help="Emulators to ask the same; repeatable [both].",
)
@click.option(
    "--case",
    "chosen",
    multiple=True,
    type=word,
    metavar="TEXT",
    help="Only what begins so, like CreateVpc; repeatable [all].",
)
@click.option("--plot", type=place, metavar="FILE", help="Draw the result (.png, .svg).")
@click.option(
    "--cache",
    type=place,
    metavar="DIR",
    help="Where emulators are installed, each in an environment of its own [~/.cache/realvpc/bench].",
)
@json_option
def api_bench(
    rounds: int,
    against: tuple[str, ...],
    chosen: tuple[str, ...],
    plot: Path | None,
    cache: Path | None,
    as_json: bool,
) -> None:
    """The same signed requests to RealVPC (signatures verified, every write synced) and to emulators, in turns.

    Each is started on a port of its own and filled with 1,000 VPCs, 1,000 peering connections and 500 instances; no
    running service is touched. The emulators keep nothing and check no signatures. A ratio is RealVPC's requests per
    second by the other's, the median of the rounds.

    \b
    Example:
      realvpc bench api --rounds 5 --plot api.png
      realvpc bench api --case Create --against ministack
    """
    from realvpc.bench.api import contest, servers
    from realvpc.bench.api.cases import CASES, cases_of

    cases = cases_of(chosen)
    if not cases:
        raise SettingsError(f"no case begins so. There are: {'; '.join(case.name for case in CASES)}")
    cache = cache or Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "realvpc" / "bench"
    cache.mkdir(parents=True, exist_ok=True)

    def tell(line: str) -> None:
        click.echo(faint(line), err=True)

    try:
        results = contest.compete((servers.REALVPC, *against), cases, rounds, cache.absolute(), tell)
        if plot:
            with tempfile.NamedTemporaryFile("w", suffix=".json") as written:
                json.dump(contest.record(results), written)
                written.flush()
                servers.draw(Path(written.name), plot.absolute(), cache.absolute(), tell)
    except (contest.LoadError, servers.ServerError) as error:
        raise SettingsError(str(error)) from error
    if as_json:
        print_json(contest.record(results))
        return
    heads = [servers.REALVPC, *against]
    rows = [
        [row.case, str(row.connections)]
        + [f"{statistics.median(row.rates[name]):,.0f}/s" for name in heads]
        + [f"{row.ratios[name]:.2f}" for name in against]
        + [f"{row.stall:.0f} ms" if row.stall is not None else "-", f"{row.generator:.0%}"]
        for row in results
    ]
    titles = ["CASE", "CONN.", *(name.upper() for name in heads), *(f"BY {name.upper()}" for name in against)]
    print_table([*titles, "STALL", "GENERATOR"], rows, right=set(range(1, len(titles) + 2)))
    for row in results:
        for name, count in row.refused.items():
            if count:
                tell(f"{name} failed in {count} requests of {row.case!r} with {row.connections} connection(s)")


@bench_command.command("sessions", short_help="From a key to its echo while other sessions stream.")
@state_option
@click.option("--streams", type=click.IntRange(0, 200), default=50, help="Sessions that stream 1 MB/s each [50].")
@click.option("--seconds", type=click.IntRange(1, 120), default=10, help="How long to type [10].")
@json_option
def sessions_bench(state: Path | None, streams: int, seconds: int, as_json: bool) -> None:
    """From a key to its echo in four shells, with no other session and with many that stream, on the running service.

    Makes a VPC 10.251.0.0/16 and a role in the account main, and takes both away again.
    """
    from msgspec import to_builtins

    from realvpc.bench import sessions
    from realvpc.client.aws import Aws, CallFailedError

    service_with_packets(state, "measuring sessions")
    aws = Aws(profile(state, "main", DEFAULT_REGION))
    try:
        results = sessions.run(aws, [0, streams], seconds, lambda line: click.echo(faint(line), err=True))
    except (CallFailedError, TimeoutError) as error:
        raise SettingsError(str(error)) from error
    if as_json:
        print_json(to_builtins(results))
        return
    rows = [
        [str(row.streams), f"{row.streamed:.2f} MB/s", str(row.keys)]
        + [f"{value:.1f} ms" for value in (row.p50, row.p95, row.most)]
        for row in results
    ]
    print_table(["STREAMS", "EACH", "KEYS", "MEDIAN", "95 % WITHIN", "MOST"], rows, right={0, 1, 2, 3, 4, 5})


@bench_command.command("commit", short_help="What a change costs in networks of growing size.")
@click.option("--interfaces", type=click.IntRange(10, 40_000), multiple=True, help="How many [100, 1000, 10000].")
@click.option("--rounds", type=click.IntRange(1, 500), default=50, help="How often each action is measured [50].")
@json_option
def commit_bench(interfaces: tuple[int, ...], rounds: int, as_json: bool) -> None:
    """From a decoded call to the encoded message for the node, in memory: needs no root and touches no running service.

    The database, which syncs every change to the disk, is measured apart. Medians of so many calls; the longest one
    shows Python's collector at work.

    \b
    Example:
      realvpc bench commit --interfaces 10000 --json
    """
    from msgspec import to_builtins

    from realvpc.bench import commit

    costs = commit.run(interfaces or commit.SIZES, rounds, lambda line: click.echo(faint(line), err=True))
    if as_json:
        print_json(to_builtins(costs))
        return
    rows = [
        [cost.action, f"{cost.interfaces:,}"]
        + [f"{value:.3f} ms" for value in (cost.action_ms, cost.node_ms, cost.total_ms, cost.longest_ms)]
        + [f"{cost.database_ms:.2f} ms", f"{cost.message_bytes:,}"]
        for cost in costs
    ]
    heads = ["MEDIAN OF", "INTERFACES", "ACTION", "FOR THE NODE", "TOGETHER", "LONGEST", "DATABASE", "BYTES"]
    print_table(heads, rows, right={1, 2, 3, 4, 5, 6, 7})


def _print(summaries: list[Summary], baseline: str, challenger: str) -> None:
    rows = [
        [
            f"{summary.metric} ({summary.unit})",
            f"{summary.baseline:,.4g}",
            f"{summary.challenger:,.4g}",
            f"{summary.ratio:.3f}",
            f"{summary.quartiles[0]:.3f} to {summary.quartiles[1]:.3f}",
        ]
        for summary in summaries
    ]
    print_table(["MEDIAN OF", baseline.upper(), challenger.upper(), "RATIO", "QUARTILES"], rows, right={1, 2, 3})
