"""An interface endpoint with one network interface, in a network that hosts.py makes."""

from __future__ import annotations

from realvpc.net.addresses import Address
from realvpc.net.network_interface import Attachment, NetworkInterface
from realvpc.net.resource import Resource
from realvpc.net.vpc_endpoint import EndpointState, VpcEndpoint
from realvpc.net.vpc_endpoint_services import EndpointType

from .hosts import COMMON, NOW, number

INTERFACE = 500
"""What the number of an endpoint is counted up by for its network interface."""


def interface_endpoint(
    index: int, vpc_index: int, address: str, *, service: str = "ssm", ipv6: str | None = None
) -> list[Resource]:
    """Endpoint number ``index`` in the subnet of that VPC, with its security group."""
    endpoint, group = number("vpce", index), (number("sg", vpc_index),)
    return [
        VpcEndpoint(
            id=endpoint,
            vpc_id=number("vpc", vpc_index),
            service_name=f"com.amazonaws.{COMMON['region']}.{service}",
            type=EndpointType.INTERFACE,
            created_at=NOW,
            state=EndpointState.AVAILABLE,
            group_ids=group,
            private_dns_enabled=True,
            ip_address_type="dualstack" if ipv6 else "ipv4",
            dns_record_ip_type="dualstack" if ipv6 else "ipv4",
            **COMMON,
        ),
        NetworkInterface(
            id=number("eni", INTERFACE + index),
            vpc_id=number("vpc", vpc_index),
            subnet_id=number("subnet", vpc_index),
            mac_address=f"06:00:00:00:02:{index:02x}",
            private_addresses=(Address.parse(address),),
            ipv6_addresses=(Address.parse(ipv6),) if ipv6 else (),
            deny_all_igw_traffic=ipv6 is not None,
            group_ids=group,
            attachment=Attachment(id="ela-attach-1", owner_id=endpoint, device_index=1, attached_at=NOW),
            **COMMON,
        ),
    ]
