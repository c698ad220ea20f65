"""The table of actions: what a client may call, and the function that answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeAlias

from . import (
    dhcp_options,
    iam_instance_profile,
    iam_policy,
    iam_role,
    iam_role_policy,
    iam_user,
    image,
    image_registration,
    instance,
    instance_attribute,
    instance_profile_association,
    instance_state,
    instance_status,
    instance_type,
    internet_gateway,
    key_pair,
    metadata_options,
    network_acl,
    network_interface,
    network_interface_attribute,
    peering,
    peering_options,
    private_dns_name_options,
    route,
    route53_change,
    route53_hosted_zone,
    route53_hosted_zone_list,
    route53_record_set,
    route53_tag,
    route53_vpc_association,
    route_table,
    run_instances,
    security_group,
    security_group_references,
    security_group_rule,
    snapshot,
    ssm_instance_information,
    ssm_parameter,
    sts,
    subnet,
    tag,
    volume,
    vpc,
    vpc_attribute,
    vpc_cidr,
    zone,
)
from .context import Answer, Context, Request

Action: TypeAlias = Callable[[Context, Request], Answer]

_EC2: dict[str, Action] = {
    # VPC peering connections
    "AcceptVpcPeeringConnection": peering.accept_vpc_peering_connection,
    "CreateVpcPeeringConnection": peering.create_vpc_peering_connection,
    "DeleteVpcPeeringConnection": peering.delete_vpc_peering_connection,
    "DescribeVpcPeeringConnections": peering.describe_vpc_peering_connections,
    "ModifyVpcPeeringConnectionOptions": peering_options.modify_vpc_peering_connection_options,
    "RejectVpcPeeringConnection": peering.reject_vpc_peering_connection,
    # Security groups
    "AuthorizeSecurityGroupEgress": security_group_rule.authorize_security_group_egress,
    "AuthorizeSecurityGroupIngress": security_group_rule.authorize_security_group_ingress,
    "CreateSecurityGroup": security_group.create_security_group,
    "DeleteSecurityGroup": security_group.delete_security_group,
    "DescribeSecurityGroupReferences": security_group_references.describe_security_group_references,
    "DescribeSecurityGroupRules": security_group_rule.describe_security_group_rules,
    "DescribeSecurityGroups": security_group.describe_security_groups,
    "DescribeStaleSecurityGroups": security_group_references.describe_stale_security_groups,
    "ModifySecurityGroupRules": security_group_rule.modify_security_group_rules,
    "RevokeSecurityGroupEgress": security_group_rule.revoke_security_group_egress,
    "RevokeSecurityGroupIngress": security_group_rule.revoke_security_group_ingress,
    "UpdateSecurityGroupRuleDescriptionsEgress": security_group_rule.update_security_group_rule_descriptions_egress,
    "UpdateSecurityGroupRuleDescriptionsIngress": security_group_rule.update_security_group_rule_descriptions_ingress,
    # Internet gateways
    "AttachInternetGateway": internet_gateway.attach_internet_gateway,
    "CreateInternetGateway": internet_gateway.create_internet_gateway,
    "DeleteInternetGateway": internet_gateway.delete_internet_gateway,
    "DescribeInternetGateways": internet_gateway.describe_internet_gateways,
    "DetachInternetGateway": internet_gateway.detach_internet_gateway,
    # Regions, zones, limits
    "DescribeAccountAttributes": zone.describe_account_attributes,
    "DescribeAvailabilityZones": zone.describe_availability_zones,
    "DescribeRegions": zone.describe_regions,
    # Route tables
    "AssociateRouteTable": route_table.associate_route_table,
    "CreateRouteTable": route_table.create_route_table,
    "DeleteRouteTable": route_table.delete_route_table,
    "DescribeRouteTables": route_table.describe_route_tables,
    "DisassociateRouteTable": route_table.disassociate_route_table,
    "ReplaceRouteTableAssociation": route_table.replace_route_table_association,
    # Routes
    "CreateRoute": route.create_route,
    "DeleteRoute": route.delete_route,
    "ReplaceRoute": route.replace_route,
    # Subnets
    "CreateSubnet": subnet.create_subnet,
    "DeleteSubnet": subnet.delete_subnet,
    "DescribeSubnets": subnet.describe_subnets,
    "ModifySubnetAttribute": subnet.modify_subnet_attribute,
    # Tags
    "CreateTags": tag.create_tags,
    "DeleteTags": tag.delete_tags,
    "DescribeTags": tag.describe_tags,
    # VPCs
    "AssociateDhcpOptions": dhcp_options.associate_dhcp_options,
    "AssociateVpcCidrBlock": vpc_cidr.associate_vpc_cidr_block,
    "CreateDhcpOptions": dhcp_options.create_dhcp_options,
    "CreateVpc": vpc.create_vpc,
    "DeleteDhcpOptions": dhcp_options.delete_dhcp_options,
    "DeleteVpc": vpc.delete_vpc,
    "DescribeDhcpOptions": dhcp_options.describe_dhcp_options,
    "DescribeNetworkAcls": network_acl.describe_network_acls,
    "DescribeVpcAttribute": vpc_attribute.describe_vpc_attribute,
    "DescribeVpcs": vpc.describe_vpcs,
    "DisassociateVpcCidrBlock": vpc_cidr.disassociate_vpc_cidr_block,
    "ModifyVpcAttribute": vpc_attribute.modify_vpc_attribute,
    # Network interfaces
    "CreateNetworkInterface": network_interface.create_network_interface,
    "DeleteNetworkInterface": network_interface.delete_network_interface,
    "DescribeNetworkInterfaceAttribute": network_interface_attribute.describe_network_interface_attribute,
    "DescribeNetworkInterfaces": network_interface.describe_network_interfaces,
    "ModifyNetworkInterfaceAttribute": network_interface_attribute.modify_network_interface_attribute,
    # Instances
    "AssociateIamInstanceProfile": instance_profile_association.associate_iam_instance_profile,
    "DescribeIamInstanceProfileAssociations": instance_profile_association.describe_iam_instance_profile_associations,
    "DescribeInstanceAttribute": instance_attribute.describe_instance_attribute,
    "DescribeInstanceCreditSpecifications": instance_attribute.describe_instance_credit_specifications,
    "DescribeInstanceStatus": instance_status.describe_instance_status,
    "DescribeInstances": instance.describe_instances,
    "DescribeVolumes": volume.describe_volumes,
    "DisassociateIamInstanceProfile": instance_profile_association.disassociate_iam_instance_profile,
    "GetInstanceMetadataDefaults": metadata_options.get_instance_metadata_defaults,
    "GetInstanceUefiData": instance_attribute.get_instance_uefi_data,
    "ModifyPrivateDnsNameOptions": private_dns_name_options.modify_private_dns_name_options,
    "ModifyInstanceAttribute": instance_attribute.modify_instance_attribute,
    "ModifyInstanceMetadataDefaults": metadata_options.modify_instance_metadata_defaults,
    "ModifyInstanceMetadataOptions": metadata_options.modify_instance_metadata_options,
    "RebootInstances": instance_state.reboot_instances,
    "ReplaceIamInstanceProfileAssociation": instance_profile_association.replace_iam_instance_profile_association,
    "RunInstances": run_instances.run_instances,
    "StartInstances": instance_state.start_instances,
    "StopInstances": instance_state.stop_instances,
    "TerminateInstances": instance_state.terminate_instances,
    # Key pairs
    "CreateKeyPair": key_pair.create_key_pair,
    "DeleteKeyPair": key_pair.delete_key_pair,
    "DescribeKeyPairs": key_pair.describe_key_pairs,
    "ImportKeyPair": key_pair.import_key_pair,
    # Images, their snapshots, and instance types
    "CopyImage": image_registration.copy_image,
    "DeleteSnapshot": snapshot.delete_snapshot,
    "DeregisterImage": image_registration.deregister_image,
    "DescribeImages": image.describe_images,
    "DescribeInstanceTypeOfferings": instance_type.describe_instance_type_offerings,
    "DescribeInstanceTypes": instance_type.describe_instance_types,
    "DescribeSnapshots": snapshot.describe_snapshots,
    "RegisterImage": image_registration.register_image,
}

_IAM: dict[str, Action] = {
    "AddRoleToInstanceProfile": iam_instance_profile.add_role_to_instance_profile,
    "AttachRolePolicy": iam_role_policy.attach_role_policy,
    "CreateInstanceProfile": iam_instance_profile.create_instance_profile,
    "CreateRole": iam_role.create_role,
    "DeleteInstanceProfile": iam_instance_profile.delete_instance_profile,
    "DeleteRole": iam_role.delete_role,
    "DeleteRolePolicy": iam_role_policy.delete_role_policy,
    "DetachRolePolicy": iam_role_policy.detach_role_policy,
    "GetInstanceProfile": iam_instance_profile.get_instance_profile,
    "GetPolicy": iam_policy.get_policy,
    "GetPolicyVersion": iam_policy.get_policy_version,
    "GetRole": iam_role.get_role,
    "GetRolePolicy": iam_role_policy.get_role_policy,
    "GetUser": iam_user.get_user,
    "ListAccountAliases": iam_user.list_account_aliases,
    "ListAttachedRolePolicies": iam_role_policy.list_attached_role_policies,
    "ListEntitiesForPolicy": iam_policy.list_entities_for_policy,
    "ListInstanceProfileTags": iam_instance_profile.list_instance_profile_tags,
    "ListInstanceProfiles": iam_instance_profile.list_instance_profiles,
    "ListInstanceProfilesForRole": iam_instance_profile.list_instance_profiles_for_role,
    "ListPolicies": iam_policy.list_policies,
    "ListPolicyVersions": iam_policy.list_policy_versions,
    "ListRolePolicies": iam_role_policy.list_role_policies,
    "ListRoleTags": iam_role.list_role_tags,
    "ListRoles": iam_role.list_roles,
    "PutRolePolicy": iam_role_policy.put_role_policy,
    "RemoveRoleFromInstanceProfile": iam_instance_profile.remove_role_from_instance_profile,
    "TagInstanceProfile": iam_instance_profile.tag_instance_profile,
    "TagRole": iam_role.tag_role,
    "UntagInstanceProfile": iam_instance_profile.untag_instance_profile,
    "UntagRole": iam_role.untag_role,
    "UpdateAssumeRolePolicy": iam_role.update_assume_role_policy,
    "UpdateRole": iam_role.update_role,
}

_ROUTE53: dict[str, Action] = {
    # Hosted zones
    "CreateHostedZone": route53_hosted_zone.create_hosted_zone,
    "DeleteHostedZone": route53_hosted_zone.delete_hosted_zone,
    "GetDNSSEC": route53_hosted_zone.get_dnssec,
    "GetHostedZone": route53_hosted_zone.get_hosted_zone,
    "GetHostedZoneCount": route53_hosted_zone.get_hosted_zone_count,
    "ListHostedZones": route53_hosted_zone_list.list_hosted_zones,
    "ListHostedZonesByName": route53_hosted_zone_list.list_hosted_zones_by_name,
    "ListHostedZonesByVPC": route53_hosted_zone_list.list_hosted_zones_by_vpc,
    "UpdateHostedZoneComment": route53_hosted_zone.update_hosted_zone_comment,
    # Their VPCs
    "AssociateVPCWithHostedZone": route53_vpc_association.associate_vpc_with_hosted_zone,
    "CreateVPCAssociationAuthorization": route53_vpc_association.create_vpc_association_authorization,
    "DeleteVPCAssociationAuthorization": route53_vpc_association.delete_vpc_association_authorization,
    "DisassociateVPCFromHostedZone": route53_vpc_association.disassociate_vpc_from_hosted_zone,
    "ListVPCAssociationAuthorizations": route53_vpc_association.list_vpc_association_authorizations,
    # Records
    "ChangeResourceRecordSets": route53_record_set.change_resource_record_sets,
    "GetChange": route53_change.get_change,
    "ListResourceRecordSets": route53_record_set.list_resource_record_sets,
    # Tags
    "ChangeTagsForResource": route53_tag.change_tags_for_resource,
    "ListTagsForResource": route53_tag.list_tags_for_resource,
    "ListTagsForResources": route53_tag.list_tags_for_resources,
}

_SSM: dict[str, Action] = {
    "DescribeInstanceInformation": ssm_instance_information.describe_instance_information,
    "GetParameter": ssm_parameter.get_parameter,
    "GetParameters": ssm_parameter.get_parameters,
    "GetParametersByPath": ssm_parameter.get_parameters_by_path,
}

_STS: dict[str, Action] = {
    "AssumeRole": sts.assume_role,
    "GetCallerIdentity": sts.get_caller_identity,
    "GetSessionToken": sts.get_session_token,
}

ACTIONS: dict[str, dict[str, Action]] = {"ec2": _EC2, "iam": _IAM, "route53": _ROUTE53, "ssm": _SSM, "sts": _STS}


def knows(service: str, action: str) -> bool:
    """Whether ``service`` (botocore's name) has this action here."""
    return action in ACTIONS.get(service, {})
