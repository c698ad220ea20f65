"""The one attribute of an Elastic IP address: the domain name that its reverse name points to (EC2 guide, "Use reverse
DNS for email applications")."""

from __future__ import annotations

from msgspec.structs import replace

from realvpc.dns.internet import internet_node
from realvpc.net.addresses import Address
from realvpc.net.domain_name import canonical
from realvpc.net.elastic_ip import ElasticIp
from realvpc.net.table import put

from ..core.context import Answer, Context, Request, Response
from ..core.describe import paginate
from ..core.errors import invalid_parameter_value
from ..core.lookup import find_all, get_all, named
from ..core.parameters import required
from .elastic_ip import ELASTIC_IP

_DOMAIN_NAME = "domain-name"


def describe_addresses_attribute(ctx: Context, request: Request) -> Answer:
    """The addresses that have the attribute.  Raises ``InvalidAllocationID.NotFound``, InvalidParameterValue."""
    _check_attribute(request)
    wanted = request.get("AllocationIds")
    rows = get_all(ctx, ELASTIC_IP, wanted) if wanted else find_all(ctx, ELASTIC_IP)
    found = sorted((row for row in rows if row.domain_name is not None), key=lambda row: row.id)
    page, token = paginate(request, found)
    return Answer({"Addresses": [_render(row) for row in page], "NextToken": token})


def modify_address_attribute(ctx: Context, request: Request) -> Answer:
    """Let the reverse name point to a domain name, whose A record has to lead to the address already.

    Raises ``InvalidAllocationID.NotFound``, and InvalidParameterValue for a name that the internet does not know so.
    """
    address = named(ctx, ELASTIC_IP, request, "AllocationId")
    text = required(request, "DomainName")
    try:
        name = canonical(text)
    except ValueError:
        raise invalid_parameter_value(f"Value ({text}) for parameter domainName is invalid.") from None
    if not _leads_to(ctx, name, address.public_address):
        raise invalid_parameter_value(
            f"Value ({text}) for parameter domainName is invalid. "
            f"The name has no A record with the address {address.public_address}."
        )
    after = replace(address, domain_name=name)
    return Answer({"Address": _render(after)}, put(after))


def _leads_to(ctx: Context, name: str, address: Address) -> bool:
    sets = internet_node(ctx.state.names, name).sets or ()
    return any(str(address) in records.values for records in sets if records.type == "A")


def reset_address_attribute(ctx: Context, request: Request) -> Answer:
    """Raises ``InvalidAllocationID.NotFound``, InvalidParameterValue."""
    address = named(ctx, ELASTIC_IP, request, "AllocationId")
    _check_attribute(request)
    after = replace(address, domain_name=None)
    return Answer({"Address": _render(after)}, put(after))


def _check_attribute(request: Request) -> None:
    if request.get("Attribute") not in (None, _DOMAIN_NAME):
        raise invalid_parameter_value(f"Value ({request['Attribute']}) for parameter attribute is invalid.")


def _render(row: ElasticIp) -> Response:
    """Changes are made at once, so that there is never an update under way."""
    return {"PublicIp": str(row.public_address), "AllocationId": row.id, "PtrRecord": row.domain_name}
