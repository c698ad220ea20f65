"""Answers as plain data, for the CLI, the admin API and ``--json``."""

from __future__ import annotations

from collections.abc import Container, Iterator, Sequence
from typing import Any, Literal

from realvpc.net.network import Network
from realvpc.net.trace import ENDPOINTS, Trace

from .endpoint import Endpoint, label, running
from .question import Question, Reachability, ask


def why(network: Network, source: Endpoint, destination: Endpoint, protocol: str, port: int) -> dict[str, Any]:
    """The answer to ``realvpc why``.  Raises ValueError when ``source`` is an address that nobody here has."""
    return explain(network, _ask(network, source, destination, protocol, port))


def explain(network: Network, found: Reachability) -> dict[str, Any]:
    """One answer in full: the sentence in both languages, and every hop there and back."""
    decisive = found.stray.trace if found.stray else found.decisive
    return _verdict(network, found) | {
        "explanation_code": None if found.stray else decisive.reason.explanation_code,
        "direction": "forward" if decisive is found.forward else "reply",
        "arrived_at": label(network, _arrived_at(found.forward)) if found.forward.delivered_to else None,
        "protocol": found.question.protocol,
        "port": found.question.port,
        "source": str(found.question.source),
        "destination": str(found.question.destination),
        "forward": _hops(network, found.forward),
        "reply": _hops(network, found.reply) if found.reply else None,
    }


def _arrived_at(trace: Trace) -> str:
    return trace.resource if trace.delivered_to == ENDPOINTS else trace.delivered_to or ""


class Matrix:
    """Every running instance (or ``only`` those with these ids) against every other, at one moment.

    ``cells`` is as long as the work is: whoever must not stand still for it takes a few cells at a time.
    """

    def __init__(
        self,
        network: Network,
        protocol: str = "icmp",
        port: int = 0,
        only: Container[str] | None = None,
        *,
        ipv6: bool = False,
    ) -> None:
        """Raises ValueError for an unknown protocol."""
        _check_protocol(protocol)
        self._network, self._protocol, self._port = network, protocol, port
        self._endpoints = [row for row in running(network, ipv6=ipv6) if only is None or row.instance_id in only]
        others = (row for row in running(network, ipv6=not ipv6) if only is None or row.instance_id in only)
        there = {row.instance_id for row in self._endpoints}
        self._left_out = [row.name for row in others if row.instance_id not in there]

    def cells(self) -> Iterator[dict[str, Any] | None]:
        """Row by row, None on the diagonal."""
        for row in self._endpoints:
            for column in self._endpoints:
                found = None if row is column else _ask(self._network, row, column, self._protocol, self._port)
                yield _verdict(self._network, found) if found else None

    def report(self, cells: Sequence[dict[str, Any] | None]) -> dict[str, Any]:
        """All of it, with all the cells; ``left_out`` are the names of those that have an address of the other family
        alone."""
        size = len(self._endpoints)
        return {
            "instances": [
                {"id": row.instance_id, "name": row.name, "address": str(row.address)} for row in self._endpoints
            ],
            "protocol": self._protocol,
            "port": self._port,
            "cells": [list(cells[start : start + size]) for start in range(0, len(cells), size or 1)],
            "left_out": self._left_out,
        }


def matrix(network: Network) -> dict[str, Any]:
    """Who can ping whom, at once."""
    whole = Matrix(network)
    return whole.report(list(whole.cells()))


def _verdict(network: Network, found: Reachability) -> dict[str, Any]:
    """One answer in short: a cell of the matrix."""
    return {
        "reachable": found.reachable,
        "reason": found.stray.kind.name if found.stray else found.decisive.reason.name,
        "sentence": _sentence(network, found, "en"),
        "sentence_ja": _sentence(network, found, "ja"),
    }


def _sentence(network: Network, found: Reachability, language: Literal["en", "ja"]) -> str:
    if found.stray is None:
        return found.decisive.sentence(language, lambda resource: label(network, resource))
    english, japanese = found.stray.kind.value
    trace = found.stray.trace
    return (english if language == "en" else japanese).format(
        source=trace.sent.source,
        destination=trace.sent.destination,
        asked=label(network, found.stray.asked or ""),
        instead=label(network, trace.delivered_to or ""),
    )


def _ask(network: Network, source: Endpoint, destination: Endpoint, protocol: str, port: int) -> Reachability:
    if source.interface_id is None:
        raise ValueError(f"{source.name} is an address, not a place: name an instance, an interface or 'internet'")
    if source.address.is_ipv4 != destination.address.is_ipv4:
        raise ValueError(f"{source.address} and {destination.address} are of different families")
    _check_protocol(protocol)
    question = Question(
        at=source.interface_id,
        source=source.address,
        destination=destination.address,
        receiver=destination.interface_id,
        protocol=protocol,  # type: ignore[arg-type]  # checked above
        port=port,
    )
    return ask(network, question)


def _check_protocol(protocol: str) -> None:
    if protocol not in ("icmp", "tcp", "udp"):
        raise ValueError(f"unknown protocol {protocol!r}: icmp, tcp or udp")


def _hops(network: Network, trace: Trace) -> list[dict[str, Any]]:
    return [
        {"layer": str(hop.layer), "resource": label(network, hop.resource), "rule": hop.rule, "passed": hop.passed}
        for hop in trace.hops
    ]
