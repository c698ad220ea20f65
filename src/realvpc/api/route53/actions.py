"""The table of Route 53's actions."""

from __future__ import annotations

from ..core.action import Action, on_all
from ..core.service_questions import asking
from . import change, hosted_zone, hosted_zone_list, record_set, tag, vpc_association
from .questions import of_changes, of_vpc
from .resources import on_change, on_tagged, on_zone

_WITH_VPC = asking(of_vpc)

ACTIONS: dict[str, Action] = {
    # Hosted zones
    "CreateHostedZone": Action(hosted_zone.create_hosted_zone, on_all, asks=_WITH_VPC),
    "DeleteHostedZone": Action(hosted_zone.delete_hosted_zone, on_zone),
    "GetDNSSEC": Action(hosted_zone.get_dnssec, on_zone),
    "GetHostedZone": Action(hosted_zone.get_hosted_zone, on_zone),
    "GetHostedZoneCount": Action(hosted_zone.get_hosted_zone_count, on_all),
    "ListHostedZones": Action(hosted_zone_list.list_hosted_zones, on_all),
    "ListHostedZonesByName": Action(hosted_zone_list.list_hosted_zones_by_name, on_all),
    "ListHostedZonesByVPC": Action(hosted_zone_list.list_hosted_zones_by_vpc, on_all),
    "UpdateHostedZoneComment": Action(hosted_zone.update_hosted_zone_comment, on_zone),
    # Their VPCs
    "AssociateVPCWithHostedZone": Action(vpc_association.associate_vpc_with_hosted_zone, on_zone, asks=_WITH_VPC),
    "CreateVPCAssociationAuthorization": Action(
        vpc_association.create_vpc_association_authorization, on_zone, asks=asking(of_vpc)
    ),
    "DeleteVPCAssociationAuthorization": Action(
        vpc_association.delete_vpc_association_authorization, on_zone, asks=asking(of_vpc)
    ),
    "DisassociateVPCFromHostedZone": Action(
        vpc_association.disassociate_vpc_from_hosted_zone, on_zone, asks=asking(of_vpc)
    ),
    "ListVPCAssociationAuthorizations": Action(vpc_association.list_vpc_association_authorizations, on_zone),
    # Records
    "ChangeResourceRecordSets": Action(record_set.change_resource_record_sets, on_zone, asks=asking(of_changes)),
    "GetChange": Action(change.get_change, on_change),
    "ListResourceRecordSets": Action(record_set.list_resource_record_sets, on_zone),
    # Tags
    "ChangeTagsForResource": Action(tag.change_tags_for_resource, on_tagged),
    "ListTagsForResource": Action(tag.list_tags_for_resource, on_tagged),
    "ListTagsForResources": Action(tag.list_tags_for_resources, on_tagged),
}
