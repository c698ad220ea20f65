"""The table of EC2's actions."""

from __future__ import annotations

from ..core.action import Action, Repeat, on_all
from . import (
    block_public_access,
    block_public_access_exclusion,
    classic_link,
    default_subnet,
    default_vpc,
    dhcp_options,
    ebs_setting,
    egress_only_internet_gateway,
    elastic_ip,
    elastic_ip_association,
    elastic_ip_attribute,
    id_format,
    instance,
    instance_attribute,
    instance_connect_endpoint,
    instance_monitoring,
    instance_profile_association,
    instance_requirements,
    instance_state,
    instance_status,
    instance_type,
    internet_gateway,
    ipv6_address,
    key_pair,
    launch_template,
    launch_template_of_instance,
    launch_template_version,
    launch_token,
    metadata_options,
    network_acl,
    network_acl_entry,
    network_interface,
    network_interface_attachment,
    network_interface_attribute,
    network_interface_permission,
    password_data,
    peering,
    peering_options,
    placement,
    placement_group,
    prefix_list,
    prefix_list_change,
    prefix_list_contents,
    private_dns_name_options,
    private_ip_address,
    route,
    route_table,
    run_instances,
    security_group,
    security_group_references,
    security_group_rule,
    security_group_vpc_association,
    security_groups_for_vpc,
    subnet,
    subnet_cidr,
    subnet_cidr_reservation,
    tag,
    volume,
    volume_attachment,
    volume_modification,
    volume_status,
    vpc,
    vpc_attribute,
    vpc_cidr,
    zone,
)
from .flow_log_actions import FLOW_LOG_ACTIONS
from .image_actions import IMAGE_ACTIONS
from .nat_gateway_actions import NAT_GATEWAY_ACTIONS
from .resources import on, on_accepted, on_group, on_key_pair, on_launch, on_placement_group, on_tagged
from .vpc_endpoint_actions import VPC_ENDPOINT_ACTIONS

