"""What EC2 describes and RealVPC has none of: true empty lists, as a table (EC2 API Reference).

Whoever asks for a thing by its id is refused in EC2's words, and so is a filter that it does not document
(``documented_filters.json``).  What comes to be some day leaves the table.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from ..core.action import Action, Perform, on_all
from ..core.context import Answer, Context, Request
from ..core.describe import paginate
from ..core.errors import AwsError
from ..core.filter import asked_filters
from ..core.lookup import get_all
from ..core.noun import Noun
from . import empty_ids as ids
from .elastic_ip import ELASTIC_IP
from .image import IMAGE
from .instance import INSTANCE
from .placement_group import group_named
from .resources import on
from .route_table import ROUTE_TABLE
from .snapshot import SNAPSHOT
from .subnet import SUBNET
from .volume import VOLUME
from .vpc import VPC
from .vpc_endpoint import VPC_ENDPOINT


class Empty(Struct, frozen=True, kw_only=True):
    """``members`` of the response are the lists.  ``on`` is the type of the resource that is asked about, if one is.
    ``ids`` are members of the request whose meaning is this action's own.  ``no_filter`` is the code for the name of a
    filter that is none."""

    members: tuple[str, ...]
    on: str | None = None
    ids: Mapping[str, ids.Kind] = {}
    no_filter: str = "InvalidParameterValue"


def _of(*members: str, on: str | None = None, **named: ids.Kind) -> Empty:
    return Empty(members=members, on=on, ids=named)


def _ipam(member: str, on: str | None = None) -> Empty:
    return Empty(members=(member,), on=on, no_filter="InvalidFilter")


EMPTY: Mapping[str, Empty] = {
    # Gateways
    "DescribeCarrierGateways": _of("CarrierGateways"),
    "DescribeCustomerGateways": _of("CustomerGateways"),
    "DescribeVpnConcentrators": _of("VpnConcentrators"),
    "DescribeVpnConnections": _of("VpnConnections"),
    "DescribeVpnGateways": _of("VpnGateways"),
    # Transit gateways
    "DescribeTransitGatewayAttachments": _of("TransitGatewayAttachments"),
    "DescribeTransitGatewayConnectPeers": _of("TransitGatewayConnectPeers"),
    "DescribeTransitGatewayConnects": _of("TransitGatewayConnects"),
    "DescribeTransitGatewayMeteringPolicies": _of("TransitGatewayMeteringPolicies"),
    "DescribeTransitGatewayMulticastDomains": _of("TransitGatewayMulticastDomains"),
    "DescribeTransitGatewayNetworkFunctionAttachments": _of("TransitGatewayNetworkFunctionAttachments"),
    "DescribeTransitGatewayPeeringAttachments": _of("TransitGatewayPeeringAttachments"),
    "DescribeTransitGatewayPolicyTables": _of("TransitGatewayPolicyTables"),
    "DescribeTransitGatewayRouteTableAnnouncements": _of("TransitGatewayRouteTableAnnouncements"),
    "DescribeTransitGatewayRouteTables": _of("TransitGatewayRouteTables"),
    "DescribeTransitGatewayVpcAttachments": _of("TransitGatewayVpcAttachments"),
    "DescribeTransitGateways": _of("TransitGateways"),
    "GetTransitGatewayAttachmentPropagations": _of(
        "TransitGatewayAttachmentPropagations", on="transit-gateway-attachment"
    ),
    "GetTransitGatewayMulticastDomainAssociations": _of(
        "MulticastDomainAssociations", on="transit-gateway-multicast-domain"
    ),
    "GetTransitGatewayPolicyTableAssociations": _of("Associations", on="transit-gateway-policy-table"),
    "GetTransitGatewayPolicyTableEntries": _of("TransitGatewayPolicyTableEntries", on="transit-gateway-policy-table"),
    "GetTransitGatewayPrefixListReferences": _of(
        "TransitGatewayPrefixListReferences", on="transit-gateway-route-table"
    ),
    "GetTransitGatewayRouteTableAssociations": _of("Associations", on="transit-gateway-route-table"),
    "GetTransitGatewayRouteTablePropagations": _of(
        "TransitGatewayRouteTablePropagations", on="transit-gateway-route-table"
    ),
    "SearchTransitGatewayMulticastGroups": _of("MulticastGroups", on="transit-gateway-multicast-domain"),
    "SearchTransitGatewayRoutes": _of("Routes", on="transit-gateway-route-table"),
    # Outposts
    "DescribeCoipPools": _of("CoipPools"),
    "DescribeLocalGatewayRouteTableVirtualInterfaceGroupAssociations": _of(
        "LocalGatewayRouteTableVirtualInterfaceGroupAssociations"
    ),
    "DescribeLocalGatewayRouteTableVpcAssociations": _of("LocalGatewayRouteTableVpcAssociations"),
    "DescribeLocalGatewayRouteTables": _of("LocalGatewayRouteTables"),
    "DescribeLocalGatewayVirtualInterfaceGroups": _of("LocalGatewayVirtualInterfaceGroups"),
    "DescribeLocalGatewayVirtualInterfaces": _of("LocalGatewayVirtualInterfaces"),
    "DescribeLocalGateways": _of("LocalGateways"),
    "DescribeOutpostLags": _of("OutpostLags"),
    "DescribeServiceLinkVirtualInterfaces": _of("ServiceLinkVirtualInterfaces"),
    "SearchLocalGatewayRoutes": _of("Routes", on="local-gateway-route-table"),
    # Addresses
    "DescribeAddressTransfers": _of("AddressTransfers"),
    "DescribeByoipCidrs": _of("ByoipCidrs"),
    "DescribeIpv6Pools": _of("Ipv6Pools"),
    "DescribeMovingAddresses": _of("MovingAddressStatuses"),
    "DescribePublicIpv4Pools": _of("PublicIpv4Pools", PoolIds=ids.IPV4_POOL),
    "GetAssociatedIpv6PoolCidrs": _of("Ipv6CidrAssociations", on="ipv6pool-ec2"),
    # Endpoints
    "DescribeVpcEndpointAssociations": _of("VpcEndpointAssociations"),
    "DescribeVpcEndpointConnectionNotifications": _of("ConnectionNotificationSet"),
    # What VPCs and interfaces can have
    "DescribeNetworkingFlexCostAllocationPolicies": _of("FlexCostAllocationPolicies"),
    "DescribeNetworkingFlexCostAllocationPolicyAssociations": _of("FcaPolicyAssociations"),
    "DescribeSecondaryInterfaces": _of("SecondaryInterfaces"),
    "DescribeSecondaryNetworks": _of("SecondaryNetworks"),
    "DescribeSecondarySubnets": _of("SecondarySubnets"),
    "DescribeTrunkInterfaceAssociations": _of("InterfaceAssociations", AssociationIds=ids.TRUNK_ASSOCIATION),
    "DescribeVpcEncryptionControls": _of("VpcEncryptionControls"),
    # What routes, watches and explains
    "DescribeAwsNetworkPerformanceMetricSubscriptions": _of("Subscriptions"),
    "DescribeNetworkInsightsAccessScopeAnalyses": _of("NetworkInsightsAccessScopeAnalyses"),
    "DescribeNetworkInsightsAccessScopes": _of("NetworkInsightsAccessScopes"),
    "DescribeNetworkInsightsAnalyses": _of("NetworkInsightsAnalyses"),
    "DescribeNetworkInsightsPaths": _of("NetworkInsightsPaths"),
    "DescribeRouteServerEndpoints": _of("RouteServerEndpoints"),
    "DescribeRouteServerPeers": _of("RouteServerPeers"),
    "DescribeRouteServers": _of("RouteServers"),
    "DescribeTrafficMirrorFilterRules": _of("TrafficMirrorFilterRules"),
    "DescribeTrafficMirrorFilters": _of("TrafficMirrorFilters"),
    "DescribeTrafficMirrorSessions": _of("TrafficMirrorSessions"),
    "DescribeTrafficMirrorTargets": _of("TrafficMirrorTargets"),
    "GetRouteServerAssociations": _of("RouteServerAssociations", on="route-server"),
    "GetRouteServerPropagations": _of("RouteServerPropagations", on="route-server"),
    # Client VPN, Verified Access
    "DescribeClientVpnAuthorizationRules": _of("AuthorizationRules", on="client-vpn-endpoint"),
    "DescribeClientVpnConnections": _of("Connections", on="client-vpn-endpoint"),
    "DescribeClientVpnEndpoints": _of("ClientVpnEndpoints"),
    "DescribeClientVpnRoutes": _of("Routes", on="client-vpn-endpoint"),
    "DescribeClientVpnTargetNetworks": _of(
        "ClientVpnTargetNetworks", on="client-vpn-endpoint", AssociationIds=ids.CLIENT_VPN_ASSOCIATION
    ),
    "DescribeVerifiedAccessEndpoints": _of("VerifiedAccessEndpoints"),
    "DescribeVerifiedAccessGroups": _of("VerifiedAccessGroups"),
    "DescribeVerifiedAccessInstanceLoggingConfigurations": _of("LoggingConfigurations"),
    "DescribeVerifiedAccessInstances": _of("VerifiedAccessInstances"),
    "DescribeVerifiedAccessTrustProviders": _of("VerifiedAccessTrustProviders"),
    "GetVerifiedAccessEndpointTargets": _of("VerifiedAccessEndpointTargets", on="verified-access-endpoint"),
    # IPAM
    "DescribeIpamByoasn": _ipam("Byoasns"),
    "DescribeIpamExternalResourceVerificationTokens": _ipam("IpamExternalResourceVerificationTokens"),
    "DescribeIpamInternetRegistryAssociations": _ipam("IpamInternetRegistryAssociations"),
    "DescribeIpamPolicies": _ipam("IpamPolicies"),
    "DescribeIpamPoolAllocations": _ipam("IpamPoolAllocations"),
    "DescribeIpamPools": _ipam("IpamPools"),
    "DescribeIpamPrefixListResolverTargets": _ipam("IpamPrefixListResolverTargets"),
    "DescribeIpamPrefixListResolvers": _ipam("IpamPrefixListResolvers"),
    "DescribeIpamResourceDiscoveries": _ipam("IpamResourceDiscoveries"),
    "DescribeIpamResourceDiscoveryAssociations": _ipam("IpamResourceDiscoveryAssociations"),
    "DescribeIpamScopes": _ipam("IpamScopes"),
    "DescribeIpams": _ipam("Ipams"),
    "GetIpamAddressHistory": _ipam("HistoryRecords", on="ipam-scope"),
    "GetIpamDiscoveredAccounts": _ipam("IpamDiscoveredAccounts", on="ipam-resource-discovery"),
    "GetIpamDiscoveredPublicAddresses": _ipam("IpamDiscoveredPublicAddresses", on="ipam-resource-discovery"),
    "GetIpamDiscoveredResourceCidrs": _ipam("IpamDiscoveredResourceCidrs", on="ipam-resource-discovery"),
    "GetIpamPoolAllocations": _ipam("IpamPoolAllocations", on="ipam-pool"),
    "GetIpamPoolCidrs": _ipam("IpamPoolCidrs", on="ipam-pool"),
    "GetIpamResourceCidrs": _ipam("IpamResourceCidrs", on="ipam-scope"),
    # Ways to buy
    "DescribeCapacityBlockExtensionHistory": _of("CapacityBlockExtensions"),
    "DescribeCapacityBlockStatus": _of("CapacityBlockStatuses"),
    "DescribeCapacityBlocks": _of("CapacityBlocks"),
    "DescribeCapacityManagerDataExports": _of("CapacityManagerDataExports"),
    "DescribeCapacityReservationBillingRequests": _of("CapacityReservationBillingRequests"),
    "DescribeCapacityReservationCancellationQuotes": _of("CapacityReservationCancellationQuotes"),
    "DescribeCapacityReservationDateChangeQuotes": _of("CapacityReservationModificationQuotes"),
    "DescribeCapacityReservationFleets": _of("CapacityReservationFleets"),
    "DescribeCapacityReservationTopology": _of("CapacityReservations"),
    "DescribeCapacityReservations": _of("CapacityReservations"),
    "DescribeHostReservationOfferings": _of("OfferingSet", OfferingId=ids.HOST_OFFERING),
    "DescribeHostReservations": _of("HostReservationSet"),
    "DescribeHosts": _of("Hosts"),
    "DescribeMacHosts": _of("MacHosts"),
    "DescribeReservedInstances": _of("ReservedInstances"),
    "DescribeReservedInstancesListings": _of("ReservedInstancesListings"),
    "DescribeReservedInstancesModifications": _of("ReservedInstancesModifications"),
    "DescribeReservedInstancesOfferings": _of("ReservedInstancesOfferings"),
    "DescribeScheduledInstances": _of("ScheduledInstanceSet"),
    "DescribeSpotFleetInstances": _of("ActiveInstances", on="spot-fleet-request"),
    "DescribeSpotFleetRequestHistory": _of("HistoryRecords", on="spot-fleet-request"),
    "DescribeSpotFleetRequests": _of("SpotFleetRequestConfigs"),
    "DescribeSpotInstanceRequests": _of("SpotInstanceRequests"),
    "DescribeSpotPriceHistory": _of("SpotPriceHistory"),
    "GetCapacityManagerMonitoredTagKeys": _of("CapacityManagerTagKeys"),
    "GetGroupsForCapacityReservation": _of("CapacityReservationGroups", on="capacity-reservation"),
    # Ways to launch
    "DescribeFleetHistory": _of("HistoryRecords", on="fleet"),
    "DescribeFleetInstances": _of("ActiveInstances", on="fleet"),
    "DescribeFleets": _of("Fleets"),
    # What is done to instances, volumes and images
    "DescribeApplicationStatusCheckAssociations": _of("Associations", "Tags"),
    "DescribeApplicationStatusChecks": _of("ApplicationStatusChecks"),
    "DescribeBundleTasks": _of("BundleTasks"),
    "DescribeClassicLinkInstances": _of("Instances"),
    "DescribeConversionTasks": _of("ConversionTasks"),
    "DescribeDeclarativePoliciesReports": _of("Reports", ReportIds=ids.DECLARATIVE_REPORT),
    "DescribeElasticGpus": _of("ElasticGpuSet"),
    "DescribeExportImageTasks": _of("ExportImageTasks"),
    "DescribeExportTasks": _of("ExportTasks"),
    "DescribeFastLaunchImages": _of("FastLaunchImages"),
    "DescribeFastSnapshotRestores": _of("FastSnapshotRestores"),
    "DescribeFpgaImages": _of("FpgaImages"),
    "DescribeImageUsageReportEntries": _of("ImageUsageReportEntries", ReportIds=ids.IMAGE_USAGE_REPORT),
    "DescribeImageUsageReports": _of("ImageUsageReports", ReportIds=ids.IMAGE_USAGE_REPORT),
    "DescribeImportImageTasks": _of("ImportImageTasks"),
    "DescribeImportSnapshotTasks": _of("ImportSnapshotTasks"),
    "DescribeInstanceEventWindows": _of("InstanceEventWindows"),
    "DescribeInstanceSqlHaHistoryStates": _of("Instances"),
    "DescribeInstanceSqlHaStates": _of("Instances"),
    "DescribeInstanceTopology": _of("Instances"),
    "DescribeLockedSnapshots": _of("Snapshots"),
    "DescribeMacModificationTasks": _of("MacModificationTasks"),
    "DescribePrincipalIdFormat": _of("Principals"),
    "DescribeReplaceRootVolumeTasks": _of("ReplaceRootVolumeTasks"),
    "DescribeStoreImageTasks": _of("StoreImageTaskResults"),
    "ListImagesInRecycleBin": _of("Images"),
    "ListSnapshotsInRecycleBin": _of("Snapshots"),
    "ListVolumesInRecycleBin": _of("Volumes"),
}

NOUNS: Mapping[str, Noun[Any]] = {
    "AllocationIds": ELASTIC_IP,
    "ImageIds": IMAGE,
    "InstanceIds": INSTANCE,
    "RouteTableId": ROUTE_TABLE,
    "SnapshotIds": SNAPSHOT,
    "SubnetId": SUBNET,
    "VolumeIds": VOLUME,
    "VpcEndpointIds": VPC_ENDPOINT,
    "VpcId": VPC,
    "VpcIds": VPC,
}
"""What there is, by the members of these requests: asked for, it has none of what the list would show."""
GROUP_NAMES = "GroupNames"  # of placement groups

FILTERS: Mapping[str, frozenset[str]] = msgspec.json.decode(
    pkgutil.get_data(__package__, "documented_filters.json") or b"", type=dict[str, frozenset[str]]
)
"""The names of an action's filters, where the reference has some.  Tags filter everything."""


