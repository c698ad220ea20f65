"""Networks from a seed, made through the door as their owners would: meshes, chains and hubs of two to four VPCs.

CIDR blocks repeat where nobody forbids it.  There are NAT gateways of both kinds, instances that are routers, route
tables of gateways, network ACLs, prefix lists, IPv6 and IPv6-only subnets; some routes were forgotten.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import combinations, pairwise
from typing import Any

from realvpc.api.service import Service
from realvpc.net.addresses import Address, Cidr
from realvpc.net.images import AL2023

from ..api.build import ipv6_of
from ..api.conftest import TOKYO, VIRGINIA, Client
from .predicted import TCP_PORTS, UDP_PORT
from .site import Calls, Site

SHAPES: dict[str, Callable[[int], list[tuple[int, int]]]] = {
    "mesh": lambda count: list(combinations(range(count), 2)),
    "chain": lambda count: list(pairwise(range(count))),
    "hub": lambda count: [(0, leaf) for leaf in range(1, count)],
}
MACHINES_MAXIMUM = 6
EVERYWHERE = {"IpRanges": [{"CidrIp": "0.0.0.0/0"}], "Ipv6Ranges": [{"CidrIpv6": "::/0"}]}
PRIVATE = {"IpRanges": [{"CidrIp": "10.0.0.0/8"}], "Ipv6Ranges": [{"CidrIpv6": "2001:db8::/33"}]}


class Generated(Calls):
    """``machines`` are interface ids, ``seconds`` those of them that are a machine's second one, ``routers`` those of
    machines that forward; ``endpoints`` are interfaces of endpoints.  ``steps`` may be taken afterwards."""

    def __init__(self, service: Service, seed: int, accounts: tuple[str, str]) -> None:
        super().__init__(service, seed)
        self.accounts = accounts
        self.machines: list[str] = []
        self.routers: set[str] = set()
        self.endpoints: list[str] = []
        self.seconds: set[str] = set()
        self.sites: list[Site] = []
        self.peerings: list[tuple[Site, Site, str]] = []
        self.shape = list(SHAPES)[seed % len(SHAPES)]
        self._make()
        self.random.shuffle(self.steps)
        kinds = sorted({step.kind for step in self.steps})
        rank = {kind: (place - seed) % len(kinds) for place, kind in enumerate(kinds)}
        self.steps.sort(key=lambda step: rank[step.kind])

    # -- what there is -------------------------------------------------------------------------------------------

    def _make(self) -> None:
        count = self.random.choice((3, 3, 4) if self.shape == "hub" else (2, 3, 3))
        repeats = self.shape != "mesh" and self.chance(0.6)
        for place in range(count):
            self._site(place, repeats=repeats)
        for site in self.sites:
            self._groups(site)
            self._ways_out(site)
            self._endpoints(site)
        for near, far in SHAPES[self.shape](count):
            self._peer(self.sites[near], self.sites[far])
        for site in self.sites:
            self._acl(site)
        for site in self.sites:
            self._machines(site)
        self._across_the_middle()

    def _site(self, place: int, *, repeats: bool) -> None:
        account = self.accounts[self.chance(0.3)]
        client = Client(self.service, account, VIRGINIA if self.chance(0.25) else TOKYO)
        is_like_another = repeats and place > 0 and (self.shape == "hub" or place != 1)
        number = 9 if is_like_another else place
        block = Cidr.parse(f"10.{number}.0.0/16")
        ipv6 = {"AmazonProvidedIpv6CidrBlock": True} if self.chance(0.6) else {}
        vpc_id = self.do(client, "CreateVpc", CidrBlock=str(block), **ipv6)["Vpc"]["VpcId"]
        site = Site(client, vpc_id, place)
        site.ipv6 = ipv6_of(client, vpc_id) if ipv6 else None
        shift = 0 if not is_like_another or self.chance(0.4) else 2 * place
        for index in range(1 + self.chance(0.7)):
            request = {"VpcId": vpc_id, "CidrBlock": str(block.subnet(shift + index, 24))}
            request["AvailabilityZone"] = f"{client.region}a"  # where one machine can be in both
            if site.ipv6:
                request["Ipv6CidrBlock"] = str(site.ipv6.subnet(index, 64))
            site.subnets.append(self.do(client, "CreateSubnet", **request)["Subnet"]["SubnetId"])
            table = self.do(client, "CreateRouteTable", VpcId=vpc_id)["RouteTable"]["RouteTableId"]
            self.do(client, "AssociateRouteTable", RouteTableId=table, SubnetId=site.subnets[-1])
            site.tables.append(table)
            site.blocks.append(request["CidrBlock"])
        if site.ipv6 and self.chance(0.4):
            request = {"VpcId": vpc_id, "Ipv6Native": True, "Ipv6CidrBlock": str(site.ipv6.subnet(2, 64))}
            site.ipv6_only = self.do(client, "CreateSubnet", **request)["Subnet"]["SubnetId"]
            table = self.random.choice(site.tables)
            self.do(client, "AssociateRouteTable", RouteTableId=table, SubnetId=site.ipv6_only)
        if not is_like_another:
            site.blocks = [str(block)]
        self.sites.append(site)

    def _groups(self, site: Site) -> None:
        """Two: the one lets everybody in, or nearly, the other few."""
        for name in ("open", "narrow"):
            made = self.do(site.client, "CreateSecurityGroup", VpcId=site.vpc_id, GroupName=name, Description="-")
            group_id = made["GroupId"]
            site.groups.append(group_id)
            permissions = self._permissions(name, group_id)
            made = self.do(site.client, "AuthorizeSecurityGroupIngress", GroupId=group_id, IpPermissions=permissions)
            for rule in made["SecurityGroupRules"]:
                ids = [rule["SecurityGroupRuleId"]]
                request = {"GroupId": group_id, "SecurityGroupRuleIds": ids}
                self.may("rule revoked", site.client, "RevokeSecurityGroupIngress", **request)
            if self.chance(0.3):
                rules = [row.id for row in self.network.security_groups[group_id].rules if row.is_egress]
                request = {"GroupId": group_id, "SecurityGroupRuleIds": rules}
                self.do(site.client, "RevokeSecurityGroupEgress", **request)
                permissions = [self._permission("tcp", 80, EVERYWHERE), self._permission("udp", UDP_PORT, PRIVATE)]
                permissions = permissions[: self.random.choice((1, 2))]
                self.do(site.client, "AuthorizeSecurityGroupEgress", GroupId=group_id, IpPermissions=permissions)
                everything = [{"IpProtocol": "-1", **EVERYWHERE}]
                request = {"GroupId": group_id, "IpPermissions": everything}
                self.may("rule added", site.client, "AuthorizeSecurityGroupEgress", **request)

    def _permissions(self, name: str, group_id: str) -> list[dict[str, Any]]:
        if name == "open" and self.chance(0.7):
            return [{"IpProtocol": "-1", **(EVERYWHERE if self.chance(0.5) else PRIVATE)}]
        chosen = [
            self._permission("icmp", -1, self.random.choice((EVERYWHERE, PRIVATE))),
            self._permission("icmpv6", -1, self.random.choice((EVERYWHERE, PRIVATE))),
            self._permission("tcp", TCP_PORTS[0], EVERYWHERE),
            self._permission("tcp", TCP_PORTS[1], PRIVATE),
            self._permission("udp", UDP_PORT, self.random.choice((EVERYWHERE, PRIVATE))),
            {"IpProtocol": "-1", "UserIdGroupPairs": [{"GroupId": group_id}]},
        ]
        return self.random.sample(chosen, self.random.randint(2, len(chosen)))

    def _permission(self, protocol: str, port: int, peers: dict[str, Any]) -> dict[str, Any]:
        kept = {"icmp": ("IpRanges",), "icmpv6": ("Ipv6Ranges",)}.get(protocol, tuple(peers))
        return {"IpProtocol": protocol, "FromPort": port, "ToPort": port} | {each: peers[each] for each in kept}

    def _ways_out(self, site: Site) -> None:
        client = site.client
        made = self.do(client, "CreateInternetGateway")["InternetGateway"]
        site.gateway = made["InternetGatewayId"]
        self.do(client, "AttachInternetGateway", InternetGatewayId=site.gateway, VpcId=site.vpc_id)
        public = site.tables[0]
        self._route(site, public, "0.0.0.0/0", GatewayId=site.gateway)
        if site.ipv6:
            self._route(site, public, "::/0", GatewayId=site.gateway)
        if len(site.subnets) == 1:
            return
        if self.chance(0.7):
            address = self.do(client, "AllocateAddress")["AllocationId"]
            request = {"SubnetId": site.subnets[0], "AllocationId": address, "PrivateIpAddress": self._at(site, 6)}
            gateway = self.do(client, "CreateNatGateway", **request)["NatGateway"]["NatGatewayId"]
            self._route(site, site.tables[1], "0.0.0.0/0", NatGatewayId=gateway)
            self.may("NAT gateway deleted", client, "DeleteNatGateway", NatGatewayId=gateway)
        if self.chance(0.4):
            request = {"SubnetId": site.subnets[0], "ConnectivityType": "private"}
            request["PrivateIpAddress"] = self._at(site, 7)
            site.private_nat = self.do(client, "CreateNatGateway", **request)["NatGateway"]["NatGatewayId"]
            self.may("NAT gateway deleted", client, "DeleteNatGateway", NatGatewayId=site.private_nat)
        if site.ipv6 and self.chance(0.7):
            made = self.do(client, "CreateEgressOnlyInternetGateway", VpcId=site.vpc_id)
            name = made["EgressOnlyInternetGateway"]["EgressOnlyInternetGatewayId"]
            self._route(site, site.tables[1], "::/0", EgressOnlyInternetGatewayId=name)
        if self.chance(0.15):
            request = {"InternetGatewayBlockMode": self.random.choice(("block-bidirectional", "block-ingress"))}
            self.do(client, "ModifyVpcBlockPublicAccessOptions", **request)
            request = {"InternetGatewayBlockMode": "off"}
            self.may("public access unblocked", client, "ModifyVpcBlockPublicAccessOptions", **request)

    def _endpoints(self, site: Site) -> None:
        """To S3, with or without its routes, and one with an interface."""
        name, client = f"com.amazonaws.{site.client.region}", site.client
        request: dict[str, Any]
        if self.chance(0.5):
            tables = [table for table in site.tables if self.chance(0.7)]
            request = {"VpcId": site.vpc_id, "ServiceName": f"{name}.s3", "RouteTableIds": tables}
            endpoint = self.do(client, "CreateVpcEndpoint", **request)["VpcEndpoint"]["VpcEndpointId"]
            self.may("S3 endpoint deleted", client, "DeleteVpcEndpoints", VpcEndpointIds=[endpoint])
        if self.chance(0.4):
            request = {"VpcId": site.vpc_id, "ServiceName": f"{name}.ssm", "VpcEndpointType": "Interface"}
            request |= {"SecurityGroupIds": [self.random.choice(site.groups)], "PrivateDnsEnabled": False}
            address = {"SubnetId": site.subnets[0], "Ipv4": self._at(site, 5)}
            request["SubnetConfigurations"] = [address]
            made = self.do(client, "CreateVpcEndpoint", **request)["VpcEndpoint"]
            self.endpoints += made["NetworkInterfaceIds"]
            self.may("endpoint deleted", client, "DeleteVpcEndpoints", VpcEndpointIds=[made["VpcEndpointId"]])

    def _at(self, site: Site, place: int) -> str:
        """An address of the public subnet that no machine gets."""
        return str(self.network.subnets[site.subnets[0]].ipv4_link.at(place))

    def _route(self, site: Site, table: str, to: str, **target: str) -> None:
        if to.startswith("pl-"):
            to_where = {"DestinationPrefixListId": to}
        else:
            to_where = {"DestinationIpv6CidrBlock" if ":" in to else "DestinationCidrBlock": to}
        self.do(site.client, "CreateRoute", RouteTableId=table, **to_where, **target)
        self.may("route deleted", site.client, "DeleteRoute", RouteTableId=table, **to_where)

    def _peer(self, near: Site, far: Site) -> None:
        overlap = Cidr.parse(near.blocks[0]).overlaps(Cidr.parse(far.blocks[0]))
        if overlap or self.network.vpcs[near.vpc_id].cidrs == self.network.vpcs[far.vpc_id].cidrs:
            return
        asked = {"PeerVpcId": far.vpc_id, "PeerOwnerId": far.client.account, "PeerRegion": far.client.region}
        made = self.do(near.client, "CreateVpcPeeringConnection", VpcId=near.vpc_id, **asked)
        peering = made["VpcPeeringConnection"]["VpcPeeringConnectionId"]
        self.do(far.client, "AcceptVpcPeeringConnection", VpcPeeringConnectionId=peering)
        self.peerings.append((near, far, peering))
        self.may("peering deleted", near.client, "DeleteVpcPeeringConnection", VpcPeeringConnectionId=peering)
        for here, there in ((near, far), (far, near)):
            for place, table in enumerate(here.tables):
                if self.chance(0.1):
                    continue  # forgotten
                target = {"VpcPeeringConnectionId": peering}
                if place == 1 and here.private_nat and self.chance(0.8):
                    target = {"NatGatewayId": here.private_nat}
                if self.chance(0.2):
                    self._route(here, table, self._prefix_list(here, there), **target)
                    continue
                for block in there.blocks:
                    if not self._has_route(table, block):
                        self._route(here, table, block, **target)
            if here.ipv6 and there.ipv6 and self.chance(0.9):
                for table in here.tables:
                    self._route(here, table, str(there.ipv6), VpcPeeringConnectionId=peering)

    def _has_route(self, table: str, block: str) -> bool:
        return self.network.route_to(self.network.route_tables[table], Cidr.parse(block)) is not None

    def _holds(self, site: Site, block: str) -> bool:
        """Some of it."""
        return any(own.overlaps(Cidr.parse(block)) for own in self.network.vpcs[site.vpc_id].cidrs)

    def _prefix_list(self, here: Site, there: Site) -> str:
        entries = [{"Cidr": block} for block in there.blocks]
        request = {"PrefixListName": "far", "MaxEntries": 10, "AddressFamily": "IPv4", "Entries": entries}
        made = self.do(here.client, "CreateManagedPrefixList", **request)["PrefixList"]
        name: str = made["PrefixListId"]
        request = {"PrefixListId": name, "CurrentVersion": 1, "RemoveEntries": entries[:1]}
        self.may("prefix list changed", here.client, "ModifyManagedPrefixList", **request)
        return name

    def _across_the_middle(self) -> None:
        """Routes that look well and lead nowhere: peering is not transitive."""
        for a, b in combinations(self.sites, 2):
            far = b.blocks[0]
            ways = [peering for near, far_side, peering in self.peerings if a in (near, far_side)]
            is_taken = self._has_route(a.tables[0], far) or self._holds(a, far)
            if ways and not is_taken and self.chance(0.4):
                self._route(a, a.tables[0], far, VpcPeeringConnectionId=self.random.choice(ways))

    def _acl(self, site: Site) -> None:
        for subnet in site.subnets:
            if not self.chance(0.35):
                continue
            acl = self.do(site.client, "CreateNetworkAcl", VpcId=site.vpc_id)["NetworkAcl"]["NetworkAclId"]
            rules: list[tuple[int, bool, dict[str, Any]]] = []
            for is_egress in (False, True):
                denied = self.random.choice(
                    (
                        {"Protocol": "6", "PortRange": {"From": 443, "To": 443}, "CidrBlock": "0.0.0.0/0"},
                        {"Protocol": "6", "PortRange": {"From": 1024, "To": 65535}, "CidrBlock": "10.0.0.0/8"},
                        {"Protocol": "17", "PortRange": {"From": 0, "To": 65535}, "CidrBlock": "0.0.0.0/0"},
                        {"Protocol": "1", "IcmpTypeCode": {"Type": 8, "Code": -1}, "CidrBlock": "10.0.0.0/12"},
                        {"Protocol": "58", "IcmpTypeCode": {"Type": -1, "Code": -1}, "Ipv6CidrBlock": "::/0"},
                        {"Protocol": "-1", "CidrBlock": "10.1.0.0/16"},
                    )
                )
                rules.append((100, is_egress, denied | {"RuleAction": "deny"}))
                allowed = {"Protocol": "-1", "RuleAction": "allow"}
                rules.append((200, is_egress, allowed | {"CidrBlock": "0.0.0.0/0"}))
                if self.chance(0.8):
                    rules.append((300, is_egress, allowed | {"Ipv6CidrBlock": "::/0"}))
            for number, is_egress, rule in rules:
                which = {"NetworkAclId": acl, "RuleNumber": number, "Egress": is_egress}
                self.do(site.client, "CreateNetworkAclEntry", **which, **rule)
                other = {"RuleAction": "deny" if rule["RuleAction"] == "allow" else "allow"}
                self.may("ACL entry deleted", site.client, "DeleteNetworkAclEntry", **which)
                self.may("ACL entry replaced", site.client, "ReplaceNetworkAclEntry", **which, **(rule | other))
            before = self.network.default_network_acl(self.network.vpcs[site.vpc_id]).id
            found = site.client("DescribeNetworkAcls", Filters=[{"Name": "association.subnet-id", "Values": [subnet]}])[
                "NetworkAcls"
            ]
            assert found[0]["NetworkAclId"] == before
            [association] = [
                row["NetworkAclAssociationId"] for row in found[0]["Associations"] if row["SubnetId"] == subnet
            ]
            self.do(site.client, "ReplaceNetworkAclAssociation", AssociationId=association, NetworkAclId=acl)

    # -- machines ------------------------------------------------------------------------------------------------

    def _machines(self, site: Site) -> None:
        left = len(self.sites) - site.place - 1  # sites that need one yet
        for place, subnet in enumerate(site.subnets):
            for _ in range(1 + (not place and self.chance(0.3))):
                if len(self.machines) < MACHINES_MAXIMUM - left:
                    first = self._launch(site, subnet, public=not place and self.chance(0.7))
                    if len(self.machines) < MACHINES_MAXIMUM - left and self.chance(0.3):
                        self._second_interface(site, first)
        if site.ipv6_only and len(self.machines) < MACHINES_MAXIMUM - left:
            interface = {"DeviceIndex": 0, "SubnetId": site.ipv6_only, "Groups": self.random.sample(site.groups, 1)}
            self._run(site, interface)
        if len(site.subnets) == 2 and len(self.machines) < MACHINES_MAXIMUM - left and self.chance(0.6):
            self._router(site)

    def _launch(self, site: Site, subnet: str, *, public: bool, group: str | None = None) -> str:
        groups = [group] if group else self.random.sample(site.groups, self.random.choice((1, 1, 2)))
        interface: dict[str, Any] = {
            "DeviceIndex": 0,
            "SubnetId": subnet,
            "Groups": groups,
            "AssociatePublicIpAddress": public and self.chance(0.6),
            "PrivateIpAddress": str(self._next_address(subnet)),  # the same one in blocks that are the same
        }
        if site.ipv6 and self.chance(0.85):
            interface["Ipv6AddressCount"] = 1
        interface_id = self._run(site, interface)
        if public and not interface["AssociatePublicIpAddress"]:
            self._elastic_ip(site, interface_id)
        return interface_id

    def _run(self, site: Site, interface: dict[str, Any]) -> str:
        request = {"ImageId": AL2023.id_in(site.client.region), "InstanceType": "t3.micro", "MinCount": 1}
        request |= {"MaxCount": 1, "NetworkInterfaces": [interface]}
        [made] = self.do(site.client, "RunInstances", **request)["Instances"]
        interface_id: str = made["NetworkInterfaces"][0]["NetworkInterfaceId"]
        self.machines.append(interface_id)
        return interface_id

    def _second_interface(self, site: Site, first: str) -> None:
        """In any subnet, with groups and perhaps a public address of its own."""
        subnet, client = self.random.choice(site.subnets), site.client
        request: dict[str, Any] = {"SubnetId": subnet, "Groups": [self.random.choice(site.groups)]}
        request["PrivateIpAddress"] = str(self._next_address(subnet))
        if site.ipv6 and self.chance(0.7):
            request["Ipv6AddressCount"] = 1
        made = self.do(client, "CreateNetworkInterface", **request)["NetworkInterface"]["NetworkInterfaceId"]
        instance = self.interface(first).attachment
        assert instance is not None
        where = {"NetworkInterfaceId": made, "InstanceId": instance.owner_id}
        self.do(client, "AttachNetworkInterface", **where, DeviceIndex=1)
        if subnet == site.subnets[0] and self.chance(0.5):
            self._elastic_ip(site, made)
        self.machines.append(made)
        self.seconds.add(made)

    def _elastic_ip(self, site: Site, interface_id: str) -> None:
        allocation = self.do(site.client, "AllocateAddress")["AllocationId"]
        request = {"AllocationId": allocation, "NetworkInterfaceId": interface_id}
        association = self.do(site.client, "AssociateAddress", **request)["AssociationId"]
        self.may("address disassociated", site.client, "DisassociateAddress", AssociationId=association)

    def _next_address(self, subnet: str) -> Address:
        return self.network.subnets[subnet].ipv4_link.at(
            10 + sum(self.interface(e).subnet_id == subnet for e in self.machines)
        )

    def _router(self, site: Site) -> None:
        """A machine in the public subnet, through which something else than the sender decided goes."""
        box = self._launch(site, site.subnets[0], public=self.chance(0.5), group=site.groups[0])
        self.routers.add(box)
        instance = self.interface(box).attachment
        assert instance is not None
        checked = {"InstanceId": instance.owner_id, "SourceDestCheck": {"Value": False}}
        self.do(site.client, "ModifyInstanceAttribute", **checked)
        checked = {"InstanceId": instance.owner_id, "SourceDestCheck": {"Value": True}}
        self.may("source check on", site.client, "ModifyInstanceAttribute", **checked)
        private, near = site.tables[1], str(self.network.subnets[site.subnets[1]].cidr)
        kind = self.random.choice(("ingress", "between", "towards peers", "all"))
        if kind in ("ingress", "all"):
            table = self.do(site.client, "CreateRouteTable", VpcId=site.vpc_id)["RouteTable"]["RouteTableId"]
            to_gateway = {"RouteTableId": table, "GatewayId": site.gateway}
            association = self.do(site.client, "AssociateRouteTable", **to_gateway)["AssociationId"]
            self._route(site, table, near, NetworkInterfaceId=box)
            self.may("gateway table away", site.client, "DisassociateRouteTable", AssociationId=association)
            self._launch(site, site.subnets[1], public=True)
            self._replace(site, private, "0.0.0.0/0", box)
        if kind in ("between", "all"):
            self._route(site, private, str(self.network.subnets[site.subnets[0]].cidr), NetworkInterfaceId=box)
            if self.chance(0.5):
                self._route(site, site.tables[0], near, NetworkInterfaceId=box)
        if kind in ("towards peers", "all"):
            table = self.network.route_tables[private]
            over = [row.destination for row in self.network.routes(table) if row.target.id.startswith("pcx-")]
            for block in map(str, sorted(over)):
                self._replace(site, private, block, box)

    def _replace(self, site: Site, table: str, to: str, box: str) -> None:
        where = {"DestinationIpv6CidrBlock" if ":" in to else "DestinationCidrBlock": to}
        action = "ReplaceRoute" if self._has_route(table, to) else "CreateRoute"
        self.do(site.client, action, RouteTableId=table, **where, NetworkInterfaceId=box)
