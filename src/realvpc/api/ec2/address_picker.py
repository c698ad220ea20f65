"""Picking what no two interfaces may share: private and public addresses, MAC addresses, identities."""

from __future__ import annotations

from realvpc.net import indexes
from realvpc.net.addresses import Address, Cidr
from realvpc.net.services import identity_digits, identity_number
from realvpc.net.subnet import Subnet

from ..core.context import Context
from ..core.errors import AwsError, invalid_parameter_value

PUBLIC_POOL = Cidr.parse("198.18.0.0/16")
"""Half of the benchmarking block (RFC 2544, RFC 6890): no address of it means anything outside."""

_LAST_OCTET = 0xFF


class AddressPicker:
    """Hands out addresses, and remembers those that it handed out for the request in hand."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._private: dict[str, set[Address]] = {}  # by subnet
        self._public: set[Address] = set()
        self._identities: set[str] = set()  # their digits
        self._mac_addresses: set[str] = set()

    def free(self, subnet: Subnet) -> int:
        """How many addresses are left in the subnet."""
        return self._ctx.network.available_addresses(subnet) - len(self._private.get(subnet.id, ()))

    def pick(self, subnet: Subnet) -> Address:
        """Any free address.  Raises InsufficientFreeAddressesInSubnet."""
        start = self._ctx.random.randrange(subnet.usable_size)
        for address in subnet.usable_from(start):
            if not self._in_use(subnet, address):
                return self._take(subnet, address)
        raise insufficient_addresses(subnet)

    def claim(self, subnet: Subnet, text: str) -> Address:
        """The address that a request wants.  Raises InvalidParameterValue or ``InvalidIPAddress.InUse``."""
        try:
            address = Address.parse(text)
        except ValueError:
            raise invalid_parameter_value(f"Value ({text}) for parameter privateIpAddress is invalid.") from None
        if address not in subnet.cidr:
            raise invalid_parameter_value(f"Address {address} does not fall within the subnet's address range")
        if not subnet.usable(address):
            raise invalid_parameter_value(f"Address {address} is in subnet's reserved address range")
        if self._in_use(subnet, address):
            raise AwsError("InvalidIPAddress.InUse", f"Address {address} is in use.")
        return self._take(subnet, address)

    def public(self) -> Address:
        """Any free address of the pool, none that ends in .0 or .255.  Raises InsufficientAddressCapacity."""
        start = self._ctx.random.randrange(PUBLIC_POOL.size)
        for step in range(PUBLIC_POOL.size):
            address = PUBLIC_POOL.at((start + step) % PUBLIC_POOL.size)
            if address & _LAST_OCTET in (0, _LAST_OCTET) or address in self._public:
                continue
            if self._ctx.network.interface_with_public_address(address) is None:
                self._public.add(address)
                return address
        raise AwsError("InsufficientAddressCapacity", "Not enough addresses available.")

    def interface_id(self) -> str:
        """One whose identity no other interface has: a service tells by it who asks (``net.services``)."""
        while True:
            interface_id = self._ctx.new_id("eni")
            digits = identity_digits(identity_number(interface_id))
            taken = self._ctx.network.interfaces.where(indexes.identity_digits, digits)
            if digits not in self._identities and not taken:
                self._identities.add(digits)
                return interface_id

    def mac_address(self) -> str:
        """Locally administered, as AWS's are: ``06:…``."""
        while True:
            octets = (6, *self._ctx.random.getrandbits(40).to_bytes(5, "big"))
            mac = ":".join(f"{octet:02x}" for octet in octets)
            if mac not in self._mac_addresses and not self._ctx.network.interfaces.where(indexes.mac_address, mac):
                self._mac_addresses.add(mac)
                return mac

    def _in_use(self, subnet: Subnet, address: Address) -> bool:
        return address in self._private.get(subnet.id, ()) or self._ctx.network.address_in_use(subnet, address)

    def _take(self, subnet: Subnet, address: Address) -> Address:
        self._private.setdefault(subnet.id, set()).add(address)
        return address


def insufficient_addresses(subnet: Subnet) -> AwsError:
    return AwsError(
        "InsufficientFreeAddressesInSubnet",
        f"There are not enough free addresses in subnet '{subnet.id}' to satisfy the requested number of instances.",
    )
