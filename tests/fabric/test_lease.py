"""What the kernel refuses of a lease is a fault, but for IPv6 where there is none."""

from __future__ import annotations

import errno
from typing import Any

import pytest
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
