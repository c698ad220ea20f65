"""Somebody who owns a network and changes it at random, mostly as people do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from realvpc.api.core.errors import AwsError
from realvpc.net.images import AL2023
from realvpc.net.security_group import SecurityGroup
from realvpc.net.table import Table

from .conftest import Client

Request = dict[str, Any]


class Owner:
    """``role`` is the ARN of one that flow logs are delivered by."""

    def __init__(self, client: Client, random: Random, role: str) -> None:
        self.client, self.random, self._role = client, random, role

    def step(self, actions: Sequence[tuple[str, Callable[[Owner], Request]]]) -> str:
        """One of these.  Returns the action that was done, or with a colon and the error that it met."""
        action, request = self.random.choice(actions)
        if (action, request) == ("RunInstances", Owner.launch) and self.random.random() < 0.5:
            request = Owner.launch_from_template
        params, before = request(self), self.client.service.state
        try:
            answer = self.client(action, **params)
        except AwsError as error:
            assert self.client.service.state is before, (action, params, error)
            return f"{action}: {error.code}"
        failed = answer.get("Unsuccessful") or answer.get("UnsuccessfullyDeletedLaunchTemplateVersions")
        return f"{action}: for some" if failed else action

    # -- what there is -------------------------------------------------------------------------------------------------

    def chance(self, probability: float) -> bool:
        return self.random.random() < probability

    def pick(self, table: Table[Any], fits: Callable[[Any], bool] = lambda row: True) -> str:
        """The id of a row of its own, most of the time."""
        own = [row.id for row in self.rows(table) if fits(row)]
        if own and self.chance(0.95):
            return str(self.random.choice(own))
        return str(self.random.choice(sorted(table) or ["junk"]))

    def rows(self, table: Table[Any]) -> list[Any]:
        place = (self.client.account, self.client.region)
        return sorted((row for row in table.values() if (row.account, row.region) == place), key=lambda row: row.id)

    @property
    def network(self) -> Any:
        return self.client.service.state.network

    @property
    def inventory(self) -> Any:
        return self.client.service.state.inventory

    def vpc(self) -> str:
        return self.pick(self.network.vpcs)

    def subnet(self) -> str:
        return self.pick(self.network.subnets)

    def subnet_in(self, vpc_id: str) -> str:
        return self.pick(self.network.subnets, lambda row: row.vpc_id == vpc_id)

    def table_in(self, vpc_id: str) -> str:
        return self.pick(self.network.route_tables, lambda row: row.vpc_id == vpc_id)

    def interface(self) -> str:
        return self.pick(self.network.interfaces)

    def instance(self) -> str:
        return self.pick(self.network.instances, lambda row: row.terminated_at is None)

    def allocation(self, *, is_free: bool) -> str:
        return self.pick(self.network.elastic_ips, lambda row: (row.association is None) == is_free)

    def association(self) -> str:
        ids = [row.association.id for row in self.rows(self.network.elastic_ips) if row.association]
        return str(self.random.choice(ids or ["eipassoc-00000000000000001"]))

    def zone(self) -> str:
        return self.client.region + self.random.choice("ac")

    # -- what is asked -------------------------------------------------------------------------------------------------

    def nothing(self) -> Request:
        return {}

    def new_vpc(self) -> Request:
        return {"CidrBlock": f"10.{self.random.randrange(4)}.0.0/16", "AmazonProvidedIpv6CidrBlock": self.chance(0.5)}

    def new_subnet(self) -> Request:
        vpc = self.network.vpcs.get(vpc_id := self.vpc())
        block = str(vpc.primary_cidr.subnet(self.random.randrange(6), 24)) if vpc else "10.0.0.0/24"
        blocks = vpc.ipv6_cidrs if vpc else ()
        ipv6 = {"Ipv6CidrBlock": str(blocks[0].subnet(self.random.randrange(6), 64))} if blocks else {}
        return {"VpcId": vpc_id, "CidrBlock": block, "AvailabilityZone": self.zone()} | ipv6

    def attached_gateway(self) -> Request:
        row = self.network.internet_gateways.get(self.pick(self.network.internet_gateways, lambda row: row.vpc_id))
        return {"InternetGatewayId": row.id, "VpcId": row.vpc_id or self.vpc()} if row else self.gateway_to_vpc()

    def gateway_to_vpc(self) -> Request:
        return {"InternetGatewayId": self.pick(self.network.internet_gateways), "VpcId": self.vpc()}

    def new_route(self) -> Request:
        vpc_id = self.vpc()
        kinds = {
            "GatewayId": self.network.internet_gateways,
            "NatGatewayId": self.network.nat_gateways,
            "NetworkInterfaceId": self.network.interfaces,
            "VpcPeeringConnectionId": self.network.peerings,
        }
        member, table = self.random.choice(list(kinds.items()))
        target = {member: self.pick(table, lambda row: getattr(row, "vpc_id", vpc_id) == vpc_id)}
        return {"RouteTableId": self.table_in(vpc_id)} | self.destination() | target

    def destination(self) -> Request:
        if self.chance(0.2):
            return {"DestinationPrefixListId": self.pick(self.network.prefix_lists)}
        return {
            "DestinationCidrBlock": self.random.choice(("0.0.0.0/0", "10.1.0.0/16", "10.2.0.0/16", "198.18.0.0/24"))
        }

    def other_route(self) -> Request:
        return self.new_route() | self.old_route()

    def old_route(self) -> Request:
        rows = [row for row in self.rows(self.network.table_routes) if self.chance(0.95)]
        if not rows:
            return {"RouteTableId": self.pick(self.network.route_tables)} | self.destination()
        row = self.random.choice(rows)
        of_table = {"RouteTableId": row.route_table_id, "DestinationPrefixListId": None}
        return of_table | {"DestinationCidrBlock": str(row.route.destination)}

    def associate_address(self) -> Request:
        return {"AllocationId": self.allocation(is_free=True), "NetworkInterfaceId": self.interface()}

    def disassociate_address(self) -> Request:
        return {"AssociationId": self.association()}

    def release_address(self) -> Request:
        return {"AllocationId": self.allocation(is_free=True)}

    def new_nat_gateway(self) -> Request:
        if self.chance(0.4):
            return {"SubnetId": self.subnet(), "ConnectivityType": "private"}
        return {"SubnetId": self.subnet(), "AllocationId": self.allocation(is_free=True)}

    def _nat_gateway(self, kind: str = "") -> Request:
        def fits(row: Any) -> bool:
            return row.is_available and kind in ("", row.connectivity)

        return {"NatGatewayId": self.pick(self.network.nat_gateways, fits)}

    def nat_gateway(self) -> Request:
        return self._nat_gateway()

    def more_public_nat(self) -> Request:
        return self._nat_gateway("public") | {"AllocationIds": [self.allocation(is_free=True)]}

    def less_public_nat(self) -> Request:
        several = [row for row in self.rows(self.network.interfaces) if len(self.network.elastic_ips_of(row.id)) > 1]
        of_nat = [row for row in several if row.attachment and row.attachment.owner_id.startswith("nat-")]
        if not of_nat:
            return self._nat_gateway("public") | {"AssociationIds": [self.association()]}
        interface = self.random.choice(of_nat)
        mapped = [row.association.id for row in self.network.elastic_ips_of(interface.id)]
        return {"NatGatewayId": interface.attachment.owner_id, "AssociationIds": [self.random.choice(sorted(mapped))]}

    def more_private_nat(self) -> Request:
        return self._nat_gateway("private") | {"PrivateIpAddressCount": self.random.choice((1, 2, 8))}

    def less_private_nat(self) -> Request:
        gateway = self._nat_gateway("private")
        interface = self.network.interface_of_nat_gateway(gateway["NatGatewayId"])
        addresses = interface.private_addresses if interface else ()
        return gateway | {"PrivateIpAddresses": [str(self.random.choice(addresses or ("10.0.0.9",)))]}

    def new_endpoint(self) -> Request:
        vpc_id, name = self.vpc(), f"com.amazonaws.{self.client.region}"
        if self.chance(0.5):
            tables = [self.table_in(vpc_id)] * self.chance(0.7)
            return {"VpcId": vpc_id, "ServiceName": f"{name}.s3", "RouteTableIds": tables}
        subnets = [self.subnet_in(vpc_id)] * self.chance(0.8)
        request = {"VpcId": vpc_id, "ServiceName": f"{name}.ssm", "VpcEndpointType": "Interface", "SubnetIds": subnets}
        return request | {"PrivateDnsEnabled": False}

    def change_endpoint(self) -> Request:
        endpoint = self.network.vpc_endpoints.get(endpoint_id := self.pick(self.network.vpc_endpoints))
        vpc_id = endpoint.vpc_id if endpoint else self.vpc()
        verb = self.random.choice(("Add", "Remove"))
        if endpoint and endpoint.is_gateway:
            change = {f"{verb}RouteTableIds": [self.table_in(vpc_id)]}
        elif self.chance(0.3):
            groups = self.pick(self.network.security_groups, lambda row: row.vpc_id == vpc_id)
            change = {f"{verb}SecurityGroupIds": [groups]}
        else:
            change = {f"{verb}SubnetIds": [self.subnet_in(vpc_id)]}
        return {"VpcEndpointId": endpoint_id} | change

    def old_endpoints(self) -> Request:
        return {"VpcEndpointIds": [self.pick(self.network.vpc_endpoints)]}

    def new_acl(self) -> Request:
        return {"VpcId": self.vpc()}

    def old_acl_entry(self) -> Request:
        rows = [(row.id, entry) for row in self.rows(self.network.network_acls) for entry in row.entries]
        if not rows:
            return {"NetworkAclId": "acl-1", "RuleNumber": 1, "Egress": True}
        acl, entry = self.random.choice(rows)
        return {"NetworkAclId": acl, "RuleNumber": entry.number, "Egress": entry.is_egress}

    def other_acl_entry(self) -> Request:
        return self.acl_entry() | self.old_acl_entry()

    def acl_entry(self) -> Request:
        return {"NetworkAclId": self.pick(self.network.network_acls), "RuleNumber": self.random.randrange(1, 4)} | {
            "Protocol": "-1", "RuleAction": self.random.choice(("allow", "deny")), "CidrBlock": "10.0.0.0/8",
            "Egress": self.chance(0.5),
        }  # fmt: skip

    def place_acl(self) -> Request:
        acls = self.client("DescribeNetworkAcls")["NetworkAcls"]
        held = [row["NetworkAclAssociationId"] for acl in acls for row in acl["Associations"]]
        association = self.random.choice(held or ["aclassoc-00000000000000001"])
        return {"AssociationId": association, "NetworkAclId": self.pick(self.network.network_acls)}

    def old_acl(self) -> Request:
        return {"NetworkAclId": self.pick(self.network.network_acls)}

    def new_flow_log(self) -> Request:
        kind, table = self.random.choice(
            (
                ("VPC", self.network.vpcs),
                ("Subnet", self.network.subnets),
                ("NetworkInterface", self.network.interfaces),
            )
        )
        where = {"ResourceType": kind, "ResourceIds": [self.pick(table)], "DeliverLogsPermissionArn": self._role}
        return where | {"TrafficType": self.random.choice(("ALL", "REJECT")), "LogGroupName": "flows"}

    def old_flow_logs(self) -> Request:
        return {"FlowLogIds": [self.pick(self.network.flow_logs)]}

    def new_connect_endpoint(self) -> Request:
        return {"SubnetId": self.subnet()}

    def connect_endpoint(self) -> Request:
        return {"InstanceConnectEndpointId": self.pick(self.network.instance_connect_endpoints)}

    def change_connect_endpoint(self) -> Request:
        family = self.random.choice(("ipv4", "ipv6", "dualstack"))
        return self.connect_endpoint() | {"IpAddressType": family}

    def new_template(self) -> Request:
        data = {"ImageId": AL2023.id_in(self.client.region), "InstanceType": "t3.micro"}
        return {"LaunchTemplateName": f"web{self.random.randrange(4)}", "LaunchTemplateData": data}

    def _template(self) -> Request:
        return {"LaunchTemplateId": self.pick(self.inventory.launch_templates)}

    def old_template(self) -> Request:
        return self._template()

    def new_version(self) -> Request:
        return self._template() | {"LaunchTemplateData": {"InstanceType": "t3.small"}, "SourceVersion": self.version()}

    def version(self) -> str:
        return str(self.random.choice((1, 1, 2, 3)))

    def default_version(self) -> Request:
        return self._template() | {"DefaultVersion": self.version()}

    def old_versions(self) -> Request:
        return self._template() | {"Versions": [self.version()]}

    def launch(self) -> Request:
        count = {"MinCount": 1, "MaxCount": self.random.choice((1, 1, 2))}
        return {
            "ImageId": AL2023.id_in(self.client.region),
            "InstanceType": "t3.micro",
            "SubnetId": self.subnet(),
        } | count

    def launch_from_template(self) -> Request:
        chosen = self._template() | {"Version": self.random.choice(("$Latest", "$Default", "1", "2"))}
        return {"LaunchTemplate": chosen, "SubnetId": self.subnet(), "MinCount": 1, "MaxCount": 1}

    def instances(self) -> Request:
        return {"InstanceIds": [self.instance()]}

    def new_volume(self) -> Request:
        return {"AvailabilityZone": self.zone(), "Size": 8}

    def volume(self) -> Request:
        return {"VolumeId": self.pick(self.inventory.volumes)}

    def held_volume(self) -> Request:
        return {
            "VolumeId": self.pick(
                self.inventory.volumes, lambda row: row.instance_id and row.device_name != "/dev/xvda"
            )
        }

    def attach_volume(self) -> Request:
        return self.volume() | {"InstanceId": self.instance(), "Device": self.random.choice(("/dev/sdf", "/dev/sdg"))}

    def grow_volume(self) -> Request:
        return self.volume() | {"Size": self.random.choice((8, 9, 20))}

    def snapshot(self) -> Request:
        return {"SnapshotId": self.pick(self.inventory.disk_snapshots)}

    def new_interface(self) -> Request:
        return {"SubnetId": self.subnet()}

    def attach_interface(self) -> Request:
        free = self.pick(self.network.interfaces, lambda row: row.attachment is None)
        return {"NetworkInterfaceId": free, "InstanceId": self.instance(), "DeviceIndex": 1}

    def detach_interface(self) -> Request:
        held = [row.attachment for row in self.rows(self.network.interfaces) if row.attachment]
        secondary = [row.id for row in held if row.device_index or self.chance(0.1)]
        return {"AttachmentId": self.random.choice(secondary or ["eni-attach-1"]), "Force": self.chance(0.3)}

    def old_interface(self) -> Request:
        free = self.pick(self.network.interfaces, lambda row: row.attachment is None or self.chance(0.2))
        return {"NetworkInterfaceId": free}

    def new_list(self) -> Request:
        return {"PrefixListName": "far", "MaxEntries": 3, "AddressFamily": "IPv4"} | {"Entries": [self._entry()]}

    def _entry(self) -> Request:
        return {"Cidr": f"198.18.{self.random.randrange(4)}.0/24"}

    def change_list(self) -> Request:
        row = {"PrefixListId": self.pick(self.network.prefix_lists)}
        if self.chance(0.2):
            return row | {"MaxEntries": self.random.choice((1, 5, 1000))}
        return row | {self.random.choice(("AddEntries", "RemoveEntries")): [self._entry()]}

    def old_list(self) -> Request:
        return {"PrefixListId": self.pick(self.network.prefix_lists)}

    def new_peering(self) -> Request:
        far = self.network.vpcs[self.random.choice(sorted(self.network.vpcs))] if self.network.vpcs else None
        peer = {"PeerVpcId": far.id, "PeerOwnerId": far.account, "PeerRegion": far.region} if far else {}
        return {"VpcId": self.vpc(), "PeerVpcId": "vpc-1"} | peer

    def peering(self) -> Request:
        return {"VpcPeeringConnectionId": self.random.choice(sorted(self.network.peerings) or ["pcx-1"])}

    def exclude(self) -> Request:
        place = self.random.choice(({"VpcId": self.vpc()}, {"SubnetId": self.subnet()}))
        return place | {"InternetGatewayExclusionMode": "allow-egress"}

    def exclusion(self) -> Request:
        return {"ExclusionId": self.pick(self.network.block_public_access_exclusions)}

    def block(self) -> Request:
        return {"InternetGatewayBlockMode": self.random.choice(("off", "block-ingress", "block-bidirectional"))}

    def new_group(self) -> Request:
        return {"GroupName": f"g{self.random.randrange(3)}", "Description": "d", "VpcId": self.vpc()}

    def group_in_vpc(self) -> Request:
        return {"GroupId": self._own_group(), "VpcId": self.vpc()}

    def group_out_of_vpc(self) -> Request:
        rows = self.rows(self.network.security_group_vpc_associations)
        row = self.random.choice(rows) if rows else None
        return {"GroupId": row.group_id, "VpcId": row.vpc_id} if row else self.group_in_vpc()

    def _own_group(self) -> str:
        def fits(row: SecurityGroup) -> bool:
            return not row.is_default

        return self.pick(self.network.security_groups, fits)

    def old_group(self) -> Request:
        return {"GroupId": self._own_group()}

    def old_vpc(self) -> Request:
        is_one_of_many = len(self.rows(self.network.vpcs)) > 3
        return {
            "VpcId": self.pick(self.network.vpcs, lambda row: is_one_of_many and not self.network.subnets_of(row.id))
        }

    def one_subnet(self) -> Request:
        return {"SubnetId": self.subnet()}
