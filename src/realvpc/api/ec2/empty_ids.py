"""The ids of what there is none of: how they look, and what EC2 says of those that it does not find.

Codes and sentences are those of the EC2 API Reference ("Error codes") and of errors that were seen.  Where neither has
one, it is made of the name, as EC2 makes most of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from msgspec import Struct

from ..core.errors import AwsError
from ..core.lookup import check_form, not_found
from ..core.noun import TellsPrefix
from ..core.parameters import parameter_name


class Kind(Struct, frozen=True, kw_only=True):
    """One kind of ids, or of names.

    ``name`` is what stands before Id or Ids in requests.  ``malformed`` is None where no form is known.  ``says`` is
    the sentence, with ``{}`` for what was asked for, where it is not "The … '…' does not exist".
    """

    name: str
    prefix: str
    not_found: str
    malformed: str | None
    words: str
    says: str
    tells_prefix: TellsPrefix = TellsPrefix.OF_OTHERS
    sentence: str = "The {} '{}' {}"

    def refuse(self, asked: Sequence[str]) -> None:
        """Raises ``malformed`` for the first that is no id, else ``not_found`` for all; nothing where none is asked."""
        for each in asked:
            check_form(self, each)
        if asked and self.says:
            raise AwsError(self.not_found, self.says.format(", ".join(asked)))
        if asked:
            raise not_found(self, *asked)


def _kind(
    name: str,
    prefix: str = "",
    *,
    not_found: str | None = None,
    malformed: str | None = None,
    words: str | None = None,
    says: str = "",
) -> Kind:
    return Kind(
        name=name,
        prefix=prefix,
        not_found=not_found or f"Invalid{name}Id.NotFound",
        malformed=(malformed or f"Invalid{name}Id.Malformed") if prefix else None,
        words=words or f"{parameter_name(name)} ID",
        says=says,
    )


_KINDS = (
    # Gateways, and what belongs to them
    _kind("CarrierGateway", "cagw", not_found="InvalidCarrierGatewayID.NotFound"),
    _kind("CustomerGateway", "cgw", not_found="InvalidCustomerGatewayID.NotFound"),
    _kind("LocalGateway", "lgw"),
    _kind("LocalGatewayRouteTable", "lgw-rtb"),
    _kind("LocalGatewayRouteTableVirtualInterfaceGroupAssociation"),
    _kind("LocalGatewayRouteTableVpcAssociation", "lgw-vpc-assoc"),
    _kind("LocalGatewayVirtualInterface", "lgw-vif"),
    _kind("LocalGatewayVirtualInterfaceGroup", "lgw-vif-grp"),
    _kind("OutpostLag"),
    _kind("ServiceLinkVirtualInterface"),
    _kind("VpnConcentrator"),
    _kind("VpnConnection", "vpn", not_found="InvalidVpnConnectionID.NotFound"),
    _kind("VpnGateway", "vgw", not_found="InvalidVpnGatewayID.NotFound"),
    # Transit gateways
    _kind(
        "TransitGateway",
        "tgw",
        not_found="InvalidTransitGatewayID.NotFound",
        malformed="InvalidTransitGatewayID.Malformed",
        says="Transit Gateway {} was deleted or does not exist.",
    ),
    _kind(
        "TransitGatewayAttachment",
        "tgw-attach",
        not_found="InvalidTransitGatewayAttachmentID.NotFound",
        malformed="InvalidTransitGatewayAttachmentID.Malformed",
        says="Transit Gateway Attachment {} was deleted or does not exist.",
    ),
    _kind("TransitGatewayConnectPeer", not_found="InvalidTransitGatewayConnectPeerID.NotFound"),
    _kind("TransitGatewayMeteringPolicy"),
    _kind("TransitGatewayMulticastDomain", "tgw-mcast-domain"),
    _kind("TransitGatewayPolicyTable", "tgw-ptb"),
    _kind(
        "TransitGatewayRouteTable",
        "tgw-rtb",
        not_found="InvalidRouteTableID.NotFound",
        malformed="InvalidRouteTableId.Malformed",
        says="Transit Gateway Route Table {} was deleted or does not exist.",
    ),
    _kind("TransitGatewayRouteTableAnnouncement"),
    # Addresses, endpoints
    _kind("ConnectionNotification", not_found="InvalidConnectionNotification"),
    _kind("FcaPolicy"),
    _kind("FcaPolicyAssociation"),
    _kind("Pool", not_found="InvalidPoolID.NotFound"),
    _kind("SecondaryInterface"),
    _kind("SecondaryNetwork"),
    _kind("SecondarySubnet"),
    _kind("VpcEncryptionControl"),
    # What routes, watches and explains
    _kind("NetworkInsightsAccessScope", "nis"),
    _kind("NetworkInsightsAccessScopeAnalysis", "nisa"),
    _kind("NetworkInsightsAnalysis", "nia"),
    _kind("NetworkInsightsPath", "nip"),
    _kind("RouteServer", "rs"),
    _kind("RouteServerEndpoint", "rse"),
    _kind("RouteServerPeer", "rsp"),
    _kind("TrafficMirrorFilter", "tmf"),
    _kind("TrafficMirrorFilterRule", "tmfr"),
    _kind("TrafficMirrorSession", "tms"),
    _kind("TrafficMirrorTarget", "tmt"),
    # Who may come in
    _kind("ClientVpnEndpoint", "cvpn-endpoint", says="Endpoint {} does not exist"),
    _kind("VerifiedAccessEndpoint", "vae"),
    _kind("VerifiedAccessGroup", "vagr"),
    _kind("VerifiedAccessInstance", "vai"),
    _kind("VerifiedAccessTrustProvider", "vatp"),
    # IPAM
    _kind("Ipam", "ipam", words="ipam ID"),
    _kind("IpamExternalResourceVerificationToken"),
    _kind("IpamInternetRegistryAssociation"),
    _kind("IpamPolicy", words="ipam-policy ID"),
    _kind("IpamPool", "ipam-pool", words="ipam-pool ID"),
    _kind("IpamPoolAllocation", says="The IPAM pool allocation ({}) does not exist."),
    _kind("IpamPrefixListResolver"),
    _kind("IpamPrefixListResolverTarget"),
    _kind("IpamResourceDiscovery", "ipam-res-disco", words="ipam-res-disco ID"),
    _kind("IpamResourceDiscoveryAssociation", "ipam-res-disco-assoc", words="ipam-res-disco-assoc ID"),
    _kind("IpamScope", "ipam-scope", words="ipam-scope ID"),
    # Ways to buy and to launch
    _kind("CapacityBlock"),
    _kind("CapacityManagerDataExport"),
    _kind("CapacityReservation", "cr"),
    _kind("CapacityReservationCancellationQuote"),
    _kind("CapacityReservationFleet", "crf"),
    _kind("CapacityReservationModificationQuote"),
    _kind("Fleet"),
    _kind("Host", "h", not_found="InvalidHostID.NotFound", malformed="InvalidHostID.Malformed"),
    _kind("ReservedInstances", not_found="InvalidReservedInstancesId"),
    _kind("ReservedInstancesListing"),
    _kind("ReservedInstancesModification"),
    _kind("ReservedInstancesOffering", not_found="InvalidReservedInstancesOfferingId"),
    _kind("ScheduledInstance", not_found="InvalidScheduledInstance"),
    _kind("SpotFleetRequest"),
    _kind(
        "SpotInstanceRequest",
        "sir",
        not_found="InvalidSpotInstanceRequestID.NotFound",
        malformed="InvalidSpotInstanceRequestID.Malformed",
        words="spot instance request ID",
    ),
    # What is done to instances and images
    _kind("ApplicationStatusCheck"),
    _kind("Bundle", not_found="InvalidBundleID.NotFound"),
    _kind("ConversionTask", not_found="InvalidConversionTaskId"),
    _kind("ElasticGpu", "egpu", not_found="InvalidElasticGpuID.NotFound", malformed="InvalidElasticGpuID.Malformed"),
    _kind(
        "ExportImageTask",
        "export-ami",
        not_found="InvalidExportTaskID.NotFound",
        malformed="InvalidExportTaskID.Malformed",
    ),
    _kind("ExportTask", not_found="InvalidExportTaskID.NotFound"),
    _kind("FpgaImage", "afi", not_found="InvalidFpgaImageID.NotFound", malformed="InvalidFpgaImageID.Malformed"),
    _kind("ImportTask", not_found="InvalidConversionTaskId.Malformed"),
    _kind("InstanceEventWindow", "iew"),
    _kind("MacModificationTask"),
    _kind("ReplaceRootVolumeTask", "replacevol"),
)

KINDS: Mapping[str, Kind] = {
    **{f"{kind.name}{ending}": kind for kind in _KINDS for ending in ("Id", "Ids")},
    "HostReservationIdSet": _kind("HostReservation", "hr"),
    "PublicIps": _kind("PublicIp", not_found="InvalidAddress.NotFound", says="Address '{}' not found."),
}
"""By the member of a request that names them, the same in all actions."""

# Members whose meaning is the action's own.
CLIENT_VPN_ASSOCIATION = _kind("ClientVpnAssociation", not_found="InvalidClientVpnAssociationIdNotFound")
DECLARATIVE_REPORT = _kind("DeclarativePoliciesReport")
HOST_OFFERING = _kind("HostReservationOffering")
IMAGE_USAGE_REPORT = _kind("ImageUsageReport")
IPV4_POOL = _kind("PublicIpv4Pool", not_found="InvalidPublicIpv4PoolID.NotFound")
TRUNK_ASSOCIATION = _kind("TrunkAssociation", "trunk-assoc")
