"""No value breaks what reads it, and what is taken can be told in a DNS message."""

from __future__ import annotations

import dns.name
import dns.rrset
from hypothesis import example, given, settings
from hypothesis import strategies as st

from realvpc.api.route53.record_data import value_problem
from realvpc.net.domain_name import canonical, presentation
from realvpc.wire.model import service_model

TYPES = service_model("route53").shape_for("RRType").enum
WORDS = [
    "10.0.0.1",
    "::1",
    "a.example",
    ".",
    "0",
    "10",
    "65536",
    "issue",
    '"text"',
    '"',
    "\\",
    "\\052",
    "\\#",
    ";",
    "(",
]
WORDS += ["alpn=h2", "mandatory=alpn", "key1=\\400", "ab" * 20, "1d", "\\777", "\n", "ä", "x" * 64]

values = st.lists(st.sampled_from(WORDS) | st.text(max_size=4), max_size=8).map(" ".join)


@settings(max_examples=500, deadline=None)
@given(record_type=st.sampled_from(TYPES), value=values)
@example(record_type="SOA", value="a. b. 1 2 3 4 5")
def test_a_value_is_refused_in_words_or_can_be_told(record_type: str, value: str) -> None:
    problem = value_problem(record_type, value)
    if problem is not None:
        assert problem.startswith("Invalid Resource Record: 'FATAL problem: ")
        return
    text = presentation(value)
    told = dns.rrset.from_text_list("a.example.", 60, "IN", record_type, [text], origin=dns.name.root, relativize=False)
    assert told.to_rdataset().to_text()
    if record_type == "CNAME":
        assert canonical(value)
    if record_type == "SOA":
        assert int(value.split()[-1]) >= 0
