"""Picking what no two interfaces may share: private and public addresses, MAC addresses, identities."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import partial
from itertools import chain, product

from realvpc.net import indexes
from realvpc.net.addresses import Address, Cidr
from realvpc.net.quotas import INTERFACES_PER_REGION
from realvpc.net.services import identity_digits, identity_number
from realvpc.net.subnet import Subnet, delegable_prefixes, delegated
from realvpc.net.subnet_cidr_reservation import ReservationType, SubnetCidrReservation, reservation_around, unreserved

from ..core.context import Context
from ..core.effort import COMPARING
from ..core.errors import AwsError, invalid_parameter_value

PUBLIC_POOL = Cidr.parse("198.18.0.0/16")
"""Half of the benchmarking block (RFC 2544, RFC 6890): no address of it means anything outside."""

MAXIMUM_ADDRESSES = 50  # of an interface, in each family, for any instance type
_LAST_OCTET = 0xFF
_TRIES = 256  # of places for an IPv6 prefix, of which the smallest subnet has 65,534


class AddressPicker:
    """Hands out addresses, and remembers those that it handed out for the request in hand."""

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._private: dict[str, set[Address]] = {}  # by subnet
        self._ipv6: set[Address] = set()  # no two subnets share a block
        self._ipv6_prefixes: set[Cidr] = set()
        self._public: set[Address] = set()
        self._identities: set[str] = set()  # their digits
        self._mac_addresses: set[str] = set()
        self._reserved: dict[tuple[str, Cidr], list[Cidr]] = {}  # by subnet and block of it, in their order

    def free(self, subnet: Subnet) -> int:
        """How many addresses are left in the subnet."""
        return self._ctx.network.available_addresses(subnet) - len(self._private.get(subnet.id, ()))

    def unreserved(self, subnet: Subnet) -> int:
        """How many of these ``pick`` finds: those that are not set aside.  Raises InvalidParameterValue where there are
        none of IPv4."""
        free, reserved = self.free(subnet), self._reserved_in(subnet, ipv4_block(subnet))
        if not reserved:
            return free
        comparisons = 1 + len(reserved).bit_length()

        def is_set_aside(address: Address) -> bool:
            self._ctx.effort.spend(COMPARING * comparisons)
            return reservation_around(address, reserved) is not None

        rows = self._ctx.network.interfaces_in_subnet(subnet.id)
        used = chain(self._private.get(subnet.id, ()), chain.from_iterable(row.addresses for row in rows))
        return free - sum(map(subnet.usable_in, reserved)) + sum(map(is_set_aside, used))

    def pick(self, subnet: Subnet) -> Address:
        """Any free address of IPv4 that is not set aside.  Raises InvalidParameterValue where there are none,
        InsufficientFreeAddressesInSubnet."""
        return self._any(subnet, ipv4_block(subnet))

    def _any(self, subnet: Subnet, block: Cidr) -> Address:
        reserved = self._reserved_in(subnet, block)
        comparisons = 1 + len(reserved).bit_length()
        start = self._ctx.random.randrange(block.size)
        taken = partial(self._prefix_around, subnet)
        for address in unreserved(
            block, start, reserved, taken, lambda: self._ctx.effort.spend(COMPARING * comparisons)
        ):
            if subnet.usable(address) and not self._in_use(subnet, address):
                return self._take(subnet, address)
        raise insufficient_addresses(subnet)

    def _reserved_in(self, subnet: Subnet, block: Cidr) -> list[Cidr]:
        """Looked at once, however many addresses are picked."""
        found = self._reserved.get((subnet.id, block))
        if found is None:
            rows = reservations_of(self._ctx, subnet)
            found = self._reserved[subnet.id, block] = sorted(row.cidr for row in rows if block.covers(row.cidr))
        return found

    def claim(self, subnet: Subnet, text: str) -> Address:
        """The address that a request wants.  Raises InvalidParameterValue or ``InvalidIPAddress.InUse``."""
        address = read_private_address(subnet, text)
        self._check_unused(subnet, address)
        return self._take(subnet, address)

    def pick_prefix(self, subnet: Subnet) -> Cidr:
        """Any prefix that is free as a whole, first of what is set aside for prefixes, and of nothing else that is.
        Raises InvalidParameterValue where there are none, InsufficientCidrBlocks."""
        rows = reservations_of(self._ctx, subnet)
        ours = [row.cidr for row in rows if row.reservation_type is ReservationType.PREFIX]
        reserved = [row.cidr for row in rows]
        spare: Cidr | None = None
        for prefix in self._prefixes(ipv4_block(subnet)):
            self._ctx.effort.spend(COMPARING * (1 + len(reserved)))
            is_ours = any(block.covers(prefix) for block in ours)
            is_spare = spare is None and not any(block.overlaps(prefix) for block in reserved)
            if (is_ours or is_spare) and not self._is_touched(subnet, prefix):
                if is_ours or not ours:
                    return self._take_prefix(subnet, prefix)
                spare = prefix
        if spare is not None:
            return self._take_prefix(subnet, spare)
        raise _insufficient_blocks()

    def claim_prefix(self, subnet: Subnet, prefix: Cidr) -> Cidr:
        """The prefix that a request wants.  Raises InvalidParameterValue or ``InvalidIPAddress.InUse``."""
        _check_prefix(subnet, ipv4_block(subnet), prefix, is_in_use=self._is_touched(subnet, prefix))
        return self._take_prefix(subnet, prefix)

    def _prefixes(self, block: Cidr) -> Iterator[Cidr]:
        """All that can be delegated, from any one on."""
        numbers = delegable_prefixes(block)
        start = self._ctx.random.randrange(len(numbers)) if numbers else 0
        for step in range(len(numbers)):
            yield block.subnet(numbers[(start + step) % len(numbers)], Subnet.DELEGATED_PREFIX_LENGTH)

    def _is_touched(self, subnet: Subnet, prefix: Cidr) -> bool:
        return any(self._in_use(subnet, prefix.at(offset)) for offset in range(prefix.size))

    def _take_prefix(self, subnet: Subnet, prefix: Cidr) -> Cidr:
        for offset in range(prefix.size):
            self._take(subnet, prefix.at(offset))
        return prefix

    def pick_ipv6(self, subnet: Subnet) -> Address:
        """Any free address of the subnet's IPv6 block that is not set aside.  Raises InsufficientFreeAddressesInSubnet
        when all are set aside or delegated, and when none is found in as many steps as ``unreserved`` makes."""
        assert subnet.ipv6_cidr is not None, "the request was refused"
        return self._any(subnet, subnet.ipv6_cidr)

    def claim_ipv6(self, subnet: Subnet, address: Address) -> Address:
        """The address that a request wants.  Raises InvalidParameterValue or ``InvalidIPAddress.InUse``."""
        if subnet.ipv6_cidr is None or address not in subnet.ipv6_cidr:
            raise invalid_parameter_value(f"Address {address} does not fall within the subnet's address range")
        _check_usable(subnet, address)
        self._check_unused(subnet, address)
        return self._take(subnet, address)

    def pick_ipv6_prefix(self, subnet: Subnet) -> Cidr:
        """As ``pick_prefix``, of the subnet's IPv6 block."""
        assert subnet.ipv6_cidr is not None, "the request was refused"
        rows, taken = reservations_of(self._ctx, subnet), self._ipv6_prefixes_in_use(subnet)
        length = Subnet.DELEGATED_IPV6_PREFIX_LENGTH
        ours = [row.cidr for row in rows if row.reservation_type is ReservationType.PREFIX]
        ours = [block for block in ours if not block.is_ipv4 and block.prefix_length <= length]
        for block, _ in product((*ours, subnet.ipv6_cidr), range(_TRIES)):
            self._ctx.effort.spend(COMPARING * (1 + len(rows)))
            prefix = block.subnet(self._ctx.random.randrange(1 << length - block.prefix_length), length)
            is_free = block in ours or not any(row.cidr.overlaps(prefix) for row in rows)
            if is_free and prefix not in taken and subnet.usable(prefix.first) and subnet.usable(prefix.last):
                self._ipv6_prefixes.add(prefix)
                return prefix
        raise _insufficient_blocks()

    def claim_ipv6_prefix(self, subnet: Subnet, prefix: Cidr) -> Cidr:
        """As ``claim_prefix``, of the subnet's IPv6 block."""
        is_in_use = prefix in self._ipv6_prefixes_in_use(subnet)
        _check_prefix(subnet, subnet.ipv6_cidr, prefix, is_in_use=is_in_use)
        self._ipv6_prefixes.add(prefix)
        return prefix

    def _ipv6_prefixes_in_use(self, subnet: Subnet) -> set[Cidr]:
        """Those of which anybody has all or a part."""
        rows = self._ctx.network.interfaces_in_subnet(subnet.id)
        self._ctx.effort.spend(COMPARING * len(rows))
        return {
            *self._ipv6_prefixes,
            *map(delegated, self._ipv6),
            *(prefix for row in rows for prefix in (*row.ipv6_prefixes, *map(delegated, row.ipv6_addresses))),
        }

    def _check_unused(self, subnet: Subnet, address: Address) -> None:
        if self._in_use(subnet, address):
            raise AwsError("InvalidIPAddress.InUse", f"Address {address} is in use.")

    def public(self) -> Address:
        """Any free address of the pool, none that ends in .0 or .255.  Raises InsufficientAddressCapacity."""
        start = self._ctx.random.randrange(PUBLIC_POOL.size)
        for step in range(PUBLIC_POOL.size):
            self._ctx.effort.spend(COMPARING)
            address = PUBLIC_POOL.at((start + step) % PUBLIC_POOL.size)
            if address & _LAST_OCTET in (0, _LAST_OCTET) or address in self._public:
                continue
            if not self._ctx.network.public_address_in_use(address):
                self._public.add(address)
                return address
        raise AwsError("InsufficientAddressCapacity", "Not enough addresses available.")

    def interface_id(self) -> str:
        """One whose identity no other interface has: a service tells by it who asks (``net.services``).

        Raises NetworkInterfaceLimitExceeded.
        """
        if self._ctx.count(self._ctx.network.interfaces) + len(self._identities) >= self._ctx.quota(
            INTERFACES_PER_REGION
        ):
            raise AwsError(
                "NetworkInterfaceLimitExceeded", "The maximum number of network interfaces has been reached."
            )
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
        taken = self._private.get(subnet.id, ()) if address.is_ipv4 else self._ipv6
        if self._prefix_around(subnet, address) is not None:
            return True
        return address in taken or self._ctx.network.address_in_use(subnet, address)

    def _prefix_around(self, subnet: Subnet, address: Address) -> Cidr | None:
        """The IPv6 prefix that the address is in, where somebody has it as a whole."""
        if address.is_ipv4:
            return None
        prefix = delegated(address)
        rows = self._ctx.network.interfaces.where(indexes.vpc_prefixes, (subnet.vpc_id, prefix))
        return prefix if rows or prefix in self._ipv6_prefixes else None

    def _take(self, subnet: Subnet, address: Address) -> Address:
        taken = self._private.setdefault(subnet.id, set()) if address.is_ipv4 else self._ipv6
        taken.add(address)
        return address


