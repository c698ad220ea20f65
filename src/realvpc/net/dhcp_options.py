"""DHCP option sets: what the machines of a VPC are told at boot (VPC guide, "DHCP option sets"; RFC 2132)."""

from __future__ import annotations

import hashlib

from .hostnames import internal_domain
from .resource import Resource

AMAZON_PROVIDED_DNS = "AmazonProvidedDNS"
"""The value of ``domain-name-servers`` that stands for the VPC's own resolver."""

NO_OPTIONS_ID = "default"
"""What a VPC without a set has in the place of the id, as AWS calls it."""


class DhcpOptions(Resource, frozen=True, kw_only=True):
    """``options`` maps names to values, as ``domain-name-servers`` to ``("AmazonProvidedDNS",)``."""

    options: dict[str, tuple[str, ...]]

    @property
    def name_servers(self) -> tuple[str, ...]:
        """Addresses, and ``AmazonProvidedDNS``."""
        return self.options.get("domain-name-servers", ())

    @property
    def search_domains(self) -> tuple[str, ...]:
        """Several where ``domain-name`` has several names, separated by spaces."""
        return tuple(name.lower() for value in self.options.get("domain-name", ()) for name in value.split())


def default_options_id(account: str, region: str) -> str:
    """The id of the default set: always the same for one account in one Region."""
    digest = hashlib.sha256(f"dhcp-options/{account}/{region}".encode()).hexdigest()
    return f"dopt-0{digest[:16]}"


def default_options(account: str, region: str) -> DhcpOptions:
    """What AWS makes with the first VPC of a Region: derived, and stored only once it has tags of its own."""
    return DhcpOptions(
        id=default_options_id(account, region),
        account=account,
        region=region,
        options={"domain-name": (internal_domain(region),), "domain-name-servers": (AMAZON_PROVIDED_DNS,)},
    )
