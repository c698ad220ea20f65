"""The connectivity matrix: predicted by the model, measured by packets, side by side."""

from __future__ import annotations

from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from realvpc.columns import align, printable, width
from realvpc.node.connection import NodeConnection

from .probe import probe

_WORDS = {True: "yes", False: "no", None: "?"}


def measure(node_socket: Path, predicted: dict[str, Any]) -> list[list[bool | None]]:
    """Ping from every instance of the predicted matrix to every other one: whether that one got it, and answered.

    Raises NodeError.
    """
    instances = predicted["instances"]
    with NodeConnection(node_socket) as node, ExitStack() as open_sockets:
        sockets = [open_sockets.enter_context(node.probe(row["id"])) for row in instances]
        reached = probe(sockets, [row["address"] for row in instances])
    places = range(len(instances))
    return [[None if row == column else (row, column) in reached for column in places] for row in places]


def agrees(predicted: dict[str, Any], measured: list[list[bool | None]]) -> bool:
    """Whether every cell was measured as predicted, where anything was: a machine on the way may decide."""
    return all(
        cell is None or cell["reachable"] in (None, found)
        for cells, row in zip(predicted["cells"], measured, strict=True)
        for cell, found in zip(cells, row, strict=True)
    )


def table(
    predicted: dict[str, Any], measured: list[list[bool | None]] | None = None, *, columns: int | None = None
) -> list[str]:
    """Lines of text: one row per sender, one column per receiver; ``predicted/measured`` in each cell.

    Where that does not fit into so many ``columns`` of a terminal, receivers go by the numbers of their rows.
    """
    names = _names(predicted["instances"])
    lines = _lines(names, names, predicted, measured)
    if columns is not None and max(map(width, lines)) > columns:
        numbers = [str(number) for number in range(1, len(names) + 1)]
        lines = _lines(
            [f"{each} {name}" for each, name in zip(numbers, names, strict=True)], numbers, predicted, measured
        )
    legend = "predicted/measured" if measured is not None else "predicted"
    for answer in (False, None):
        reasons = {cell["reason"] for row in predicted["cells"] for cell in row if cell and cell["reachable"] is answer}
        legend += f"; {_WORDS[answer]}: {', '.join(sorted(reasons))}" if reasons else ""
    return [*lines, "", f"({legend})"]


def _names(instances: list[dict[str, Any]]) -> list[str]:
    """By Name, with the id where several have the same."""
    names = [printable(row["name"]) for row in instances]
    count = Counter(names)
    return [name if count[name] == 1 else f"{name} {row['id']}" for name, row in zip(names, instances, strict=True)]


def _lines(
    senders: list[str], receivers: list[str], predicted: dict[str, Any], measured: list[list[bool | None]] | None
) -> list[str]:
    texts = [["from \\ to", *receivers]]
    for index, (name, row) in enumerate(zip(senders, predicted["cells"], strict=True)):
        cells = [_cell(cell, None if measured is None else measured[index][column]) for column, cell in enumerate(row)]
        texts.append([name, *cells])
    return align(texts)


def _cell(predicted: dict[str, Any] | None, measured: bool | None) -> str:
    if predicted is None:
        return "-"
    text = _WORDS[predicted["reachable"]]
    return text if measured is None else f"{text}/{_WORDS[measured]}"
