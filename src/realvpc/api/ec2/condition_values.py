"""What resources say of EC2's condition keys (Service Authorization Reference, "Condition keys for Amazon EC2").

How values look that the reference does not show (identifiers as ARNs or not, ``*`` for what has no id yet) is as
decoded authorization messages of AWS's show it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeAlias

from realvpc.net.elastic_ip import ElasticIp
from realvpc.net.images import PUBLISHERS
from realvpc.net.instance import Instance
from realvpc.net.key_pair import KeyPair
from realvpc.net.machine_image import ALL, DiskSnapshot, MachineImage
from realvpc.net.network_interface import NetworkInterface
from realvpc.net.peering import Peering, PeeringSide
from realvpc.net.placement_group import PlacementGroup
from realvpc.net.resource import Resource
from realvpc.net.volume import Volume
from realvpc.net.vpc import Vpc
from realvpc.net.vpc_endpoint import VpcEndpoint

from ..core.arn import arn
from ..core.context import Context

Value: TypeAlias = str | int | datetime | None
"""None: it has none."""

Reads: TypeAlias = Callable[[Context, Any], Value]

IDS: Mapping[str, str] = {  # the type whose id the key is
    "ec2:AllocationId": "elastic-ip",
    "ec2:DhcpOptionsID": "dhcp-options",
    "ec2:ImageID": "image",
    "ec2:InstanceID": "instance",
    "ec2:InternetGatewayID": "internet-gateway",
    "ec2:KeyPairName": "key-pair",  # whose ARN has its name in it, as that of a placement group has
    "ec2:NetworkAclID": "network-acl",
    "ec2:NetworkInterfaceID": "network-interface",
    "ec2:PlacementGroupName": "placement-group",
    "ec2:RouteTableID": "route-table",
    "ec2:SecurityGroupID": "security-group",
    "ec2:SnapshotID": "snapshot",
    "ec2:SubnetID": "subnet",
    "ec2:VolumeID": "volume",
    "ec2:VpcID": "vpc",
    "ec2:VpcPeeringConnectionID": "vpc-peering-connection",
}

NOTHING_HAS: frozenset[str] = frozenset(
    {
        *("ec2:CapacityReservationFleet", "ec2:CpuOptionsAmdSevSnp", "ec2:ElasticGpuType", "ec2:InstanceAutoRecovery"),
        *("ec2:IpamPrefixListResolverTargetId", "ec2:Ipv4IpamPoolId", "ec2:Ipv6IpamPoolId"),
        *(
            "ec2:LaunchTemplate",
            "ec2:ManagedResourceOperator",
            "ec2:OutpostArn",
            "ec2:ProductCode",
            "ec2:SourceOutpostArn",
        ),
        *("ec2:SourceOutpostArn", "ec2:VolumeInitializationRate"),
    }
)
"""Keys of what no resource here is, or is part of."""

UNKNOWN: frozenset[str] = frozenset(
    {
        *("ec2:SourceAvailabilityZone", "ec2:VpceMultiRegion", "ec2:VpcePrivateDnsPreference"),
        *("ec2:VpcePrivateDnsSpecifiedDomains", "ec2:VpceServiceOwner", "ec2:VpceSupportedRegion"),
    }
)
"""Keys whose values on AWS could not be found out: they deny and do not allow."""


def _vpc_arn(ctx: Context, row: Any) -> Value:
    return _arn(row, "vpc", row.vpc_id) if getattr(row, "vpc_id", None) else None


def _subnet(ctx: Context, row: Any) -> Value:
    return _arn(row, "subnet", row.subnet_id) if isinstance(row, NetworkInterface) else None


def _subnet_id(ctx: Context, row: Any) -> Value:
    """Of what is in one."""
    found: Value = getattr(row, "subnet_id", None)
    return found


def _zone(ctx: Context, row: Any) -> Value:
    where = ctx.network.subnets.get(row.subnet_id) if isinstance(row, NetworkInterface) else row
    name: Value = getattr(where, "zone_name", None)
    return name


def _zone_id(ctx: Context, row: Any) -> Value:
    where = ctx.network.subnets.get(row.subnet_id) if isinstance(row, NetworkInterface) else row
    zone_id: Value = getattr(where, "zone_id", None)
    return zone_id


def _tenancy(ctx: Context, row: Any) -> Value:
    return row.instance_tenancy if isinstance(row, Vpc) else _of(Instance, lambda row: row.tenancy)(ctx, row)


def _owner(ctx: Context, row: Any) -> Value:
    """An alias, where the owner has one."""
    return "amazon" if row.account in PUBLISHERS else str(row.account)


def _root_device(ctx: Context, row: Any) -> Value:
    return "ebs" if isinstance(row, Instance | MachineImage) else None


def _size(ctx: Context, row: Any) -> Value:
    return row.size_gib if isinstance(row, Volume | DiskSnapshot) else None


def _encrypted(ctx: Context, row: Any) -> Value:
    return row.encrypted if isinstance(row, Volume | DiskSnapshot) else None


def _placement_group(ctx: Context, row: Any) -> Value:
    group = ctx.state.inventory.placement_groups.get(getattr(row, "placement_group_id", None) or "")
    return _arn(group, "placement-group", group.name) if group is not None else None


def _of_side(side: PeeringSide) -> str:
    return arn("ec2", side.region, side.account, f"vpc/{side.vpc_id}")


def _parent_volume(row: DiskSnapshot) -> Value:
    return _arn(row, "volume", row.volume_id) if row.volume_id else None


def _parent_snapshot(row: Volume) -> Value:
    return arn("ec2", row.region, "", f"snapshot/{row.snapshot_id}") if row.snapshot_id else None


def _arn(row: Resource, kind: str, name: str) -> str:
    return arn("ec2", row.region, row.account, f"{kind}/{name}")


def _of(kind: type[Any], read: Callable[[Any], Value]) -> Reads:
    """The value that rows of one type have."""
    return lambda ctx, row: read(row) if isinstance(row, kind) else None


READS: Mapping[str, Reads] = {
    "ec2:AccepterVpc": _of(Peering, lambda row: _of_side(row.accepter)),
    "ec2:AssociatePublicIpAddress": _of(NetworkInterface, lambda row: row.associate_public_address),
    "ec2:AvailabilityZone": _zone,
    "ec2:AvailabilityZoneId": _zone_id,
    "ec2:Domain": _of(ElasticIp, lambda row: "vpc"),
    "ec2:EbsOptimized": _of(Instance, lambda row: row.ebs_optimized),
    "ec2:Encrypted": _encrypted,
    "ec2:ImageType": _of(MachineImage, lambda row: "machine"),
    "ec2:InstanceBandwidthWeighting": _of(Instance, lambda row: "default"),
    "ec2:InstanceMarketType": _of(Instance, lambda row: "on-demand"),
    "ec2:InstanceMetadataTags": _of(Instance, lambda row: row.metadata_options.instance_metadata_tags),
    "ec2:InstanceProfile": _of(Instance, lambda row: row.instance_profile_arn),
    "ec2:InstanceType": _of(Instance, lambda row: row.instance_type),
    "ec2:KeyPairType": _of(KeyPair, lambda row: row.key_type),
    "ec2:KmsKeyId": _of(Volume, lambda row: row.kms_key_id or None),
    "ec2:MetadataHttpEndpoint": _of(Instance, lambda row: row.metadata_options.http_endpoint),
    "ec2:MetadataHttpPutResponseHopLimit": _of(Instance, lambda row: row.metadata_options.http_put_response_hop_limit),
    "ec2:MetadataHttpTokens": _of(Instance, lambda row: row.metadata_options.http_tokens),
    "ec2:Owner": _owner,
    "ec2:ParentSnapshot": _of(Volume, _parent_snapshot),
    "ec2:ParentVolume": _of(DiskSnapshot, _parent_volume),
    "ec2:PlacementGroup": _placement_group,
    "ec2:PlacementGroupStrategy": _of(PlacementGroup, lambda row: row.strategy),
    "ec2:Public": _of(MachineImage, lambda row: row.account in PUBLISHERS or ALL in row.shared_with),
    "ec2:PublicIpAddress": _of(ElasticIp, lambda row: str(row.public_address)),
    "ec2:RequesterVpc": _of(Peering, lambda row: _of_side(row.requester)),
    "ec2:RootDeviceType": _root_device,
    "ec2:SnapshotTime": _of(DiskSnapshot, lambda row: row.started_at),
    "ec2:Subnet": _subnet,
    "ec2:SubnetID": _subnet_id,
    "ec2:Tenancy": _tenancy,
    "ec2:VolumeIops": _of(Volume, lambda row: row.iops),
    "ec2:VolumeSize": _size,
    "ec2:VolumeThroughput": _of(Volume, lambda row: row.throughput),
    "ec2:VolumeType": _of(Volume, lambda row: row.volume_type),
    "ec2:Vpc": _vpc_arn,
    "ec2:VpceServiceName": _of(VpcEndpoint, lambda row: row.service_name),
}
"""By key: what a row, one that there is or one that is to be made, says of it."""


def text_of(value: Value) -> tuple[str, ...]:
    """As policies compare it."""
    if value is None:
        return ()
    if isinstance(value, bool):
        return (str(value).lower(),)
    return (value.isoformat() if isinstance(value, datetime) else str(value),)