def ipv4_block(subnet: Subnet) -> Cidr:
    """Where the private addresses of its interfaces are.  Raises InvalidParameterValue for an IPv6-only subnet."""
    if subnet.cidr is None:
        raise invalid_parameter_value("Subnet does not contain any IPv4 CIDR block ranges")
    return subnet.cidr


def read_private_address(subnet: Subnet, text: str) -> Address:
    """An address that an interface in the subnet may have.  Raises InvalidParameterValue."""
    try:
        address = Address.parse(text)
    except ValueError:
        raise invalid_parameter_value(f"Value ({text}) for parameter privateIpAddress is invalid.") from None
    if address not in ipv4_block(subnet):
        raise invalid_parameter_value(f"Address {address} does not fall within the subnet's address range")
    _check_usable(subnet, address)
    return address


def _check_usable(subnet: Subnet, address: Address) -> None:
    if not subnet.usable(address):
        raise invalid_parameter_value(f"Address {address} is in subnet's reserved address range")


def _check_prefix(subnet: Subnet, block: Cidr | None, prefix: Cidr, *, is_in_use: bool) -> None:
    """Whether a prefix of this block of the subnet can be delegated."""
    if block is None or not block.covers(prefix):
        raise invalid_parameter_value(f"Prefix {prefix} does not fall within the subnet's address range")
    if not (subnet.usable(prefix.first) and subnet.usable(prefix.last)):
        raise invalid_parameter_value(f"Prefix {prefix} is in subnet's reserved address range")
    if is_in_use:
        raise AwsError("InvalidIPAddress.InUse", f"Prefix {prefix} is in use.")


def reservations_of(ctx: Context, subnet: Subnet) -> Collection[SubnetCidrReservation]:
    """What is set aside in the subnet: of that there may be very much."""
    rows = ctx.state.inventory.reservations_of(subnet.id)
    ctx.effort.spend(COMPARING * len(rows))
    return rows


def insufficient_addresses(subnet: Subnet) -> AwsError:
    return AwsError(
        "InsufficientFreeAddressesInSubnet",
        f"There are not enough free addresses in subnet '{subnet.id}' to satisfy the requested number of instances.",
    )


def _insufficient_blocks() -> AwsError:
    return AwsError(
        "InsufficientCidrBlocks",
        "The specified subnet does not have enough free cidr blocks to satisfy the request.",
    )


def address_limit_exceeded() -> AwsError:
    return AwsError("PrivateIpAddressLimitExceeded", "Number of private addresses will exceed limit.")
