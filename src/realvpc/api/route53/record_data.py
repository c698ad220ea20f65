"""The values of records: what Route 53 takes for each type (developer guide, "Supported DNS record types").

dnspython reads them; Route 53 writes the same text as master files do, but for its octal escapes.
"""

from __future__ import annotations

import re

import dns.exception
import dns.name
import dns.rdata
import dns.rdataclass

from realvpc.net.domain_name import canonical, presentation

from .common import name_problem

_QUOTED = r'"(?:[^"\\]|\\.)*"'
_ESCAPED = re.compile(r"\\(?:[0-3][0-7]{2}|.)")
_STRINGS = re.compile(rf"\s*(?:{_QUOTED}\s*)+")
# One line of printable characters, without what means something else in a master file: comments, parentheses and the
# notation for unknown types (RFC 3597).
_LINE = re.compile(rf'(?!\s*\\#)(?:{_QUOTED}|[^\s"();\\]|\\.|[ \t])+')
_AUTHORITY = re.compile(r"\s*\S+\s+\S+(?:\s+[0-9]+){5}\s*", re.ASCII)  # dnspython takes times as 1d, too
_PRINTABLE = re.compile(r"[\t\x20-\x7e]+")

_STRING_TYPES = ("TXT", "SPF")
_LONGEST_STRING = 255  # bytes (RFC 1035 section 3.3)
_NAME_TYPES = ("CNAME", "NS", "PTR")
_PROBLEMS = {
    "A": ("ARRDATAIllegalIPv4Address", "Value is not a valid IPv4 address"),
    "AAAA": ("AAAARRDATAIllegalIPv6Address", "Value is not a valid IPv6 address"),
    "CAA": ("CAARRDATAInvalid", "Value should be flags, a tag and a value in quotation marks"),
    "MX": ("MXRRDATANotTwoFields", "Value should be a preference and a domain name"),
    "SRV": ("SRVRRDATANotFourFields", "Value should be priority, weight, port and a domain name"),
    "SOA": ("SOARRDATAInvalid", "Value should be two domain names and five numbers"),
    "SPF": ("InvalidCharacterString", "Value should be enclosed in quotation marks"),
    "TXT": ("InvalidCharacterString", "Value should be enclosed in quotation marks"),
}
_TOO_LONG = ("CharacterStringTooLong", "Value is too long")
_OTHER = ("InvalidRecordData", "Value is not valid for this type of record")


def value_problem(record_type: str, value: str) -> str | None:
    """What is wrong with a value, in Route 53's words; None when nothing is."""
    if _is_good(record_type, value):
        return None
    if record_type in _NAME_TYPES:
        return f"Invalid Resource Record: '{name_problem(value)}'"
    code, words = _TOO_LONG if _holds_long_string(record_type, value) else _PROBLEMS.get(record_type, _OTHER)
    return f"Invalid Resource Record: 'FATAL problem: {code} ({words}) encountered with '{value}''"


def _holds_long_string(record_type: str, value: str) -> bool:
    """Whether it is a row of strings, one of which is too long: keys of DKIM have to be cut into several."""
    if record_type not in _STRING_TYPES or not _PRINTABLE.fullmatch(value) or not _STRINGS.fullmatch(value):
        return False
    return any(len(_ESCAPED.sub("x", text)) - 2 > _LONGEST_STRING for text in re.findall(_QUOTED, value))


def _is_good(record_type: str, value: str) -> bool:
    if not _PRINTABLE.fullmatch(value) or not _LINE.fullmatch(value):
        return False
    if record_type in _STRING_TYPES and not _STRINGS.fullmatch(value):
        return False
    if record_type == "SOA" and not _AUTHORITY.fullmatch(value):
        return False
    try:
        if record_type in _NAME_TYPES:
            canonical(value)
        dns.rdata.from_text(dns.rdataclass.IN, record_type, presentation(value), origin=dns.name.root, relativize=False)
    except (dns.exception.DNSException, ValueError):
        return False
    return True
