"""IPv4 prefixes of /28 that are delegated to network interfaces (EC2 guide, "Prefix delegation")."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from realvpc.net.addresses import Cidr
from realvpc.net.network_interface import NetworkInterface
from realvpc.net.subnet import Subnet

from ..core.context import Response
from ..core.errors import invalid_parameter_value
from ..core.parameters import unnamed_count
from .address_picker import MAXIMUM_ADDRESSES, AddressPicker, address_limit_exceeded


def wanted_ipv4_prefixes(request: Mapping[str, Any]) -> tuple[str | None, ...]:
    """Those of Ipv4Prefixes, or Ipv4PrefixCount times None for any that is free.

    Raises InvalidParameterCombination, InvalidParameterValue, PrivateIpAddressLimitExceeded.
    """
    entries: Sequence[Any] = request.get("Ipv4Prefixes") or ()
    texts = [entry if isinstance(entry, str) else entry.get("Ipv4Prefix") or "" for entry in entries]
    count = unnamed_count(request, "Ipv4PrefixCount", "Ipv4Prefixes", texts)
    if len(texts) + count > MAXIMUM_ADDRESSES:
        raise address_limit_exceeded()
    return (*texts, *[None] * count)


def pick_ipv4_prefixes(picker: AddressPicker, subnet: Subnet, wanted: Iterable[str | None]) -> tuple[Cidr, ...]:
    """The prefixes.  Raises InvalidParameterValue, ``InvalidIPAddress.InUse``, InsufficientCidrBlocks."""
    return tuple(
        picker.pick_prefix(subnet) if text is None else picker.claim_prefix(subnet, read_ipv4_prefix(text))
        for text in wanted
    )


def read_ipv4_prefix(text: str) -> Cidr:
    """Raises InvalidParameterValue."""
    try:
        prefix = Cidr.parse(text)
    except ValueError:
        prefix = None
    if prefix is None or not prefix.is_ipv4 or prefix.prefix_length != Subnet.DELEGATED_PREFIX_LENGTH:
        raise invalid_parameter_value(f"Value ({text}) for parameter ipv4Prefixes is invalid.")
    return prefix


def render_prefixes(interface: NetworkInterface) -> list[Response] | None:
    """None where there are none: then AWS does not speak of them."""
    return [{"Ipv4Prefix": str(prefix)} for prefix in interface.ipv4_prefixes] or None
