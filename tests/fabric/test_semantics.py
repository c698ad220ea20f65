"""docs/semantics.md says what the code does.  ``REALVPC_WRITE_DOCS=1`` writes the generated part anew."""

from __future__ import annotations

import os
import re
from pathlib import Path

from realvpc.fabric.bpf import constants
from realvpc.net import allowances, mtu, nat_flow, route_table
from realvpc.net.reasons import Layer, Reason

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "semantics.md"
LAW = ROOT / "src" / "realvpc" / "net"
PROGRAM = ROOT / "src" / "realvpc" / "fabric" / "bpf" / "src"
START, END = "<!-- reasons: generated from src/realvpc/net/reasons.py -->\n", "<!-- end of reasons -->\n"


def reason_table() -> str:
    rows = ["| # | Reason | Layer | Code | In words |", "|---|---|---|---|---|"]
    for reason in Reason:
        sentence = re.sub(r"\{(\w+)\}", r"*\1*", reason.english)
        code = f"`{reason.explanation_code}`" if reason.explanation_code else ""
        rows.append(f"| {reason.number} | `{reason.name}` | {reason.layer} | {code} | {sentence} |")
    return "\n".join(rows) + "\n"


def layer_rows() -> list[list[str]]:
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in PAGE.read_text().splitlines()
        if re.match(r"\| \d+ \| [a-zA-Z ]+ \| .* \| .* \| .* \| ", line)
    ]


def test_the_reasons_are_those_of_the_code() -> None:
    before, _, rest = PAGE.read_text().partition(START)
    table, _, after = rest.partition(END)
    if os.environ.get("REALVPC_WRITE_DOCS"):
        PAGE.write_text(before + START + reason_table() + END + after)
    else:
        assert table == reason_table(), "REALVPC_WRITE_DOCS=1 writes the table"


def test_the_layers_are_those_of_the_code_in_their_order() -> None:
    assert [row[1] for row in layer_rows()] == [layer.value for layer in Layer]


def test_the_functions_that_the_layers_name_exist() -> None:
    for row in layer_rows():
        module = ""
        for file, name in re.findall(r"`(?:(\w+\.py)`|(\w+)`)", row[4]):
            module = file or module
            assert not name or f"def {name}(" in (LAW / module).read_text(), f"{name} in {module}"
        for header, name in re.findall(r"`([\w.]+\.[ch])`(?: `(\w+)`)?", row[5]):
            source = (PROGRAM / header).read_text()
            assert not name or re.search(rf"\b{name}\(", source), f"{name} in {header}"


def test_the_figures_are_those_of_the_code() -> None:
    page = PAGE.read_text()
    for seconds in (
        constants.SECONDS_TCP_ESTABLISHED,
        constants.SECONDS_TCP_OPENING,
        constants.SECONDS_TCP_CLOSED,
        constants.SECONDS_UDP_SINGLE,
        constants.SECONDS_UDP_STREAM,
        constants.SECONDS_ICMP,
        constants.SECONDS_OTHER,
    ):
        assert f"| {seconds:,} s" in page
    for size in (mtu.SAME_REGION, mtu.CROSS_REGION, mtu.INTERNET, mtu.NAT_GATEWAY):
        assert f"{size} " in page
    allowed = (
        *(allowances.FLOWS, allowances.FLOWS_OF_INTERFACE, allowances.LINKLOCAL_PACKETS),
        *(nat_flow.FLOWS, nat_flow.FLOWS_OF_GATEWAY, nat_flow.PORTS, nat_flow.IDLE_SECONDS),
    )
    for figure in (*allowed, constants.FRAGMENT_PLACES, route_table.LOOKUPS_MAXIMUM):
        assert re.search(rf" {figure:,}[ ,;.\n]", page)
