"""Forty networks with real packets: who answers whom is what ``walk`` says, and what one change makes of it.

They are networks of one service, side by side on one fabric; their machines are namespaces instead of instances, some
with two interfaces, and what S3 and AWS's endpoint would say the test says.  One that differs is printed as the calls
that make it: ``REALVPC_SEED=<n>`` has that one alone, ``--first-seed`` others.
"""

from __future__ import annotations

import os
import resource
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from realvpc.clock import Clock
from realvpc.fabric.bpf import build
from realvpc.fabric.fabric import Fabric
from realvpc.net.network import Network
from realvpc.net.trace import AWS

from ..api.conftest import new_service
from .generated import Generated
from .host import Host
from .measured import Measurement
from .predicted import Probe, agrees_with_reach, answerer, probes
from .site import Step

pytestmark = pytest.mark.root

NETWORKS = 40
START = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)


@pytest.fixture(scope="module", autouse=True)
def current_object() -> None:
    build.main()


@pytest.fixture
def many_files() -> Iterator[None]:
    """A socket for every question: more than a process may have at first."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 1 << 16)), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.fixture
def fabric(tmp_path: Path) -> Iterator[Fabric]:
    made = Fabric(tmp_path / "fabric", user_namespaces=False)
    try:
        made.open()
        yield made
    finally:
        made.destroy()


class Case:
    """A network, its probes, and who should answer each; and the one change that was made of it."""

    def __init__(self, made: Generated) -> None:
        self.made = made
        self.probes = probes(made.network, made.machines, made.endpoints)
        self.expected = self._answers(made.network)
        self.step: Step | None = None
        self.flipped = 0

    def _answers(self, network: Network) -> list[str | None]:
        return [answerer(network, probe) for probe in self.probes]

    def differs_from_reach(self) -> list[Probe]:
        pairs = zip(self.probes, self.expected, strict=True)
        return [probe for probe, who in pairs if not agrees_with_reach(self.made.network, probe, who)]

    def change(self) -> None:
        """Take steps until one changes what is expected."""
        for step in self.made.steps:
            self.made.take(step)
            now = self._answers(self.made.network)
            self.flipped = sum(a != b for a, b in zip(now, self.expected, strict=True))
            self.expected = now
            if self.flipped:
                self.step = step
                return


def measure(host: Host, cases: list[Case], first_mark: int) -> tuple[list[str], int]:
    """What differs from what is expected, network by network; and the next mark."""
    asked = [(case, number) for case in cases for number in range(len(case.probes))]
    expected = [place for place, (case, number) in enumerate(asked) if case.expected[number] is not None]
    flat = [case.probes[number] for case, number in asked]
    answers = Measurement(host.places, flat, expected, first_mark=first_mark).run()
    wrong: dict[int, list[str]] = {}
    for place, (case, number) in enumerate(asked):
        who, should = answers.get(place), case.expected[number]
        if who != should:
            text = f"{case.probes[number]}: answered by {who}, predicted {should}"
            wrong.setdefault(cases.index(case), []).append(text)
    reports = [_report(cases[place], lines) for place, lines in wrong.items()]
    return reports, first_mark + len(flat)


def _report(case: Case, lines: list[str]) -> str:
    return "\n".join([f"REALVPC_SEED={case.made.seed}, after {case.step}", *lines[:40], case.made.describe()])


@pytest.mark.usefixtures("many_files")
def test_real_packets_say_what_is_predicted_and_a_change_flips_what_is_predicted(
    fabric: Fabric, pytestconfig: pytest.Config
) -> None:
    chosen, first = os.environ.get("REALVPC_SEED"), pytestconfig.getoption("first_seed")
    seeds = [int(chosen)] if chosen else list(range(first, first + NETWORKS))
    owners = {seed: (f"3{place:010}1", f"3{place:010}2") for place, seed in enumerate(seeds)}
    service = new_service(
        Clock(source=lambda: START), more_accounts=[each for pair in owners.values() for each in pair]
    )
    cases = [Case(Generated(service, seed, owners[seed])) for seed in seeds]
    differ = [f"REALVPC_SEED={case.made.seed}: {probe}" for case in cases for probe in case.differs_from_reach()]
    assert not differ, "reach says something else than walk"
    host = Host(fabric, service)
    try:
        endpoints = [endpoint for case in cases for endpoint in case.made.endpoints]
        host.bring_up({router for case in cases for router in case.made.routers}, endpoints)
        assert not fabric.faults()
        reports, mark = measure(host, cases, 0)
        assert not reports, "\n\n".join(reports)
        for case in cases:
            case.change()
        host.follow()
        reports, _ = measure(host, cases, mark)
        assert not reports, "\n\n".join(reports)
    finally:
        host.close()
    if not chosen:
        _is_worth_it(cases)


def _is_worth_it(cases: list[Case]) -> None:
    """That the networks have what they are made for."""
    answers = Counter(who is not None for case in cases for who in case.expected)
    assert min(answers.values()) > 1000, answers
    assert sum(case.step is not None for case in cases) >= 0.9 * len(cases), "changes that flip something"
    assert len({case.step.kind for case in cases if case.step}) >= 6
    pairs = [pair for case in cases for pair in zip(case.probes, case.expected, strict=True)]
    assert any(who not in (None, probe.receiver) for probe, who in pairs), "somebody else who has the address answers"
    endpoints = {endpoint for case in cases for endpoint in case.made.endpoints}
    seconds = {second for case in cases for second in case.made.seconds}
    for places in (endpoints, seconds, {AWS}):
        answered = [who is not None for probe, who in pairs if {probe.asker, probe.receiver} & places]
        assert min(answered.count(False), answered.count(True)) > 50, places
