"""DNS messages: a question in bytes, its answer in bytes (RFC 1035, RFC 6891).

A pure function, but for the order of the records of one set, which dnspython shuffles.
"""

from __future__ import annotations

from struct import Struct
from typing import Any

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.opcode
import dns.rcode
import dns.rdataclass
import dns.rdatatype
import dns.rrset

from realvpc.net.domain_name import from_labels, presentation, to_labels
from realvpc.net.network_interface import NetworkInterface

from .node import Records
from .resolve import resolve, resolve_with_dns64
from .sources import Sources

UDP_SIZE = 512  # bytes, for a client without EDNS
LARGEST_UDP_SIZE = 4096
LARGEST_TCP_SIZE = 65535
LARGEST_QUESTION = 4096
_HEADER = 12  # bytes
_COUNTS = Struct("!4H")  # of a header's four sections
_MOST_OTHERS = 3  # records


def respond(sources: Sources, asker: NetworkInterface, wire: bytes, *, over_tcp: bool = False) -> bytes | None:
    """The answer to what the interface ``asker`` sent, or None where there is none: DNS support of its VPC is off, or
    the message is no question at all.

    Over UDP an answer that is too long is cut off and says so (the TC flag).
    """
    vpc = sources.network.vpcs[asker.vpc_id]
    if not vpc.enable_dns_support or len(wire) < _HEADER or wire[2] & 0x80:
        return None
    if wire[2] >> 3 & 0x0F != dns.opcode.QUERY:
        return _refusal(wire, dns.rcode.NOTIMP)
    if not _looks_like_a_question(wire):
        return _refusal(wire, dns.rcode.FORMERR)
    try:
        query = dns.message.from_wire(wire)
    except dns.exception.DNSException:
        return _refusal(wire, dns.rcode.FORMERR)
    response = dns.message.make_response(query, recursion_available=True, our_payload=LARGEST_UDP_SIZE)
    question = query.question[0]
    if query.edns > 0:
        response.set_rcode(dns.rcode.BADVERS)
    elif question.rdclass != dns.rdataclass.IN or _is_refused(question.rdtype):
        response.set_rcode(dns.rcode.REFUSED)
    else:
        answer = resolve_with_dns64 if sources.network.subnets[asker.subnet_id].enable_dns64 else resolve
        resolution = answer(
            sources, vpc, from_labels(question.name.labels[:-1]), dns.rdatatype.to_text(question.rdtype)
        )
        response.set_rcode(dns.rcode.from_text(resolution.outcome.value))
        try:
            response.answer = [_rrset(records) for records in resolution.answer]
            response.authority = [_rrset(resolution.authority)] if resolution.authority else []
        except dns.exception.DNSException:  # a record set that somebody made says what its type does not allow
            response.answer = []
            response.set_rcode(dns.rcode.SERVFAIL)
    return response.to_wire(max_size=_limit(query, over_tcp=over_tcp), prefer_truncation=True)


def _looks_like_a_question(wire: bytes) -> bool:
    """Whether it is as short as questions are, and the header announces one question and no more beside it than a
    question has (OPT, TSIG, IXFR's SOA).

    To read thousands of records or options takes a tenth of a second, in which nobody else is answered.
    """
    questions, *others = _COUNTS.unpack_from(wire, 4)
    return len(wire) <= LARGEST_QUESTION and questions == 1 and sum(others) <= _MOST_OTHERS


def _limit(query: dns.message.Message, *, over_tcp: bool) -> int:
    if over_tcp:
        return LARGEST_TCP_SIZE
    return min(max(query.payload, UDP_SIZE), LARGEST_UDP_SIZE) if query.edns >= 0 else UDP_SIZE


def _is_refused(kind: dns.rdatatype.RdataType) -> bool:
    """Zone transfers and types that are no records."""
    return dns.rdatatype.is_metatype(kind) and kind != dns.rdatatype.ANY


def servfail(wire: bytes) -> bytes:
    """The answer to a question, read or not, that failed on our side.  ``wire`` is at least a header."""
    return _refusal(wire, dns.rcode.SERVFAIL)


def _refusal(wire: bytes, code: dns.rcode.Rcode) -> bytes:
    """An answer to what could not be read: its header, and nothing else."""
    response = dns.message.Message(int.from_bytes(wire[:2], "big"))
    response.flags = dns.flags.QR | dns.flags.RA | int.from_bytes(wire[2:4], "big") & dns.flags.RD
    response.set_opcode(dns.opcode.from_text(str(wire[2] >> 3 & 0x0F)))
    response.set_rcode(code)
    return response.to_wire()


def _rrset(records: Records) -> dns.rrset.RRset:
    """Raises DNSException for values that are none of the type."""
    name = dns.name.Name((*to_labels(records.name), b"")) if records.name != "." else dns.name.root
    values = [presentation(value) for value in records.values]
    absolute: dict[str, Any] = {"origin": dns.name.root, "relativize": False}
    return dns.rrset.from_text_list(name, records.ttl, "IN", records.type, values, **absolute)