ACTIONS: dict[str, Action] = {
    **NAT_GATEWAY_ACTIONS,
    **VPC_ENDPOINT_ACTIONS,
    **FLOW_LOG_ACTIONS,
    **IMAGE_ACTIONS,
    # VPC peering connections
    "AcceptVpcPeeringConnection": Action(peering.accept_vpc_peering_connection, on_accepted),
    "CreateVpcPeeringConnection": Action(peering.create_vpc_peering_connection, on("vpc", "vpc-peering-connection")),
    "DeleteVpcPeeringConnection": Action(peering.delete_vpc_peering_connection, on("vpc-peering-connection")),
    "DescribeVpcPeeringConnections": Action(peering.describe_vpc_peering_connections, on_all),
    "ModifyVpcPeeringConnectionOptions": Action(
        peering_options.modify_vpc_peering_connection_options, on("vpc-peering-connection")
    ),
    "RejectVpcPeeringConnection": Action(peering.reject_vpc_peering_connection, on("vpc-peering-connection")),
    # Security groups
    "AuthorizeSecurityGroupEgress": Action(security_group_rule.authorize_security_group_egress, on("security-group")),
    "AuthorizeSecurityGroupIngress": Action(security_group_rule.authorize_security_group_ingress, on_group),
    "CreateSecurityGroup": Action(security_group.create_security_group, on("security-group", perhaps=("vpc",))),
    "DeleteSecurityGroup": Action(security_group.delete_security_group, on_group),
    "DescribeSecurityGroupReferences": Action(
        security_group_references.describe_security_group_references, on("security-group")
    ),
    "DescribeSecurityGroupRules": Action(security_group_rule.describe_security_group_rules, on_all),
    "DescribeSecurityGroups": Action(security_group.describe_security_groups, on_all),
    "DescribeStaleSecurityGroups": Action(security_group_references.describe_stale_security_groups, on_all),
    "ModifySecurityGroupRules": Action(
        security_group_rule.modify_security_group_rules, on("security-group", "security-group-rule")
    ),
    "RevokeSecurityGroupEgress": Action(security_group_rule.revoke_security_group_egress, on("security-group")),
    "RevokeSecurityGroupIngress": Action(security_group_rule.revoke_security_group_ingress, on_group),
    "UpdateSecurityGroupRuleDescriptionsEgress": Action(
        security_group_rule.update_security_group_rule_descriptions_egress, on_group
    ),
    "UpdateSecurityGroupRuleDescriptionsIngress": Action(
        security_group_rule.update_security_group_rule_descriptions_ingress, on_group
    ),
    # Security groups in other VPCs
    "AssociateSecurityGroupVpc": Action(
        security_group_vpc_association.associate_security_group_vpc, on("security-group", "vpc")
    ),
    "DescribeSecurityGroupVpcAssociations": Action(
        security_group_vpc_association.describe_security_group_vpc_associations, on_all
    ),
    "DisassociateSecurityGroupVpc": Action(
        security_group_vpc_association.disassociate_security_group_vpc, on("security-group", "vpc")
    ),
    "GetSecurityGroupsForVpc": Action(security_groups_for_vpc.get_security_groups_for_vpc, on("vpc")),
    # EC2 Instance Connect Endpoints
    "CreateInstanceConnectEndpoint": Action(
        instance_connect_endpoint.create_instance_connect_endpoint,
        on("instance-connect-endpoint", "subnet", perhaps=("security-group",)),
    ),
    "DeleteInstanceConnectEndpoint": Action(
        instance_connect_endpoint.delete_instance_connect_endpoint, on("instance-connect-endpoint")
    ),
    "DescribeInstanceConnectEndpoints": Action(instance_connect_endpoint.describe_instance_connect_endpoints, on_all),
    "ModifyInstanceConnectEndpoint": Action(
        instance_connect_endpoint.modify_instance_connect_endpoint,
        on("instance-connect-endpoint", perhaps=("security-group",)),
    ),
    # Internet gateways
    "AttachInternetGateway": Action(internet_gateway.attach_internet_gateway, on("internet-gateway", "vpc")),
    "CreateInternetGateway": Action(internet_gateway.create_internet_gateway, on("internet-gateway")),
    "DeleteInternetGateway": Action(internet_gateway.delete_internet_gateway, on("internet-gateway")),
    "DescribeInternetGateways": Action(internet_gateway.describe_internet_gateways, on_all),
    "DetachInternetGateway": Action(internet_gateway.detach_internet_gateway, on("internet-gateway", "vpc")),
    # Egress-only internet gateways
    "CreateEgressOnlyInternetGateway": Action(
        egress_only_internet_gateway.create_egress_only_internet_gateway, on("egress-only-internet-gateway", "vpc")
    ),
    "DeleteEgressOnlyInternetGateway": Action(
        egress_only_internet_gateway.delete_egress_only_internet_gateway, on("egress-only-internet-gateway")
    ),
    "DescribeEgressOnlyInternetGateways": Action(
        egress_only_internet_gateway.describe_egress_only_internet_gateways, on_all
    ),
    # Elastic IP addresses
    "AllocateAddress": Action(elastic_ip.allocate_address, on("elastic-ip")),
    "AssociateAddress": Action(
        elastic_ip_association.associate_address, on("elastic-ip", perhaps=("instance", "network-interface"))
    ),
    "DescribeAddresses": Action(elastic_ip.describe_addresses, on_all),
    "DescribeAddressesAttribute": Action(elastic_ip_attribute.describe_addresses_attribute, on_all),
    "DisassociateAddress": Action(
        elastic_ip_association.disassociate_address, on("elastic-ip", perhaps=("network-interface",))
    ),
    "ModifyAddressAttribute": Action(elastic_ip_attribute.modify_address_attribute, on("elastic-ip")),
    "ReleaseAddress": Action(elastic_ip.release_address, on("elastic-ip")),
    "ResetAddressAttribute": Action(elastic_ip_attribute.reset_address_attribute, on("elastic-ip")),
    # Network ACLs
    "CreateNetworkAcl": Action(network_acl.create_network_acl, on("network-acl", "vpc")),
    "CreateNetworkAclEntry": Action(network_acl_entry.create_network_acl_entry, on("network-acl")),
    "DeleteNetworkAcl": Action(network_acl.delete_network_acl, on("network-acl")),
    "DeleteNetworkAclEntry": Action(network_acl_entry.delete_network_acl_entry, on("network-acl")),
    "DescribeNetworkAcls": Action(network_acl.describe_network_acls, on_all),
    "ReplaceNetworkAclAssociation": Action(network_acl.replace_network_acl_association, on("network-acl", "subnet")),
    "ReplaceNetworkAclEntry": Action(network_acl_entry.replace_network_acl_entry, on("network-acl")),
    # Regions, zones, limits, ids
    "DescribeAccountAttributes": Action(zone.describe_account_attributes, on_all),
    "DescribeAggregateIdFormat": Action(id_format.describe_aggregate_id_format, on_all),
    "DescribeAvailabilityZones": Action(zone.describe_availability_zones, on_all),
    "DescribeIdFormat": Action(id_format.describe_id_format, on_all),
    "DescribeIdentityIdFormat": Action(id_format.describe_id_format, on_all),
    "DescribeRegions": Action(zone.describe_regions, on_all),
    # Prefix lists
    "CreateManagedPrefixList": Action(prefix_list.create_managed_prefix_list, on("prefix-list")),
    "DeleteManagedPrefixList": Action(prefix_list.delete_managed_prefix_list, on("prefix-list")),
    "DescribeManagedPrefixLists": Action(prefix_list.describe_managed_prefix_lists, on_all),
    "DescribePrefixLists": Action(prefix_list_contents.describe_prefix_lists, on_all),
    "GetManagedPrefixListAssociations": Action(
        prefix_list_contents.get_managed_prefix_list_associations, on("prefix-list")
    ),
    "GetManagedPrefixListEntries": Action(prefix_list_contents.get_managed_prefix_list_entries, on("prefix-list")),
    "ModifyManagedPrefixList": Action(prefix_list_change.modify_managed_prefix_list, on("prefix-list")),
    "RestoreManagedPrefixListVersion": Action(
        prefix_list_change.restore_managed_prefix_list_version, on("prefix-list")
    ),
    # Route tables
    "AssociateRouteTable": Action(
        route_table.associate_route_table, on("route-table", perhaps=("subnet", "internet-gateway"))
    ),
    "CreateRouteTable": Action(route_table.create_route_table, on("route-table", "vpc")),
    "DeleteRouteTable": Action(route_table.delete_route_table, on("route-table")),
    "DescribeRouteTables": Action(route_table.describe_route_tables, on_all),
    "DisassociateRouteTable": Action(route_table.disassociate_route_table, on("route-table")),
    "ReplaceRouteTableAssociation": Action(route_table.replace_route_table_association, on("route-table")),
    # Routes
    "CreateRoute": Action(route.create_route, on("route-table")),
    "DeleteRoute": Action(route.delete_route, on("route-table")),
    "ReplaceRoute": Action(route.replace_route, on("route-table")),
    # Subnets
    "AssociateSubnetCidrBlock": Action(subnet_cidr.associate_subnet_cidr_block, on("subnet")),
    "CreateDefaultSubnet": Action(default_subnet.create_default_subnet, on_all),
    "CreateSubnet": Action(subnet.create_subnet, on("subnet", "vpc")),
    "DeleteSubnet": Action(subnet.delete_subnet, on("subnet")),
    "DescribeSubnets": Action(subnet.describe_subnets, on_all),
    "DisassociateSubnetCidrBlock": Action(subnet_cidr.disassociate_subnet_cidr_block, on("subnet")),
    "ModifySubnetAttribute": Action(subnet.modify_subnet_attribute, on("subnet")),
    # Subnet CIDR reservations
    "CreateSubnetCidrReservation": Action(subnet_cidr_reservation.create_subnet_cidr_reservation, on("subnet")),
    "DeleteSubnetCidrReservation": Action(subnet_cidr_reservation.delete_subnet_cidr_reservation, on_all),
    "GetSubnetCidrReservations": Action(subnet_cidr_reservation.get_subnet_cidr_reservations, on_all),
    # Tags
    "CreateTags": Action(tag.create_tags, on_tagged),
    "DeleteTags": Action(tag.delete_tags, on_tagged),
    "DescribeTags": Action(tag.describe_tags, on_all),
    # VPC Block Public Access
    "DescribeVpcBlockPublicAccessOptions": Action(block_public_access.describe_vpc_block_public_access_options, on_all),
    "ModifyVpcBlockPublicAccessOptions": Action(block_public_access.modify_vpc_block_public_access_options, on_all),
    "CreateVpcBlockPublicAccessExclusion": Action(
        block_public_access_exclusion.create_vpc_block_public_access_exclusion,
        on("vpc-block-public-access-exclusion", perhaps=("vpc", "subnet")),
    ),
    "DeleteVpcBlockPublicAccessExclusion": Action(
        block_public_access_exclusion.delete_vpc_block_public_access_exclusion, on("vpc-block-public-access-exclusion")
    ),
    "DescribeVpcBlockPublicAccessExclusions": Action(
        block_public_access_exclusion.describe_vpc_block_public_access_exclusions, on_all
    ),
    "ModifyVpcBlockPublicAccessExclusion": Action(
        block_public_access_exclusion.modify_vpc_block_public_access_exclusion, on("vpc-block-public-access-exclusion")
    ),
    # VPCs
    "AssociateDhcpOptions": Action(dhcp_options.associate_dhcp_options, on("dhcp-options", "vpc")),
    "AssociateVpcCidrBlock": Action(vpc_cidr.associate_vpc_cidr_block, on("vpc")),
    "CreateDefaultVpc": Action(default_vpc.create_default_vpc, on_all),
    "CreateDhcpOptions": Action(dhcp_options.create_dhcp_options, on("dhcp-options")),
    "CreateVpc": Action(vpc.create_vpc, on("vpc")),
    "DeleteDhcpOptions": Action(dhcp_options.delete_dhcp_options, on("dhcp-options")),
    "DeleteVpc": Action(vpc.delete_vpc, on("vpc")),
    "DescribeDhcpOptions": Action(dhcp_options.describe_dhcp_options, on_all),
    "DescribeVpcAttribute": Action(vpc_attribute.describe_vpc_attribute, on("vpc")),
    "DescribeVpcClassicLink": Action(classic_link.describe_vpc_classic_link, on_all),
    "DescribeVpcClassicLinkDnsSupport": Action(classic_link.describe_vpc_classic_link_dns_support, on_all),
    "DescribeVpcs": Action(vpc.describe_vpcs, on_all),
    "DisassociateVpcCidrBlock": Action(vpc_cidr.disassociate_vpc_cidr_block, on("vpc")),
    "ModifyVpcAttribute": Action(vpc_attribute.modify_vpc_attribute, on("vpc")),
    "ModifyVpcTenancy": Action(vpc_attribute.modify_vpc_tenancy, on("vpc")),
    # Network interfaces
    "AssignIpv6Addresses": Action(ipv6_address.assign_ipv6_addresses, on("network-interface")),
    "AssignPrivateIpAddresses": Action(private_ip_address.assign_private_ip_addresses, on("network-interface")),
    "AttachNetworkInterface": Action(
        network_interface_attachment.attach_network_interface, on("instance", "network-interface")
    ),
    "CreateNetworkInterface": Action(
        network_interface.create_network_interface, on("network-interface", "subnet", perhaps=("security-group",))
    ),
    "CreateNetworkInterfacePermission": Action(
        network_interface_permission.create_network_interface_permission, on("network-interface")
    ),
    "DeleteNetworkInterface": Action(network_interface.delete_network_interface, on("network-interface")),
    "DeleteNetworkInterfacePermission": Action(
        network_interface_permission.delete_network_interface_permission, on_all
    ),
    "DescribeNetworkInterfacePermissions": Action(
        network_interface_permission.describe_network_interface_permissions, on_all
    ),
    "DetachNetworkInterface": Action(
        network_interface_attachment.detach_network_interface, on("instance", "network-interface")
    ),
    "DescribeNetworkInterfaceAttribute": Action(
        network_interface_attribute.describe_network_interface_attribute, on_all
    ),
    "DescribeNetworkInterfaces": Action(network_interface.describe_network_interfaces, on_all),
    "ModifyNetworkInterfaceAttribute": Action(
        network_interface_attribute.modify_network_interface_attribute,
        on("network-interface", perhaps=("security-group",)),
    ),
    "ResetNetworkInterfaceAttribute": Action(
        network_interface_attribute.reset_network_interface_attribute, on("network-interface")
    ),
    "UnassignIpv6Addresses": Action(ipv6_address.unassign_ipv6_addresses, on("network-interface")),
    "UnassignPrivateIpAddresses": Action(private_ip_address.unassign_private_ip_addresses, on("network-interface")),
    # Instances
    "AssociateIamInstanceProfile": Action(instance_profile_association.associate_iam_instance_profile, on("instance")),
    "DescribeIamInstanceProfileAssociations": Action(
        instance_profile_association.describe_iam_instance_profile_associations, on_all
    ),
    "DescribeInstanceAttribute": Action(instance_attribute.describe_instance_attribute, on("instance")),
    "DescribeInstanceCreditSpecifications": Action(instance_attribute.describe_instance_credit_specifications, on_all),
    "DescribeInstanceStatus": Action(instance_status.describe_instance_status, on_all),
    "DescribeInstances": Action(instance.describe_instances, on_all),
    "DisassociateIamInstanceProfile": Action(
        instance_profile_association.disassociate_iam_instance_profile, on("instance")
    ),
    "GetInstanceMetadataDefaults": Action(metadata_options.get_instance_metadata_defaults, on_all),
    "GetInstanceUefiData": Action(instance_attribute.get_instance_uefi_data, on("instance")),
    "GetPasswordData": Action(password_data.get_password_data, on("instance")),
    "ModifyPrivateDnsNameOptions": Action(private_dns_name_options.modify_private_dns_name_options, on("instance")),
    "ModifyInstanceAttribute": Action(
        instance_attribute.modify_instance_attribute, on("instance", perhaps=("security-group",))
    ),
    "ModifyInstanceCreditSpecification": Action(
        instance_attribute.modify_instance_credit_specification, on("instance")
    ),
    "ModifyInstanceMetadataDefaults": Action(metadata_options.modify_instance_metadata_defaults, on_all),
    "ModifyInstanceMetadataOptions": Action(metadata_options.modify_instance_metadata_options, on("instance")),
    "MonitorInstances": Action(instance_monitoring.monitor_instances, on("instance")),
    "RebootInstances": Action(instance_state.reboot_instances, on("instance")),
    "ReplaceIamInstanceProfileAssociation": Action(
        instance_profile_association.replace_iam_instance_profile_association, on("instance")
    ),
    "RunInstances": Action(
        run_instances.run_instances,
        on_launch,
        launch_token.LAUNCH,
    ),
    "StartInstances": Action(instance_state.start_instances, on("instance")),
    "StopInstances": Action(instance_state.stop_instances, on("instance")),
    "TerminateInstances": Action(instance_state.terminate_instances, on("instance")),
    "UnmonitorInstances": Action(instance_monitoring.unmonitor_instances, on("instance")),
    # Launch templates
    "CreateLaunchTemplate": Action(launch_template.create_launch_template, on("launch-template"), Repeat(longest=128)),
    "CreateLaunchTemplateVersion": Action(
        launch_template_version.create_launch_template_version, on("launch-template"), Repeat(longest=128)
    ),
    "DeleteLaunchTemplate": Action(launch_template.delete_launch_template, on("launch-template")),
    "DeleteLaunchTemplateVersions": Action(
        launch_template_version.delete_launch_template_versions, on("launch-template")
    ),
    "DescribeLaunchTemplateVersions": Action(launch_template_version.describe_launch_template_versions, on_all),
    "DescribeLaunchTemplates": Action(launch_template.describe_launch_templates, on_all),
    "GetLaunchTemplateData": Action(launch_template_of_instance.get_launch_template_data, on("instance")),
    "ModifyLaunchTemplate": Action(launch_template.modify_launch_template, on("launch-template"), Repeat(longest=128)),
    # Key pairs
    "CreateKeyPair": Action(key_pair.create_key_pair, on_key_pair),
    "DeleteKeyPair": Action(key_pair.delete_key_pair, on_key_pair),
    "DescribeKeyPairs": Action(key_pair.describe_key_pairs, on_all),
    "ImportKeyPair": Action(key_pair.import_key_pair, on_key_pair),
    # Placement
    "CreatePlacementGroup": Action(placement_group.create_placement_group, on_placement_group),
    "DeletePlacementGroup": Action(placement_group.delete_placement_group, on_placement_group),
    "DescribePlacementGroups": Action(placement_group.describe_placement_groups, on_all),
    "ModifyInstancePlacement": Action(placement.modify_instance_placement, on("instance")),
    # Volumes
    "AttachVolume": Action(volume_attachment.attach_volume, on("instance", "volume")),
    "CreateVolume": Action(volume.create_volume, on("volume", perhaps=("snapshot",))),
    "DeleteVolume": Action(volume.delete_volume, on("volume")),
    "DescribeVolumeAttribute": Action(volume_status.describe_volume_attribute, on("volume")),
    "DescribeVolumeStatus": Action(volume_status.describe_volume_status, on_all),
    "DescribeVolumes": Action(volume.describe_volumes, on_all),
    "DescribeVolumesModifications": Action(volume_modification.describe_volumes_modifications, on_all),
    "DetachVolume": Action(volume_attachment.detach_volume, on("volume", perhaps=("instance",))),
    "EnableVolumeIO": Action(volume_status.enable_volume_io, on("volume")),
    "ModifyVolume": Action(volume_modification.modify_volume, on("volume")),
    "ModifyVolumeAttribute": Action(volume_status.modify_volume_attribute, on("volume")),
    # What accounts set for volumes and snapshots
    "DisableEbsEncryptionByDefault": Action(ebs_setting.encrypting(False), on_all),
    "DisableSnapshotBlockPublicAccess": Action(ebs_setting.disable_snapshot_block_public_access, on_all),
    "EnableEbsEncryptionByDefault": Action(ebs_setting.encrypting(True), on_all),
    "EnableSnapshotBlockPublicAccess": Action(ebs_setting.enable_snapshot_block_public_access, on_all),
    "GetEbsDefaultKmsKeyId": Action(ebs_setting.get_ebs_default_kms_key_id, on_all),
    "GetEbsEncryptionByDefault": Action(ebs_setting.get_ebs_encryption_by_default, on_all),
    "GetSnapshotBlockPublicAccessState": Action(ebs_setting.get_snapshot_block_public_access_state, on_all),
    "ModifyEbsDefaultKmsKeyId": Action(ebs_setting.modify_ebs_default_kms_key_id, on_all),
    "ResetEbsDefaultKmsKeyId": Action(ebs_setting.reset_ebs_default_kms_key_id, on_all),
    # Instance types
    "DescribeInstanceTypeOfferings": Action(instance_type.describe_instance_type_offerings, on_all),
    "DescribeInstanceTypes": Action(instance_type.describe_instance_types, on_all),
    "GetInstanceTypesFromInstanceRequirements": Action(
        instance_requirements.get_instance_types_from_instance_requirements, on_all
    ),
}
