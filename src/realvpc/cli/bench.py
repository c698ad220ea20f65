"""`realvpc bench`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from .terminal import faint, json_option, print_json, print_table

if TYPE_CHECKING:
    from realvpc.bench.contest import Summary


@click.group("bench")
def bench_command() -> None:
    """Measure, side by side in one run: ratios hold on a noisy machine, absolute figures do not."""


@bench_command.command("fabric")
@click.option("--rounds", type=click.IntRange(1, 99), default=9, help="Rounds after a warm-up [9].")
@click.option("--seconds", type=click.FloatRange(0.2, 30), default=1.0, help="Length of each measurement [1].")
@json_option
def fabric_bench(rounds: int, seconds: float, as_json: bool) -> None:
    """Two machines in peered VPCs against a bare veth pair: TCP transactions and throughput.

    Security groups track every flow.  Takes about 5 seconds a round, needs root, and touches no running service.
    """
    from realvpc.bench import fabric
    from realvpc.bench.contest import record, summarise

    if os.geteuid() != 0:
        raise click.ClickException("measuring packets takes root. Try sudo")
    try:
        results = fabric.run(rounds, seconds, lambda line: click.echo(faint(line), err=True))
    except fabric.BenchError as error:
        raise click.ClickException(str(error)) from error
    summaries = summarise(results, baseline=fabric.BARE, challenger=fabric.FABRIC, units=fabric.UNITS)
    if as_json:
        print_json(record(summaries))
    else:
        _print(summaries, fabric.BARE, fabric.FABRIC)


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
    print_table(["MEDIAN OF", baseline.upper(), challenger.upper(), "RATIO", "QUARTILES"], rows)