def _listing(action: str, row: Empty) -> Perform:
    """Raises what is wrong with ids, filters and pages, as for a list that has something in it."""
    kinds, filters = {**ids.KINDS, **row.ids}, FILTERS.get(action)

    def nothing_listed(ctx: Context, request: Request) -> Answer:
        for member, noun in NOUNS.items():
            get_all(ctx, noun, _asked(request, member))
        for member, kind in kinds.items():
            kind.refuse(_asked(request, member))
        for name in _asked(request, GROUP_NAMES):
            group_named(ctx, name)
        _check_filters(request, filters, row.no_filter)
        paginate(request, [])
        return Answer({member: [] for member in row.members})

    return nothing_listed


def _asked(request: Request, member: str) -> list[str]:
    value = request.get(member)
    return [value] if isinstance(value, str) else value or []


def _check_filters(request: Request, known: frozenset[str] | None, code: str) -> None:
    """Raises ``code`` for a filter that is not among the ``known``, and what ``asked_filters`` raises."""
    for name, _ in asked_filters({"Filters": request.get("Filters") or request.get("Filter")}):
        if known is not None and name not in known and not name.startswith("tag:") and name not in _OF_TAGS:
            raise AwsError(code, f"The filter '{name}' is invalid")


_OF_TAGS = ("tag-key", "tag-value")

ACTIONS: dict[str, Action] = {
    name: Action(_listing(name, row), on(row.on) if row.on else on_all) for name, row in EMPTY.items()
}
