"""The services of AWS that VPC endpoints lead to, as data (PrivateLink guide, "AWS services that integrate with AWS
PrivateLink", "Gateway endpoints"), be they here or not.
"""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from functools import cache
from hashlib import blake2b

from msgspec import Struct

from .aws_prefix_lists import aws_prefix_lists
from .prefix_list import PrefixList
from .private_link_services import INTERFACES
from .zones import REGIONS


class EndpointType(StrEnum):
    GATEWAY = "Gateway"
    INTERFACE = "Interface"


class EndpointService(Struct, frozen=True, kw_only=True):
    """A service in a Region, with one type of endpoint: what has both is two.

    ``label`` is what it is called behind the Region in ``com.amazonaws.…``; ``private_names`` are those that private
    DNS answers with an interface endpoint's addresses.  One of AWS's has always one; an account's own service
    (``is_owned``), whose label is its id, may have one.
    """

    region: str
    label: str
    type: EndpointType
    private_names: tuple[str, ...] = ()
    is_owned: bool = False

    @property
    def name(self) -> str:
        if self.is_owned:
            return owned_service_name(self.region, self.label)
        return f"com.amazonaws.{self.region}.{self.label}"

    @property
    def id(self) -> str:
        """``vpce-svc-…``, of 17 digits that never change."""
        if self.is_owned:
            return self.label
        return f"vpce-svc-0{blake2b(f'{self.name} {self.type}'.encode(), digest_size=8).hexdigest()}"

    @property
    def has_gateway(self) -> bool:
        """Whether it can be reached by gateway endpoints as well."""
        return self.label in _GATEWAYS

    @property
    def base_name(self) -> str:
        """What the names of its endpoints end in; what a gateway leads to has its public name."""
        if self.type is EndpointType.GATEWAY:
            return f"{self.label}.{self.region}.{_DOMAIN}"
        if self.is_owned:
            return f"{self.label}.{self.region}.vpce.{_DOMAIN}"
        return f"{self.private_names[0].removeprefix('*.').removesuffix(_DOMAIN)}vpce.{_DOMAIN}"

    @property
    def prefix_list(self) -> PrefixList | None:
        """Of the addresses that a gateway endpoint leads to."""
        rows = aws_prefix_lists(self.region) if self.type is EndpointType.GATEWAY else ()
        return next((row for row in rows if row.name == self.name), None)


_DOMAIN = "amazonaws.com"
_GATEWAYS = ("dynamodb", "s3")


@cache
def endpoint_services(region: str) -> tuple[EndpointService, ...]:
    """By name; empty for a Region that is not known."""
    return tuple(sorted(_of_region(region), key=lambda each: (each.name, each.type))) if region in REGIONS else ()


def _of_region(region: str) -> Iterator[EndpointService]:
    for label in _GATEWAYS:
        yield EndpointService(region=region, label=label, type=EndpointType.GATEWAY)
    for label, names in INTERFACES.items():
        private = tuple(f"{name}.{region}.{_DOMAIN}" for name in names)
        yield EndpointService(region=region, label=label, type=EndpointType.INTERFACE, private_names=private)


_OWNED = "com.amazonaws.vpce."


def owned_service_name(region: str, service_id: str) -> str:
    """Of an account's own endpoint service."""
    return f"{_OWNED}{region}.{service_id}"


def is_owned_name(name: str) -> bool:
    """Whether a service of this name is an account's and not AWS's."""
    return name.startswith(_OWNED)


def services_named(region: str, name: str) -> tuple[EndpointService, ...]:
    """One for each type of endpoint that the service has."""
    return tuple(each for each in endpoint_services(region) if each.name == name)
