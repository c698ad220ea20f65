"""What the kernel refuses of a lease is a fault, but for IPv6 where there is none."""

from __future__ import annotations

import errno
from typing import Any

import pytest
from msgspec.structs import replace
from pyroute2.netlink.exceptions import NetlinkError

from realvpc.fabric import lease as module
from realvpc.fabric.lease import Lease, family_of, give, lease
from realvpc.net.machine import LinkSpec

SPEC = LinkSpec(
    interface_id="eni-00000000000000001",
    mac_address="06:00:00:00:00:01",
    mtu=9001,
    address="10.20.0.7",
    prefix_length=24,
    gateway="10.20.0.1",
    device_index=1,
    ipv6_addresses=("2001:db8::7",),
    ipv6_prefix_length=64,
)
REFUSALS = [errno.EAFNOSUPPORT, errno.EOPNOTSUPP, errno.EACCES, errno.EPERM]


class Kernel:
    """Refuses every request of one kind and one family."""

    def __init__(self, kind: str, is_ipv6: bool, code: int) -> None:
        self._kind, self._is_ipv6, self._code = kind, is_ipv6, code

    def __getattr__(self, kind: str) -> Any:
        def request(command: str, **asked: Any) -> None:
            about = asked.get("address") or asked.get("dst") or asked.get("src") or ""
            if kind == self._kind and (family_of(about) == family_of("::")) == self._is_ipv6:
                raise NetlinkError(self._code, f"{command} {about}")

        return request

    def close(self) -> None:
        pass


@pytest.mark.parametrize("is_new", [True, False])
@pytest.mark.parametrize("code", REFUSALS)
@pytest.mark.parametrize("kind", ["addr", "route", "rule"])
def test_only_of_ipv6_a_refusal_is_passed_over(
    monkeypatch: pytest.MonkeyPatch, kind: str, code: int, is_new: bool
) -> None:
    """Its root may have turned IPv6 off; of IPv4 nothing can be refused that way."""
    told = lease(SPEC, 2)
    change = (Lease(), told) if is_new else (told, Lease())
    monkeypatch.setattr(module, "IPRoute", lambda: Kernel(kind, True, code))
    give(*change, in_use=True)
    monkeypatch.setattr(module, "IPRoute", lambda: Kernel(kind, False, code))
    with pytest.raises(NetlinkError):
        give(*change, in_use=True)


@pytest.mark.parametrize("index", [0, 1])
def test_without_a_router_of_ipv4_there_are_the_address_alone_and_its_link(index: int) -> None:
    spec = replace(SPEC, address="169.254.1.7", prefix_length=16, gateway=None, device_index=index)
    told = lease(spec, 2)
    ipv4 = {route for route in told.routes if family_of(route.destination) == family_of("0.0.0.0")}
    [route] = ipv4
    assert (route.destination, route.gateway) == ("169.254.0.0/16", "")
    [address] = {each for each in told.addresses if family_of(each.address) == family_of("0.0.0.0")}
    assert (address.address, address.prefix_length, address.has_route) == ("169.254.1.7", 32, False)
    assert {rule.source for rule in told.rules} == ({"169.254.1.7/32", "2001:db8::7/128"} if index else set())
