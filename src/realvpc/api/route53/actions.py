"""The table of Route 53's actions."""

from __future__ import annotations

from ..core.context import Action
from . import change, hosted_zone, hosted_zone_list, record_set, tag, vpc_association

ACTIONS: dict[str, Action] = {
    # Hosted zones
    "CreateHostedZone": hosted_zone.create_hosted_zone,
    "DeleteHostedZone": hosted_zone.delete_hosted_zone,
    "GetDNSSEC": hosted_zone.get_dnssec,
    "GetHostedZone": hosted_zone.get_hosted_zone,
    "GetHostedZoneCount": hosted_zone.get_hosted_zone_count,
    "ListHostedZones": hosted_zone_list.list_hosted_zones,
    "ListHostedZonesByName": hosted_zone_list.list_hosted_zones_by_name,
    "ListHostedZonesByVPC": hosted_zone_list.list_hosted_zones_by_vpc,
    "UpdateHostedZoneComment": hosted_zone.update_hosted_zone_comment,
    # Their VPCs
    "AssociateVPCWithHostedZone": vpc_association.associate_vpc_with_hosted_zone,
    "CreateVPCAssociationAuthorization": vpc_association.create_vpc_association_authorization,
    "DeleteVPCAssociationAuthorization": vpc_association.delete_vpc_association_authorization,
    "DisassociateVPCFromHostedZone": vpc_association.disassociate_vpc_from_hosted_zone,
    "ListVPCAssociationAuthorizations": vpc_association.list_vpc_association_authorizations,
    # Records
    "ChangeResourceRecordSets": record_set.change_resource_record_sets,
    "GetChange": change.get_change,
    "ListResourceRecordSets": record_set.list_resource_record_sets,
    # Tags
    "ChangeTagsForResource": tag.change_tags_for_resource,
    "ListTagsForResource": tag.list_tags_for_resource,
    "ListTagsForResources": tag.list_tags_for_resources,
}
