"""Questions and answers in bytes."""

from __future__ import annotations

from typing import Any

import dns.edns
import dns.flags
import dns.message
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import pytest
from hypothesis import given
from hypothesis import strategies as st

from realvpc.dns.message import respond
from realvpc.net.vpc import Vpc
from realvpc.store.state import State

from .test_amazon import EC2_A, IP_A
from .test_hosted import RECORDS, zone
from .world import changed, world

WORLD = zone(world(), "corp.example", RECORDS, "vpc-a")
MANY = tuple(f"10.20.{high}.{low}" for high in range(2) for low in range(200))
LARGE = zone(world(), "corp.example", {("large.corp.example", "A"): MANY}, "vpc-a")


def heard(state: State, query: dns.message.Message | bytes, **how: Any) -> dns.message.Message:
    wire = query if isinstance(query, bytes) else query.to_wire()
    answer = respond(state, state.network.interfaces["eni-a"], wire, **how)
    assert answer is not None
    return dns.message.from_wire(answer, ignore_trailing=False)


def question(name: str, kind: str = "A", **how: Any) -> dns.message.Message:
    return dns.message.make_query(name, kind, **how)


def test_an_answer_is_for_its_question() -> None:
    query = question("IP-10-20-0-207.ap-northeast-1.compute.internal.")
    answer = heard(WORLD, query)
    assert query.is_response(answer)
    assert dns.flags.to_text(answer.flags) == "QR RD RA"
    assert answer.question == query.question
    [rrset] = answer.answer
    assert rrset.to_text() == "IP-10-20-0-207.ap-northeast-1.compute.internal. 60 IN A 10.20.0.207"


@pytest.mark.parametrize(
    ("name", "kind", "code", "shown"),
    [
        (EC2_A, "A", "NOERROR", [f"{EC2_A}. 20 IN A 10.20.0.207"]),
        ("207.0.20.10.in-addr.arpa", "PTR", "NOERROR", [f"207.0.20.10.in-addr.arpa. 60 IN PTR {IP_A}."]),
        ("www.corp.example", "TXT", "NOERROR", ['www.corp.example. 300 IN TXT "v=1" "two strings"']),
        ("x.any.corp.example", "MX", "NOERROR", ["x.any.corp.example. 300 IN MX 10 mail.corp.example."]),
        ("nowhere.corp.example", "A", "NXDOMAIN", ["nowhere.corp.example. 300 IN CNAME missing.corp.example."]),
        ("round.corp.example", "A", "SERVFAIL", []),
        ("bad.corp.example", "A", "SERVFAIL", []),
        ("example.org", "A", "NXDOMAIN", []),
        (r"a\000b.corp.example", "A", "NXDOMAIN", []),
        (".", "NS", "NOERROR", []),
        (".", "TYPE65280", "NOERROR", []),
        (IP_A, "AXFR", "REFUSED", []),
        (IP_A, "MAILB", "REFUSED", []),
    ],
)
def test_answers(name: str, kind: str, code: str, shown: list[str]) -> None:
    query = question(name) if kind in ("AXFR", "MAILB") else question(name, kind)
    query.question[0].rdtype = dns.rdatatype.from_text(kind)
    answer = heard(WORLD, query)
    assert dns.rcode.to_text(answer.rcode()) == code
    assert [text for rrset in answer.answer for text in rrset.to_text().split("\n")] == shown
    negative = code == "NXDOMAIN" or (code == "NOERROR" and not shown)
    assert [rrset.rdtype for rrset in answer.authority] == ([dns.rdatatype.SOA] if negative else [])


@pytest.mark.parametrize(("edns", "limit"), [(None, 512), (100, 512), (1232, 1232), (65535, 4096)])
def test_a_long_answer_is_cut_off_over_udp(edns: int | None, limit: int) -> None:
    how: dict[str, Any] = {} if edns is None else {"use_edns": 0, "payload": edns}
    query = question("large.corp.example", **how)
    wire = respond(LARGE, LARGE.network.interfaces["eni-a"], query.to_wire())
    assert wire is not None
    assert len(wire) <= limit
    assert dns.message.from_wire(wire).flags & dns.flags.TC
    whole = heard(LARGE, query, over_tcp=True)
    assert not whole.flags & dns.flags.TC
    assert sorted(str(address) for address in whole.answer[0]) == sorted(MANY)


