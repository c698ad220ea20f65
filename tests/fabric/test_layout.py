"""C and Python lay out the same bytes, and have the same numbers."""

from __future__ import annotations

import re
import socket

import pytest

from realvpc.fabric.bpf import build, layout
from realvpc.fabric.bpf.generate import header
from realvpc.fabric.bpf.record import U8, U32, U64, Field, Record
from realvpc.net.packet import PROTOCOL_NUMBERS
from realvpc.net.reasons import Reason


def test_every_reason_is_in_the_header_and_has_a_counter() -> None:
    (counters,) = [spec for spec in layout.MAPS if spec.name == "counters"]
    for reason in Reason:
        assert f"\tREASON_{reason.name} = {reason.number},\n" in header()
        assert reason.number < counters.max_entries


def test_c_defines_no_number_by_hand() -> None:
    """What is left are sizes of addresses, MACs and words."""
    for path in build.SOURCE.parent.iterdir():
        code = re.sub(r"/\*.*?\*/|//[^\n]*", "", path.read_text(), flags=re.DOTALL)
        assert set(re.findall(r"\b(?:0x[0-9a-fA-F]+|\d+)", code)) <= {"0", "1", "2", "3", "4", "6", "8", "16"}, (
            path.name
        )
        assert re.findall(r"#define (\w+) \(?-?\d", code) in ([], ["BEGINS"], ["NOT_IP"]), path.name
        assert "IPPROTO_" not in code, path.name


@pytest.mark.parametrize(("name", "number"), PROTOCOL_NUMBERS.items())
def test_the_numbers_of_the_model_are_the_kernels(name: str, number: int) -> None:
    assert getattr(socket, f"IPPROTO_{name.upper()}") == number


def test_a_machine_can_answer_before_it_can_be_reached() -> None:
    """Otherwise its first ARP request is dropped, and the kernel asks again a second later."""
    written = [spec.name for spec in layout.MAPS]
    assert written.index("interfaces") < written.index("links")
    assert written.index("links") < min(written.index("addresses"), written.index("public_addresses"))


def test_fields_are_aligned_as_c_aligns_them() -> None:
    record = Record("sample", Field("small", U8), Field("large", U64), Field("last", U32))
    assert record.size == 24
    assert record.pack(1, 2, 3) == b"\1" + bytes(7) + b"\2" + bytes(7) + b"\3" + bytes(7)
    assert record.unpack(record.pack(1, 2, 3)) == {"small": 1, "large": 2, "last": 3}


def test_the_key_of_a_trie_has_no_holes() -> None:
    assert layout.LPM_KEY.size == 4 + 8 + 16
    assert layout.LPM_KEY.alignment == 4


@pytest.mark.parametrize("spec", layout.MAPS, ids=lambda spec: spec.name)
def test_keys_have_no_padding(spec: layout.MapSpec) -> None:
    """The kernel compares all bytes of a key; padding that C leaves unset would never match."""
    assert spec.key.size == sum(field.kind.size * field.repeat for field in spec.key.fields)


@pytest.mark.parametrize(
    ("resource_id", "number"),
    [("eni-0123456789abcdef0", 0x123456789ABCDEF0), ("vpc-1a2b3c4d", 0x1A2B3C4D)],
)
def test_a_number_is_the_last_64_bits_of_the_id(resource_id: str, number: int) -> None:
    assert layout.number_of(resource_id) == number


def test_what_is_no_id_has_no_number() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        layout.number_of("eni-xyz")
