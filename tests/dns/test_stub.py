"""What an instance knows a host by: as its own programs would find it."""

from __future__ import annotations

import pytest

from realvpc.dns.stub import known_address
from realvpc.net.dhcp_options import DhcpOptions, default_options_id
from realvpc.net.table import put
from realvpc.net.vpc import Vpc
from realvpc.reach.endpoint import INTERNET_IPV6
from realvpc.store.state import State
from tests.worlds import ACCOUNT

from .test_amazon import EC2_A, IP_A
from .world import TOKYO, changed, world


def usual() -> State:
    """The world with AWS's default options for ``vpc-a``."""
    return changed(world(), Vpc, "vpc-a", dhcp_options_id=default_options_id(ACCOUNT, TOKYO))


def told(state: State, **options: tuple[str, ...]) -> State:
    """With DHCP options for ``vpc-a``."""
    named = {name.replace("_", "-"): values for name, values in options.items()}
    state = state.apply(put(DhcpOptions(id="dopt-1", account=ACCOUNT, region=TOKYO, options=named)))
    return changed(state, Vpc, "vpc-a", dhcp_options_id="dopt-1")


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("localhost", "127.0.0.1"),
        ("10.1.2.3", "10.1.2.3"),
        ("fd00::1", None),
        (EC2_A, "10.20.0.207"),
        (IP_A, "10.20.0.207"),
        (IP_A.partition(".")[0], "10.20.0.207"),  # with the search domain
        ("one.example.com", "198.19.0.1"),
        ("no.example.org", None),
        ("no..name", None),
    ],
)
def test_a_host_is_an_address_or_what_the_resolver_says(host: str, address: str | None) -> None:
    assert known_address(usual(), "i-a", host) == address


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("localhost", "::1"),
        ("fd00:0::1", "fd00::1"),
        ("10.1.2.3", None),
        ("one.example.com", str(INTERNET_IPV6)),
        (EC2_A, None),
    ],
)
def test_of_ipv6_it_is_the_same(host: str, address: str | None) -> None:
    assert known_address(usual(), "i-a", host, ipv6=True) == address


def test_short_names_are_looked_for_in_every_search_domain() -> None:
    state = told(world(), domain_name=("nowhere.example example.com",), domain_name_servers=("AmazonProvidedDNS",))
    assert known_address(state, "i-a", "one") == "198.19.0.1"
    assert known_address(state, "i-a", IP_A.partition(".")[0]) is None


def test_only_amazons_resolver_is_asked() -> None:
    assert known_address(told(world(), domain_name_servers=("10.20.0.53",)), "i-a", "one.example.com") is None
    assert known_address(told(world(), domain_name_servers=("10.20.0.53",)), "i-a", "10.1.2.3") == "10.1.2.3"
    assert known_address(world(), "i-a", "one.example.com") is None, "a VPC without options tells of none"
    assert known_address(changed(usual(), Vpc, "vpc-a", enable_dns_support=False), "i-a", "one.example.com") is None
    assert known_address(usual(), "i-gone", "one.example.com") is None
