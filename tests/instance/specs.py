"""Machines to test with."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from realvpc.net.machine import LinkSpec, MachineSpec


def link(number: int = 1) -> LinkSpec:
    return LinkSpec(
        interface_id=f"eni-0123456789abcd{number:03x}",
        mac_address=f"02:00:00:00:00:{number:02x}",
        address=f"10.20.0.{number}",
        prefix_length=20,
        gateway="10.20.0.1",
        mtu=9001,
    )


def machine(number: int = 207, **changes: Any) -> MachineSpec:
    spec = MachineSpec(
        id=f"i-0123456789abcd{number:03x}",
        hostname=f"ip-10-20-0-{number}",
        domain="ap-northeast-1.compute.internal",
        region="ap-northeast-1",
        links=(link(number),),
        vcpus=1,
        memory_bytes=256 << 20,
        name_servers=("10.20.0.2",),
        search=("ap-northeast-1.compute.internal",),
    )
    return replace(spec, **changes)