def test_edns_is_answered_with_edns_and_only_then() -> None:
    assert heard(WORLD, question(IP_A)).edns == -1
    assert heard(WORLD, question(IP_A, use_edns=0)).edns == 0
    unknown = heard(WORLD, question(IP_A, use_edns=1))
    assert (unknown.rcode(), unknown.edns) == (dns.rcode.BADVERS, 0)


def test_without_dns_support_nobody_answers() -> None:
    state = changed(WORLD, Vpc, "vpc-a", enable_dns_support=False)
    assert respond(state, state.network.interfaces["eni-a"], question(IP_A).to_wire()) is None


@pytest.mark.parametrize(
    "wire",
    [b"", b"\x12\x34", question(IP_A).to_wire()[:11], dns.message.make_response(question(IP_A)).to_wire()],
    ids=["nothing", "its id alone", "less than a head", "an answer"],
)
def test_what_is_no_question_gets_no_answer(wire: bytes) -> None:
    assert respond(WORLD, WORLD.network.interfaces["eni-a"], wire) is None


@pytest.mark.parametrize("opcode", [code for code in dns.opcode.Opcode if code != dns.opcode.QUERY])
def test_other_operations_are_not_implemented(opcode: dns.opcode.Opcode) -> None:
    wire = bytearray(question(IP_A).to_wire())
    wire[2] |= opcode << 3
    answer = heard(WORLD, bytes(wire))
    assert (answer.rcode(), answer.opcode()) == (dns.rcode.NOTIMP, opcode)


def test_what_is_written_badly_is_a_format_error() -> None:
    two = question(IP_A)
    two.question.append(question(EC2_A).question[0])
    for wire in (question(IP_A).to_wire() + b"x", question(IP_A).to_wire()[:-1], two.to_wire(), bytes(12)):
        answer = heard(WORLD, wire)
        assert (answer.rcode(), answer.id) == (dns.rcode.FORMERR, int.from_bytes(wire[:2], "big"))
        assert not answer.question


MANY_RECORDS = (200, 200 * b"\xc0\x0c\0\1\0\1\0\0\0\0\0\4abcd")
MANY_OPTIONS = (1, b"\0\0\x29\x10\0\0\0\0\0" + (60_000).to_bytes(2, "big") + 15_000 * b"\xfd\xe9\0\0")


@pytest.mark.parametrize(("number", "records"), [MANY_RECORDS, MANY_OPTIONS])
def test_what_takes_long_to_read_is_not_read(number: int, records: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    wire = question(IP_A).to_wire()
    wire = wire[:10] + number.to_bytes(2, "big") + wire[12:] + records
    monkeypatch.setattr(dns.message, "from_wire", None)
    answer = respond(WORLD, WORLD.network.interfaces["eni-a"], wire, over_tcp=True)
    assert answer is not None
    assert answer[3] & 0x0F == dns.rcode.FORMERR


def test_other_classes_are_refused() -> None:
    answer = heard(WORLD, question("version.bind", "TXT", rdclass=dns.rdataclass.CH))
    assert answer.rcode() == dns.rcode.REFUSED


# Garbage, and good questions that were damaged on the way.
DAMAGED = st.tuples(
    st.sampled_from([question(IP_A).to_wire(), question("x.any.corp.example", "MX", use_edns=0).to_wire()]),
    st.lists(st.tuples(st.integers(0, 70), st.integers(0, 255)), min_size=1, max_size=8),
)


def check(wire: bytes) -> None:
    answer = respond(WORLD, WORLD.network.interfaces["eni-a"], wire)
    if answer is not None:
        assert len(answer) <= 4096
        assert answer[:2] == wire[:2]
        assert dns.message.from_wire(answer).flags & dns.flags.QR


@given(st.binary(max_size=200))
def test_no_bytes_stop_the_resolver(wire: bytes) -> None:
    check(wire)


@given(DAMAGED)
def test_no_damaged_question_stops_the_resolver(damaged: tuple[bytes, list[tuple[int, int]]]) -> None:
    wire = bytearray(damaged[0])
    for place, byte in damaged[1]:
        wire[place % len(wire)] = byte
    check(bytes(wire))


@given(st.binary(max_size=80))
def test_no_bytes_after_a_good_header_stop_the_resolver(rest: bytes) -> None:
    check(bytes.fromhex("123401000001000000000000") + rest)
