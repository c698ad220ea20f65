"""An elastic network interface: the place where packets enter and leave the VPC."""

from __future__ import annotations

from datetime import datetime

from msgspec import Struct, field

from .addresses import Address
from .resource import Resource


class Attachment(Struct, frozen=True, kw_only=True):
    """``eni-attach-…``: the interface is device ``device_index`` of its owner's machine."""

    id: str
    owner_id: str = field(name="instance_id")  # of an instance or an appliance; rows have it by its first name
    device_index: int
    attached_at: datetime
    delete_on_termination: bool = True

    @property
    def instance_id(self) -> str | None:
        """None of an appliance, as AWS shows the interfaces that belong to its services."""
        return self.owner_id if self.owner_id.startswith("i-") else None


class NetworkInterface(Resource, frozen=True, kw_only=True):
    """``private_addresses[0]`` is the primary one.  ``public_address`` maps to it 1:1 at the internet gateway."""

    vpc_id: str
    subnet_id: str
    mac_address: str
    private_addresses: tuple[Address, ...]
    group_ids: tuple[str, ...]
    description: str = ""
    requester_id: str = ""  # the unique id of who created it by itself
    source_dest_check: bool = True
    public_address: Address | None = None
    associate_public_address: bool = False  # whether a start of the instance brings a public address
    attachment: Attachment | None = None

    @property
    def private_address(self) -> Address:
        return self.private_addresses[0]

    @property
    def status(self) -> str:
        return "in-use" if self.attachment else "available"
