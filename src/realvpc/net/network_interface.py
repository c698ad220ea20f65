"""An elastic network interface: the place where packets enter and leave the VPC."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct, field
from msgspec.structs import replace

from .addresses import Address, Cidr
from .resource import Resource
from .services import link_local_of

EVERYTHING_PASSES = "no security groups"  # stands for the id of one that lets everything pass
DETACHED_VISIBLE_FOR = timedelta(seconds=15)  # Terraform's AWS provider looks every ten


class AttachmentStatus(StrEnum):
    ATTACHING = "attaching"  # until the host says that the machine has the device
    ATTACHED = "attached"
    DETACHING = "detaching"  # until the host says that it is gone
    DETACHED = "detached"  # for a moment more, for whoever waits for it


class Attachment(Struct, frozen=True, kw_only=True):
    """``eni-attach-…``: the interface is device ``device_index`` of its owner's machine."""

    id: str
    owner_id: str = field(name="instance_id")  # of an instance or an appliance; rows have it by its first name
    device_index: int
    attached_at: datetime
    delete_on_termination: bool = True
    status: AttachmentStatus = AttachmentStatus.ATTACHED

    @property
    def is_wanted(self) -> bool:
        """Whether the machine is to have the device."""
        return self.status is not AttachmentStatus.DETACHING

    @property
    def instance_id(self) -> str | None:
        """None of an appliance, as AWS shows the interfaces that belong to its services."""
        return self.owner_id if self.owner_id.startswith("i-") else None


class Detachment(Struct, frozen=True, kw_only=True):
    """What an attachment was, and when it ended."""

    attachment: Attachment
    detached_at: datetime


class NetworkInterface(Resource, frozen=True, kw_only=True):
    """``private_addresses`` are those of IPv4; the first one is the primary one, and in an IPv6-only subnet there is
    none.  ``public_address`` is what Amazon's pool gave to that by itself; ``Network.public_addresses_of`` knows of
    Elastic IP addresses too.  ``ipv6_addresses`` are private and public at once: nothing translates them."""

    vpc_id: str
    subnet_id: str
    mac_address: str
    private_addresses: tuple[Address, ...]
    ipv6_addresses: tuple[Address, ...] = ()
    ipv4_prefixes: tuple[Cidr, ...] = ()  # delegated to it: all of their addresses are its own
    ipv6_prefixes: tuple[Cidr, ...] = ()  # the same
    has_primary_ipv6: bool = False  # whether the first IPv6 address stays as long as the interface
    group_ids: tuple[str, ...]
    is_filtered: bool = True  # by its groups; a load balancer may have been made without any, and takes everything
    description: str = ""
    requester_id: str = ""  # the unique id of who created it by itself
    source_dest_check: bool = True
    public_address: Address | None = None
    deny_all_igw_traffic: bool = False  # its IPv6 addresses are not of the internet, whatever routes say
    associate_public_address: bool = False  # whether a start of the instance brings a public address
    attachment: Attachment | None = None
    detachment: Detachment | None = None  # the last one

    @property
    def private_address(self) -> Address | None:
        """The primary one."""
        return self.private_addresses[0] if self.private_addresses else None

    @property
    def ipv4_on_link(self) -> Address:
        """By which the link-local services know it: the primary private address, or else a link-local one."""
        return self.private_address or link_local_of(self.id)

    @property
    def primary_ipv6(self) -> Address | None:
        return self.ipv6_addresses[0] if self.has_primary_ipv6 else None

    @property
    def addresses(self) -> tuple[Address, ...]:
        """All that the VPC knows it by, of both families, but for those of IPv6 prefixes, which nobody could list."""
        delegated = (prefix.at(offset) for prefix in self.ipv4_prefixes for offset in range(prefix.size))
        return (*self.private_addresses, *delegated, *self.ipv6_addresses)

    def has(self, address: Address) -> bool:
        """Whether the address is its own."""
        if address in self.addresses or address == self.ipv4_on_link:
            return True
        return any(address in prefix for prefix in self.ipv6_prefixes)

    @property
    def filtering(self) -> frozenset[str]:
        """The ids of the groups whose rules together decide; alone ``EVERYTHING_PASSES`` where none do."""
        return frozenset(self.group_ids) if self.is_filtered else frozenset((EVERYTHING_PASSES,))

    @property
    def ipv6_slots(self) -> int:
        """How many of the IPv6 addresses that its instance's type allows: a prefix counts as one."""
        return len(self.ipv6_addresses) + len(self.ipv6_prefixes)

    @property
    def ipv4_slots(self) -> int:
        """How many of the IPv4 addresses that its instance's type allows: a prefix counts as one."""
        return len(self.private_addresses) + len(self.ipv4_prefixes)

    @property
    def ipv4_size(self) -> int:
        """How many addresses of its subnet it has."""
        return len(self.private_addresses) + sum(prefix.size for prefix in self.ipv4_prefixes)

    def attachment_shown_at(self, now: datetime) -> Attachment | None:
        """Its attachment, or for a moment the last one as ``detached``, which Terraform waits for."""
        last = self.detachment
        if self.attachment is None and last is not None and now < last.detached_at + DETACHED_VISIBLE_FOR:
            return replace(last.attachment, status=AttachmentStatus.DETACHED)
        return self.attachment

    @property
    def is_attached(self) -> bool:
        """Whether its owner is to have it: not while it is being detached."""
        return self.attachment is not None and self.attachment.is_wanted

    def status_at(self, now: datetime) -> str:
        """``available`` has no attachment, not one that is just ``detached`` either: so Ansible's target for interfaces
        has it, whose module waits for this."""
        return "in-use" if self.attachment_shown_at(now) else "available"
