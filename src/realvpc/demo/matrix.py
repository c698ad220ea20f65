"""The connectivity matrix: predicted by the model, measured by pings, side by side."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from .ping import ping

_PARALLEL = 4


def measure(state_dir: Path, predicted: dict[str, Any]) -> list[list[bool | None]]:
    """Ping from every instance of the predicted matrix to every other one: whether at least one answer came.

    Raises PingError.
    """
    instances = predicted["instances"]

    def cell(pair: tuple[int, int]) -> bool | None:
        source, destination = (instances[index] for index in pair)
        if source is destination:
            return None
        return ping(state_dir, source["id"], destination["address"], count=2).received > 0

    pairs = [(row, column) for row in range(len(instances)) for column in range(len(instances))]
    with ThreadPoolExecutor(_PARALLEL) as pool:
        cells = list(pool.map(cell, pairs))
    return [cells[start : start + len(instances)] for start in range(0, len(cells), len(instances) or 1)]


def agrees(predicted: dict[str, Any], measured: list[list[bool | None]]) -> bool:
    """Whether every cell was measured as predicted."""
    return [[cell and cell["reachable"] for cell in row] for row in predicted["cells"]] == measured


def table(predicted: dict[str, Any], measured: list[list[bool | None]] | None = None) -> list[str]:
    """Lines of text: one row per sender, one column per receiver; ``predicted/measured`` in each cell."""
    names = [row["name"] for row in predicted["instances"]]
    texts = [["from \\ to", *names]]
    for index, (name, row) in enumerate(zip(names, predicted["cells"], strict=True)):
        cells = [_cell(cell, None if measured is None else measured[index][column]) for column, cell in enumerate(row)]
        texts.append([name, *cells])
    widths = [max(len(row[column]) for row in texts) for column in range(len(names) + 1)]
    lines = ["  ".join(text.ljust(width) for text, width in zip(row, widths, strict=True)).rstrip() for row in texts]
    legend = "predicted/measured" if measured is not None else "predicted"
    reasons = sorted({cell["reason"] for row in predicted["cells"] for cell in row if cell and not cell["reachable"]})
    return [*lines, "", f"({legend}" + (f"; no: {', '.join(reasons)})" if reasons else ")")]


def _cell(predicted: dict[str, Any] | None, measured: bool | None) -> str:
    if predicted is None:
        return "-"
    words = {True: "yes", False: "no"}
    text = words[predicted["reachable"]]
    return text if measured is None else f"{text}/{words[measured]}"
