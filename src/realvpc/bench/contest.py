"""Rounds of contenders in alternating order, and what they come to."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any, TypeAlias

from msgspec import Struct


class Summary(Struct, frozen=True):
    """Of one metric: each contender's median, and the median and quartiles of challenger/baseline within a round."""

    metric: str
    unit: str
    baseline: float
    challenger: float
    ratio: float
    quartiles: tuple[float, float]


Figures: TypeAlias = dict[str, float]
"""What one contender measured of itself, by metric."""


def alternate(
    rounds: int, contenders: dict[str, Callable[[], Figures]], progress: Callable[[str], None]
) -> list[dict[str, Figures]]:
    """Let every contender measure itself twice a round, there and back: A B B A, then B A A B.

    A machine that grows slower or faster within a round does so to both.  A warm-up round is thrown away.
    """
    results = []
    for number in range(-1, rounds):
        order = list(contenders) if number % 2 else list(contenders)[::-1]
        measured: dict[str, list[Figures]] = {name: [] for name in contenders}
        for name in (*order, *order[::-1]):
            measured[name].append(contenders[name]())
        if number >= 0:
            results.append({name: _mean(figures) for name, figures in measured.items()})
            progress(f"round {number + 1}/{rounds}: {_in_words(results[-1])}")
    return results


def _mean(measured: list[Figures]) -> Figures:
    return {metric: statistics.fmean(figures[metric] for figures in measured) for metric in measured[0]}


def _in_words(results: dict[str, Figures]) -> str:
    return "; ".join(
        f"{name} " + ", ".join(f"{metric} {value:,.4g}" for metric, value in figures.items())
        for name, figures in results.items()
    )


def summarise(
    results: list[dict[str, Figures]], *, baseline: str, challenger: str, units: dict[str, str]
) -> list[Summary]:
    """One Summary per metric.  A noisy machine moves both contenders of a round: ratios are taken within it."""
    summaries = []
    for metric, unit in units.items():
        base = [row[baseline][metric] for row in results]
        other = [row[challenger][metric] for row in results]
        ratios = [theirs / ours for ours, theirs in zip(base, other, strict=True)]
        low, _, high = statistics.quantiles(ratios, n=4) if len(ratios) > 1 else (ratios[0],) * 3
        summaries.append(
            Summary(
                metric, unit, statistics.median(base), statistics.median(other), statistics.median(ratios), (low, high)
            )
        )
    return summaries


def record(summaries: list[Summary]) -> list[dict[str, Any]]:
    """As data, for ``--json``."""
    return [{name: getattr(summary, name) for name in summary.__struct_fields__} for summary in summaries]
