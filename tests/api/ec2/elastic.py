"""Elastic IP addresses as tests make them."""

from __future__ import annotations

from typing import Any

from ..build import make_internet_gateway, make_vpc
from ..conftest import Client
from .test_run_instances import described, run


def make_vpc_with_gateway(client: Client) -> str:
    """With names for its hosts, too."""
    vpc_id = make_vpc(client)
    make_internet_gateway(client, vpc_id)
    client("ModifyVpcAttribute", VpcId=vpc_id, EnableDnsHostnames={"Value": True})
    return vpc_id


def allocate(client: Client, **more: Any) -> dict[str, Any]:
    return client("AllocateAddress", **more)


def launch(client: Client, subnet_id: str, *, public: bool = False) -> dict[str, Any]:
    interface = {"DeviceIndex": 0, "SubnetId": subnet_id, "AssociatePublicIpAddress": public}
    instance: dict[str, Any] = run(client, "", SubnetId=None, NetworkInterfaces=[interface])[0]
    return instance


def interface_of(client: Client, instance: dict[str, Any]) -> dict[str, Any]:
    interface_id = instance["NetworkInterfaces"][0]["NetworkInterfaceId"]
    row: dict[str, Any]
    [row] = client("DescribeNetworkInterfaces", NetworkInterfaceIds=[interface_id])["NetworkInterfaces"]
    return row


def make_interface(client: Client, subnet_id: str, *addresses: str) -> str:
    entries = [{"PrivateIpAddress": each, "Primary": place == 0} for place, each in enumerate(addresses)]
    made = client("CreateNetworkInterface", SubnetId=subnet_id, PrivateIpAddresses=entries)
    interface_id: str = made["NetworkInterface"]["NetworkInterfaceId"]
    return interface_id


def associate(client: Client, address: dict[str, Any], **to: Any) -> str:
    association_id: str = client("AssociateAddress", AllocationId=address["AllocationId"], **to)["AssociationId"]
    return association_id


def shown(client: Client, address: dict[str, Any]) -> dict[str, Any]:
    row: dict[str, Any]
    [row] = client("DescribeAddresses", AllocationIds=[address["AllocationId"]])["Addresses"]
    return row


def public_ip(client: Client, instance: dict[str, Any]) -> str | None:
    [row] = described(client, instance["InstanceId"])
    found: str | None = row["PublicIpAddress"]
    return found


def address_of(address: dict[str, Any]) -> dict[str, str]:
    return {"AllocationId": address["AllocationId"]}
