"""The table of EC2's actions."""

from __future__ import annotations

from ..core.action import Action, Repeat, on_all
from . import (
    dhcp_options,
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
    launch_token,
    metadata_options,
    network_acl,
    network_interface,
    network_interface_attribute,
    peering,
    peering_options,
    private_dns_name_options,
    route,
    route_table,
    run_instances,
    security_group,
    security_group_references,
    security_group_rule,
    snapshot,
    subnet,
    tag,
    volume,
    vpc,
    vpc_attribute,
    vpc_cidr,
    zone,
)
from .resources import on, on_accepted, on_key_pair, on_tagged

ACTIONS: dict[str, Action] = {
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
    "AuthorizeSecurityGroupIngress": Action(security_group_rule.authorize_security_group_ingress, on("security-group")),
    "CreateSecurityGroup": Action(security_group.create_security_group, on("security-group", perhaps=("vpc",))),
    "DeleteSecurityGroup": Action(security_group.delete_security_group, on("security-group")),
    "DescribeSecurityGroupReferences": Action(security_group_references.describe_security_group_references, on_all),
    "DescribeSecurityGroupRules": Action(security_group_rule.describe_security_group_rules, on_all),
    "DescribeSecurityGroups": Action(security_group.describe_security_groups, on_all),
    "DescribeStaleSecurityGroups": Action(security_group_references.describe_stale_security_groups, on_all),
    "ModifySecurityGroupRules": Action(
        security_group_rule.modify_security_group_rules, on("security-group", "security-group-rule")
    ),
    "RevokeSecurityGroupEgress": Action(security_group_rule.revoke_security_group_egress, on("security-group")),
    "RevokeSecurityGroupIngress": Action(security_group_rule.revoke_security_group_ingress, on("security-group")),
    "UpdateSecurityGroupRuleDescriptionsEgress": Action(
        security_group_rule.update_security_group_rule_descriptions_egress, on("security-group")
    ),
    "UpdateSecurityGroupRuleDescriptionsIngress": Action(
        security_group_rule.update_security_group_rule_descriptions_ingress, on("security-group")
    ),
    # Internet gateways
    "AttachInternetGateway": Action(internet_gateway.attach_internet_gateway, on("internet-gateway", "vpc")),
    "CreateInternetGateway": Action(internet_gateway.create_internet_gateway, on("internet-gateway")),
    "DeleteInternetGateway": Action(internet_gateway.delete_internet_gateway, on("internet-gateway")),
    "DescribeInternetGateways": Action(internet_gateway.describe_internet_gateways, on_all),
    "DetachInternetGateway": Action(internet_gateway.detach_internet_gateway, on("internet-gateway", "vpc")),
    # Regions, zones, limits
    "DescribeAccountAttributes": Action(zone.describe_account_attributes, on_all),
    "DescribeAvailabilityZones": Action(zone.describe_availability_zones, on_all),
    "DescribeRegions": Action(zone.describe_regions, on_all),
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
    "CreateSubnet": Action(subnet.create_subnet, on("subnet", "vpc")),
    "DeleteSubnet": Action(subnet.delete_subnet, on("subnet")),
    "DescribeSubnets": Action(subnet.describe_subnets, on_all),
    "ModifySubnetAttribute": Action(subnet.modify_subnet_attribute, on("subnet")),
    # Tags
    "CreateTags": Action(tag.create_tags, on_tagged),
    "DeleteTags": Action(tag.delete_tags, on_tagged),
    "DescribeTags": Action(tag.describe_tags, on_all),
    # VPCs
    "AssociateDhcpOptions": Action(dhcp_options.associate_dhcp_options, on("dhcp-options", "vpc")),
    "AssociateVpcCidrBlock": Action(vpc_cidr.associate_vpc_cidr_block, on("vpc")),
    "CreateDhcpOptions": Action(dhcp_options.create_dhcp_options, on("dhcp-options")),
    "CreateVpc": Action(vpc.create_vpc, on("vpc")),
    "DeleteDhcpOptions": Action(dhcp_options.delete_dhcp_options, on("dhcp-options")),
    "DeleteVpc": Action(vpc.delete_vpc, on("vpc")),
    "DescribeDhcpOptions": Action(dhcp_options.describe_dhcp_options, on_all),
    "DescribeNetworkAcls": Action(network_acl.describe_network_acls, on_all),
    "DescribeVpcAttribute": Action(vpc_attribute.describe_vpc_attribute, on("vpc")),
    "DescribeVpcs": Action(vpc.describe_vpcs, on_all),
    "DisassociateVpcCidrBlock": Action(vpc_cidr.disassociate_vpc_cidr_block, on("vpc")),
    "ModifyVpcAttribute": Action(vpc_attribute.modify_vpc_attribute, on("vpc")),
    # Network interfaces
    "CreateNetworkInterface": Action(
        network_interface.create_network_interface, on("network-interface", "subnet", perhaps=("security-group",))
    ),
    "DeleteNetworkInterface": Action(network_interface.delete_network_interface, on("network-interface")),
    "DescribeNetworkInterfaceAttribute": Action(
        network_interface_attribute.describe_network_interface_attribute, on("network-interface")
    ),
    "DescribeNetworkInterfaces": Action(network_interface.describe_network_interfaces, on_all),
    "ModifyNetworkInterfaceAttribute": Action(
        network_interface_attribute.modify_network_interface_attribute,
        on("network-interface", perhaps=("security-group",)),
    ),
    # Instances
    "AssociateIamInstanceProfile": Action(instance_profile_association.associate_iam_instance_profile, on("instance")),
    "DescribeIamInstanceProfileAssociations": Action(
        instance_profile_association.describe_iam_instance_profile_associations, on_all
    ),
    "DescribeInstanceAttribute": Action(instance_attribute.describe_instance_attribute, on("instance")),
    "DescribeInstanceCreditSpecifications": Action(instance_attribute.describe_instance_credit_specifications, on_all),
    "DescribeInstanceStatus": Action(instance_status.describe_instance_status, on_all),
    "DescribeInstances": Action(instance.describe_instances, on_all),
    "DeleteVolume": Action(volume.delete_volume, on("volume")),
    "DescribeVolumes": Action(volume.describe_volumes, on_all),
    "DisassociateIamInstanceProfile": Action(
        instance_profile_association.disassociate_iam_instance_profile, on("instance")
    ),
    "GetInstanceMetadataDefaults": Action(metadata_options.get_instance_metadata_defaults, on_all),
    "GetInstanceUefiData": Action(instance_attribute.get_instance_uefi_data, on("instance")),
    "ModifyPrivateDnsNameOptions": Action(private_dns_name_options.modify_private_dns_name_options, on("instance")),
    "ModifyInstanceAttribute": Action(
        instance_attribute.modify_instance_attribute, on("instance", perhaps=("security-group",))
    ),
    "ModifyInstanceMetadataDefaults": Action(metadata_options.modify_instance_metadata_defaults, on_all),
    "ModifyInstanceMetadataOptions": Action(metadata_options.modify_instance_metadata_options, on("instance")),
    "RebootInstances": Action(instance_state.reboot_instances, on("instance")),
    "ReplaceIamInstanceProfileAssociation": Action(
        instance_profile_association.replace_iam_instance_profile_association, on("instance")
    ),
    "RunInstances": Action(
        run_instances.run_instances,
        on(
            *("image", "instance", "network-interface", "security-group", "subnet", "volume"),
            perhaps=("key-pair",),
        ),
        launch_token.LAUNCH,
    ),
    "StartInstances": Action(instance_state.start_instances, on("instance")),
    "StopInstances": Action(instance_state.stop_instances, on("instance")),
    "TerminateInstances": Action(instance_state.terminate_instances, on("instance")),
    # Key pairs
    "CreateKeyPair": Action(key_pair.create_key_pair, on_key_pair),
    "DeleteKeyPair": Action(key_pair.delete_key_pair, on_key_pair),
    "DescribeKeyPairs": Action(key_pair.describe_key_pairs, on_all),
    "ImportKeyPair": Action(key_pair.import_key_pair, on_key_pair),
    # Images, their snapshots, and instance types
    "CopyImage": Action(image_registration.copy_image, on("image", "snapshot"), Repeat(longest=128)),
    "DeleteSnapshot": Action(snapshot.delete_snapshot, on("snapshot")),
    "DeregisterImage": Action(image_registration.deregister_image, on("image")),
    "DescribeImages": Action(image.describe_images, on_all),
    "DescribeInstanceTypeOfferings": Action(instance_type.describe_instance_type_offerings, on_all),
    "DescribeInstanceTypes": Action(instance_type.describe_instance_types, on_all),
    "DescribeSnapshots": Action(snapshot.describe_snapshots, on_all),
    "RegisterImage": Action(image_registration.register_image, on("image", perhaps=("snapshot",))),
}
