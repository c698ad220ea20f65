"""StartVpcEndpointServicePrivateDnsVerification: whether the owner of a service owns its private name, too (PrivateLink
guide, "Verify domain ownership")."""

from __future__ import annotations

from realvpc.net.domain_name import canonical
from realvpc.net.endpoint_service import PrivateName

from ..core.context import Answer, Context, Request
from ..core.errors import invalid_parameter
from ..core.lookup import named
from .endpoint_service import ENDPOINT_SERVICE, with_names


def start_vpc_endpoint_service_private_dns_verification(ctx: Context, request: Request) -> Answer:
    """It is over at once: the record is looked for in the public hosted zones here, whoever has them.

    Raises ``InvalidVpcEndpointServiceId.NotFound``, InvalidParameter for a service without a private name.
    """
    service = named(ctx, ENDPOINT_SERVICE, request, "ServiceId")
    if service.private_name is None:
        raise invalid_parameter(f"The endpoint service {service.id} does not have a private DNS name.")
    checked = service.checked(found=_is_there(ctx, service.private_name))
    return Answer({"ReturnValue": True}, with_names(ctx, checked))


def _is_there(ctx: Context, wanted: PrivateName) -> bool:
    names, name = ctx.state.names, canonical(wanted.record_name)
    zone = names.public_hosted_zone_for(name)
    rows = (names.record_sets_at(zone, name) or ()) if zone is not None else ()
    return any(row.type == "TXT" and f'"{wanted.value}"' in row.values for row in rows)
