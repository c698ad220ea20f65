"""An Elastic IP address: a public address that an account keeps, and maps to a private one when it likes (EC2 guide,
"Elastic IP addresses")."""

from __future__ import annotations

from msgspec import Struct

from .addresses import Address
from .resource import Resource


class AddressAssociation(Struct, frozen=True, kw_only=True):
    """``eipassoc-…``: the address maps 1:1 to this private address of this interface, at the internet gateway."""

    id: str
    interface_id: str
    private_address: Address


class ElasticIp(Resource, frozen=True, kw_only=True):
    """``eipalloc-…``.  ``domain_name`` is what its reverse name points to, in canonical form."""

    public_address: Address
    domain_name: str | None = None
    association: AddressAssociation | None = None
