"""The private addresses that a request gives to a network interface (EC2 API Reference, "CreateNetworkInterface")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from realvpc.net.addresses import Address
from realvpc.net.subnet import Subnet

from ..core.errors import invalid_parameter_combination
from ..core.parameters import unnamed_count
from .address_picker import MAXIMUM_ADDRESSES, AddressPicker, address_limit_exceeded, ipv4_block
from .ipv4_prefix import wanted_ipv4_prefixes


class WantedIpv4(Struct, frozen=True):
    """What a request gives to an interface, the primary address first; None stands for any that is free."""

    addresses: tuple[str | None, ...] = ()
    prefixes: tuple[str | None, ...] = ()

    @property
    def has_fixed(self) -> bool:
        return any(self.addresses) or any(self.prefixes)

    @property
    def slots(self) -> int:
        """How many of those that an instance's type allows."""
        return len(self.addresses) + len(self.prefixes)

    @property
    def size(self) -> int:
        """How many of the subnet's."""
        return len(self.addresses) + (len(self.prefixes) << 32 - Subnet.DELEGATED_PREFIX_LENGTH)


def wanted_ipv4(subnet: Subnet, request: Mapping[str, Any]) -> WantedIpv4:
    """``request`` has PrivateIpAddress, PrivateIpAddresses, SecondaryPrivateIpAddressCount, Ipv4Prefixes and
    Ipv4PrefixCount: the members of CreateNetworkInterface and of an interface of RunInstances.  Addresses that are not
    said to be primary are secondary.  Where it says nothing, the interface has a primary one if its subnet has any.

    Raises InvalidParameterCombination, InvalidParameterValue, PrivateIpAddressLimitExceeded.
    """
    entries = request.get("PrivateIpAddresses") or []
    single = request.get("PrivateIpAddress")
    primaries = [entry.get("PrivateIpAddress") for entry in entries if entry.get("Primary")]
    if len(primaries) > 1 or (primaries and single and primaries != [single]):
        raise invalid_parameter_combination("Only one primary private IP address can be specified.")
    secondaries = [entry.get("PrivateIpAddress") for entry in entries if not entry.get("Primary")]
    count = unnamed_count(request, "SecondaryPrivateIpAddressCount", "PrivateIpAddresses", secondaries)
    prefixes = wanted_ipv4_prefixes(request)
    if prefixes and (secondaries or count):
        raise invalid_parameter_combination("Prefixes and secondary addresses cannot be specified together.")
    if 1 + len(secondaries) + count + len(prefixes) > MAXIMUM_ADDRESSES:
        raise address_limit_exceeded()
    if subnet.is_ipv6_native and not (entries or single or count or prefixes):
        return WantedIpv4()
    ipv4_block(subnet)
    primary = single or (primaries[0] if primaries else None)
    return WantedIpv4((primary, *secondaries, *[None] * count), prefixes)


def pick_ipv4(picker: AddressPicker, subnet: Subnet, wanted: Sequence[str | None]) -> tuple[Address, ...]:
    """The addresses.  Raises InvalidParameterValue, ``InvalidIPAddress.InUse``, InsufficientFreeAddressesInSubnet."""
    named = {text: picker.claim(subnet, text) for text in wanted if text}
    return tuple(named[text] if text else picker.pick(subnet) for text in wanted)
