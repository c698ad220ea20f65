"""The values of records: what Route 53 takes for each type (developer guide, "Supported DNS record types").

dnspython reads them; Route 53 writes the same text as master files do, but for its octal escapes.
"""

from __future__ import annotations

import re

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass

from realvpc.net.domain_name import presentation

_QUOTED = r'"(?:[^"\\]|\\.)*"'
_STRINGS = re.compile(rf"\s*(?:{_QUOTED}\s*)+")
# One line of printable characters, without what means something else in a master file: comments, parentheses and the
# notation for unknown types (RFC 3597).
_LINE = re.compile(rf'(?!\s*\\#)(?:{_QUOTED}|[^\s"();\\]|\\.|[ \t])+')
_PRINTABLE = re.compile(r"[\t\x20-\x7e]+")

_STRING_TYPES = ("TXT", "SPF")
_PROBLEMS = {
    "A": ("ARRDATAIllegalIPv4Address", "Value is not a valid IPv4 address"),
    "AAAA": ("AAAARRDATAIllegalIPv6Address", "Value is not a valid IPv6 address"),
    "CAA": ("CAARRDATAInvalid", "Value should be flags, a tag and a value in quotation marks"),
    "MX": ("MXRRDATANotTwoFields", "Value should be a preference and a domain name"),
    "SRV": ("SRVRRDATANotFourFields", "Value should be priority, weight, port and a domain name"),
    "SPF": ("InvalidCharacterString", "Value should be enclosed in quotation marks"),
    "TXT": ("InvalidCharacterString", "Value should be enclosed in quotation marks"),
}
_DOMAIN_NAME = ("DomainNameInvalid", "Value is not a valid domain name")
_PROBLEMS |= dict.fromkeys(("CNAME", "NS", "PTR"), _DOMAIN_NAME)
_OTHER = ("InvalidRecordData", "Value is not valid for this type of record")


def to_rdata(record_type: str, value: str) -> dns.rdata.Rdata:
    """The record as DNS messages carry it; names in it are absolute.  Raises ValueError."""
    if not _PRINTABLE.fullmatch(value) or not _LINE.fullmatch(value):
        raise ValueError(value)
    if record_type in _STRING_TYPES and not _STRINGS.fullmatch(value):
        raise ValueError(value)
    try:
        return dns.rdata.from_text(
            dns.rdataclass.IN, record_type, presentation(value), origin=dns.name.root, relativize=False
        )
    except dns.exception.DNSException as error:
        raise ValueError(value) from error


def value_problem(record_type: str, value: str) -> str | None:
    """What is wrong with a value, in Route 53's words; None when nothing is."""
    try:
        to_rdata(record_type, value)
    except ValueError:
        code, words = _PROBLEMS.get(record_type, _OTHER)
        return f"Invalid Resource Record: 'FATAL problem: {code} ({words}) encountered with '{value}''"
    return None
