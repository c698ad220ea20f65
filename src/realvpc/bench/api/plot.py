"""The contest as a picture: requests per second by case and contender, on a logarithmic axis.

Run by itself, in an environment that has matplotlib: ``plot.py RESULTS.json PICTURE``.
"""

from __future__ import annotations

import json
import statistics
import sys
from pathlib import Path
from typing import Any


def draw(results: list[dict[str, Any]], picture: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    names = list(results[0]["rates"])
    colours = dict(zip(names, ("#0972d3", "#b0b7c3", "#e07941"), strict=False))
    connections = sorted({row["connections"] for row in results})
    figure, columns = pyplot.subplots(1, len(connections), sharey=True, figsize=(13, 6.5), layout="constrained")
    for axes, count in zip(columns, connections, strict=True):
        rows = [row for row in results if row["connections"] == count][::-1]
        height = 0.8 / len(names)
        for place, name in enumerate(names):
            medians = [statistics.median(row["rates"][name]) for row in rows]
            at = [number + 0.4 - height * (place + 0.5) for number in range(len(rows))]
            axes.barh(at, medians, height, label=name, color=colours[name])
            for y, value in zip(at, medians, strict=True):
                axes.annotate(f" {value:,.0f}", (value, y), va="center", fontsize=7)
        axes.set_yticks(range(len(rows)), [row["case"] for row in rows])
        axes.set_xscale("log")
        axes.margins(x=0.15)
        axes.set_title(f"{count} connection{'' if count == 1 else 's'}")
        axes.set_xlabel("requests per second (median of the rounds)")
        axes.spines[["top", "right"]].set_visible(False)
    figure.legend(*columns[0].get_legend_handles_labels(), loc="outside upper right", ncols=len(names), frameon=False)
    figure.savefig(picture, dpi=120)


if __name__ == "__main__":
    draw(json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]))
