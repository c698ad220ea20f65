"""The IPv6 addresses that a request gives to a network interface (EC2 API Reference, "CreateNetworkInterface")."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import Struct

from realvpc.net.addresses import Address, Cidr
from realvpc.net.subnet import Subnet

from ..core.errors import AwsError, invalid_parameter_combination, invalid_parameter_value
from ..core.parameters import unnamed_count
from .address_picker import MAXIMUM_ADDRESSES, AddressPicker, address_limit_exceeded


class WantedIpv6(Struct, frozen=True):
    """What a request gives to an interface; None stands for any address that is free."""

    addresses: tuple[str | None, ...] = ()
    prefixes: tuple[str | None, ...] = ()
    has_primary: bool = False

    @property
    def has_fixed(self) -> bool:
        return any(self.addresses) or any(self.prefixes)

    @property
    def slots(self) -> int:
        """How many of the IPv6 addresses that an instance type allows."""
        return len(self.addresses) + len(self.prefixes)


def wanted_ipv6(subnet: Subnet, request: Mapping[str, Any]) -> WantedIpv6:
    """``request`` has Ipv6Addresses, Ipv6AddressCount, Ipv6Prefixes, Ipv6PrefixCount and EnablePrimaryIpv6 or
    PrimaryIpv6: the members of CreateNetworkInterface, of RunInstances and of an interface of that.  Where it says
    nothing, the subnet decides.

    Raises InvalidParameterCombination, InvalidParameterValue, PrivateIpAddressLimitExceeded.
    """
    texts = [entry.get("Ipv6Address") or "" for entry in request.get("Ipv6Addresses") or ()]
    prefixes = wanted_ipv6_prefixes(subnet, request)
    if (
        not texts
        and not prefixes
        and request.get("Ipv6AddressCount") is None
        and subnet.assign_ipv6_address_on_creation
    ):
        request = {**request, "Ipv6AddressCount": 1}
    wanted = wanted_ipv6_addresses(subnet, texts, request)
    has_primary = bool(request.get("EnablePrimaryIpv6") or request.get("PrimaryIpv6"))
    if has_primary and not wanted:
        raise without_ipv6()
    if len(wanted) + len(prefixes) > MAXIMUM_ADDRESSES:
        raise address_limit_exceeded()
    return WantedIpv6(wanted, prefixes, has_primary)


def without_ipv6() -> AwsError:
    """There is no primary IPv6 address where there is none at all."""
    return invalid_parameter_combination("A primary IPv6 address needs an IPv6 address on the network interface.")


def wanted_ipv6_addresses(subnet: Subnet, texts: list[str], request: Mapping[str, Any]) -> tuple[str | None, ...]:
    """Those that are named, or Ipv6AddressCount of any.

    Raises InvalidParameterCombination, InvalidParameterValue, PrivateIpAddressLimitExceeded.
    """
    return _with_unnamed(subnet, request, "Ipv6AddressCount", "Ipv6Addresses", texts)


def _with_unnamed(
    subnet: Subnet, request: Mapping[str, Any], counting: str, naming: str, texts: list[str]
) -> tuple[str | None, ...]:
    """What is named, and None for each of those that are only counted."""
    count = unnamed_count(request, counting, naming, texts)
    if len(texts) + count > MAXIMUM_ADDRESSES:
        raise address_limit_exceeded()
    if (texts or count) and subnet.ipv6_cidr is None:
        raise invalid_parameter_value("Subnet does not contain any IPv6 CIDR block ranges")
    return (*texts, *[None] * count)


def pick_ipv6(picker: AddressPicker, subnet: Subnet, wanted: tuple[str | None, ...]) -> tuple[Address, ...]:
    """The addresses.  Raises InvalidParameterValue, ``InvalidIPAddress.InUse``, InsufficientFreeAddressesInSubnet."""
    return tuple(
        picker.pick_ipv6(subnet) if text is None else picker.claim_ipv6(subnet, read_ipv6_address(text))
        for text in wanted
    )


def read_ipv6_address(text: str) -> Address:
    """Raises InvalidParameterValue."""
    try:
        address = Address.parse(text)
    except ValueError:
        address = None
    if address is None or address.is_ipv4:
        raise invalid_parameter_value(f"Value ({text}) for parameter ipv6Addresses is invalid. Invalid IPv6 address")
    return address


def wanted_ipv6_prefixes(subnet: Subnet, request: Mapping[str, Any]) -> tuple[str | None, ...]:
    """Those of Ipv6Prefixes, or Ipv6PrefixCount of any.

    Raises InvalidParameterCombination, InvalidParameterValue, PrivateIpAddressLimitExceeded.
    """
    entries: Sequence[Any] = request.get("Ipv6Prefixes") or ()
    texts = [entry if isinstance(entry, str) else entry.get("Ipv6Prefix") or "" for entry in entries]
    return _with_unnamed(subnet, request, "Ipv6PrefixCount", "Ipv6Prefixes", texts)


def pick_ipv6_prefixes(picker: AddressPicker, subnet: Subnet, wanted: tuple[str | None, ...]) -> tuple[Cidr, ...]:
    """The prefixes.  Raises InvalidParameterValue, ``InvalidIPAddress.InUse``, InsufficientCidrBlocks."""
    return tuple(
        picker.pick_ipv6_prefix(subnet) if text is None else picker.claim_ipv6_prefix(subnet, read_ipv6_prefix(text))
        for text in wanted
    )


def read_ipv6_prefix(text: str) -> Cidr:
    """Raises InvalidParameterValue."""
    try:
        prefix = Cidr.parse(text)
    except ValueError:
        prefix = None
    if prefix is None or prefix.is_ipv4 or prefix.prefix_length != Subnet.DELEGATED_IPV6_PREFIX_LENGTH:
        raise invalid_parameter_value(f"Value ({text}) for parameter ipv6Prefixes is invalid.")
    return prefix
