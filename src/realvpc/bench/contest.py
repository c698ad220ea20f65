"""Rounds of contenders in alternating order, and what they come to."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

from msgspec import Struct


class Summary(Struct, frozen=True):
    """Of one metric: each contender's median, and the median and quartiles of challenger/baseline within a round."""

    metric: str
    unit: str
    baseline: float
    challenger: float
    ratio: float
    quartiles: tuple[float, float]


def alternate(
    rounds: int, contenders: dict[str, Callable[[], dict[str, float]]], progress: Callable[[str], None]
) -> list[dict[str, dict[str, float]]]:
    """Let every contender measure itself once a round, in an order that alternates; a warm-up round is thrown away."""
    results = []
    for number in range(-1, rounds):
        names = list(contenders) if number % 2 else list(contenders)[::-1]
        measured = {name: contenders[name]() for name in names}
        if number >= 0:
            results.append(measured)
            figures = "; ".join(
                f"{name} " + ", ".join(f"{metric} {value:,.4g}" for metric, value in measured[name].items())
                for name in contenders
            )
            progress(f"round {number + 1}/{rounds}: {figures}")
    return results


def summarise(
    results: list[dict[str, dict[str, float]]], *, baseline: str, challenger: str, units: dict[str, str]
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
