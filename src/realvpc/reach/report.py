"""Answers as plain data, for the CLI, the admin API and ``--json``."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

from realvpc.net.network import Network
from realvpc.net.trace import Trace

from .endpoint import Endpoint, label, running
from .question import Question, Reachability, ask


def why(network: Network, source: Endpoint, destination: Endpoint, protocol: str, port: int) -> dict[str, Any]:
    """The answer to ``realvpc why``.  Raises ValueError when ``source`` is an address that nobody here has."""
    return explain(network, _ask(network, source, destination, protocol, port))


def explain(network: Network, found: Reachability) -> dict[str, Any]:
    """One answer in full: the sentence in both languages, and every hop there and back."""
    return _verdict(network, found) | {
        "explanation_code": found.decisive.reason.explanation_code,
        "direction": "forward" if found.decisive is found.forward else "reply",
        "protocol": found.question.protocol,
        "port": found.question.port,
        "source": str(found.question.source),
        "destination": str(found.question.destination),
        "forward": _hops(network, found.forward),
        "reply": _hops(network, found.reply) if found.reply else None,
    }


def matrix(
    network: Network, protocol: str = "icmp", port: int = 0, only: Container[str] | None = None
) -> dict[str, Any]:
    """Every running instance (or ``only`` those with these ids) against every other.

    ``cells`` row by row, None on the diagonal.
    """
    endpoints = [row for row in running(network) if only is None or row.instance_id in only]
    cells = [
        [
            None if row is column else _verdict(network, _ask(network, row, column, protocol, port))
            for column in endpoints
        ]
        for row in endpoints
    ]
    return {
        "instances": [{"id": row.instance_id, "name": row.name, "address": str(row.address)} for row in endpoints],
        "protocol": protocol,
        "port": port,
        "cells": cells,
    }


def _verdict(network: Network, found: Reachability) -> dict[str, Any]:
    """One answer in short: a cell of the matrix."""
    return {
        "reachable": found.reachable,
        "reason": found.decisive.reason.name,
        "sentence": found.decisive.sentence("en", lambda resource: label(network, resource)),
        "sentence_ja": found.decisive.sentence("ja", lambda resource: label(network, resource)),
    }


def _ask(network: Network, source: Endpoint, destination: Endpoint, protocol: str, port: int) -> Reachability:
    if source.interface_id is None:
        raise ValueError(f"{source.name} is an address, not a place: name an instance, an interface or 'internet'")
    if protocol not in ("icmp", "tcp", "udp"):
        raise ValueError(f"unknown protocol {protocol!r}: icmp, tcp or udp")
    question = Question(
        at=source.interface_id,
        source=source.address,
        destination=destination.address,
        protocol=protocol,  # type: ignore[arg-type]  # checked above
        port=port,
    )
    return ask(network, question)


def _hops(network: Network, trace: Trace) -> list[dict[str, Any]]:
    return [
        {"layer": str(hop.layer), "resource": label(network, hop.resource), "rule": hop.rule, "passed": hop.passed}
        for hop in trace.hops
    ]
