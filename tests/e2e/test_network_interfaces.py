"""Instances with several network interfaces, and instances that are routers, by boto3 and real packets."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.running import Running, eventually
from tests.surroundings import directory_for_all

from .site import PING, PING_BRIEFLY, loss

pytestmark = [pytest.mark.root, pytest.mark.e2e]

EVERYTHING = [{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}]
INTERNET = "198.19.0.1"  # an address of the built-in one
FORWARD = "sysctl -qw net.ipv4.ip_forward=1"
MASQUERADE = (
    f"{FORWARD} && nft add table ip nat && "
    "nft add chain ip nat postrouting '{ type nat hook postrouting priority srcnat; }' && "
    "nft add rule ip nat postrouting oifname eth0 masquerade"
)
FILTER = (
    f"{FORWARD} && nft add table ip filter && "
    "nft add chain ip filter forward '{ type filter hook forward priority 0; policy drop; }' && "
    "nft add rule ip filter forward ct state established,related accept && "
    "nft add rule ip filter forward icmp type echo-request counter accept"
)


class Lab:
    """A VPC with a public subnet and two private ones, in one zone."""

    def __init__(self, service: Running) -> None:
        self.service = service
        self.ec2: Any = service.client("ec2")
        self.vpc_id: str = self.ec2.create_vpc(CidrBlock="10.80.0.0/16")["Vpc"]["VpcId"]
        group = self.ec2.create_security_group(GroupName="all", Description="all", VpcId=self.vpc_id)
        self.group_id: str = group["GroupId"]
        self.ec2.authorize_security_group_ingress(GroupId=self.group_id, IpPermissions=EVERYTHING)
        gateway = self.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
        self.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=self.vpc_id)
        self.tables: dict[str, str] = {}
        self.subnets: dict[str, str] = {}
        for number, name in enumerate(("public", "left", "right"), 1):
            subnet = self.ec2.create_subnet(
                VpcId=self.vpc_id, CidrBlock=f"10.80.{number}.0/24", AvailabilityZone="ap-northeast-1a"
            )
            self.subnets[name] = subnet["Subnet"]["SubnetId"]
            table = self.ec2.create_route_table(VpcId=self.vpc_id)["RouteTable"]["RouteTableId"]
            self.tables[name] = table
            self.ec2.associate_route_table(RouteTableId=table, SubnetId=self.subnets[name])
        self.ec2.create_route(RouteTableId=self.tables["public"], DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
        images = self.ec2.describe_images(
            Owners=["amazon"], Filters=[{"Name": "name", "Values": ["al2023-ami-2023*-x86_64"]}]
        )
        self.image_id: str = images["Images"][0]["ImageId"]

    def launch(self, *subnets: str, public: bool = False, checked: bool = True) -> dict[str, Any]:
        """An instance with an interface in each of these subnets."""
        interfaces = [
            {"DeviceIndex": index, "SubnetId": self.subnets[name], "Groups": [self.group_id]}
            | ({"AssociatePublicIpAddress": public} if len(subnets) == 1 else {})
            for index, name in enumerate(subnets)
        ]
        made = self.ec2.run_instances(
            ImageId=self.image_id, InstanceType="t3.micro", MinCount=1, MaxCount=1, NetworkInterfaces=interfaces
        )
        (instance,) = made["Instances"]
        self.ec2.get_waiter("instance_running").wait(InstanceIds=[instance["InstanceId"]])
        if not checked:
            for interface in instance["NetworkInterfaces"]:
                self.ec2.modify_network_interface_attribute(
                    NetworkInterfaceId=interface["NetworkInterfaceId"], SourceDestCheck={"Value": False}
                )
        return self.shown(instance["InstanceId"])

    def shown(self, instance_id: str) -> dict[str, Any]:
        found: dict[str, Any]
        found = self.ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]
        return found

    def end(self, *instances: dict[str, Any]) -> None:
        self.ec2.terminate_instances(InstanceIds=[row["InstanceId"] for row in instances])

    def sh(self, instance: dict[str, Any], script: str) -> str:
        return self.service("exec", instance["InstanceId"], "--", "sh", "-c", script).out.strip()

    def ping(self, instance: dict[str, Any], address: str, *options: str) -> int:
        """The loss in percent."""
        return loss(self.service("exec", instance["InstanceId"], "--", *PING, *options, address, code=None).out)

    def ping_briefly(self, instance: dict[str, Any], address: str) -> int:
        """The same where nothing is to come back, or not yet."""
        return loss(self.service("exec", instance["InstanceId"], "--", *PING_BRIEFLY, address, code=None).out)

    def interface(self, interface_id: str) -> dict[str, Any]:
        found: dict[str, Any]
        (found,) = self.ec2.describe_network_interfaces(NetworkInterfaceIds=[interface_id])["NetworkInterfaces"]
        return found

    def route(self, table: str, destination: str, interface_id: str) -> None:
        self.ec2.create_route(
            RouteTableId=self.tables[table], DestinationCidrBlock=destination, NetworkInterfaceId=interface_id
        )

    def no_route(self, table: str, destination: str) -> None:
        self.ec2.delete_route(RouteTableId=self.tables[table], DestinationCidrBlock=destination)


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    """On a service of its own: its processes are killed."""
    with directory_for_all("eni-") as directory:
        service = Running(directory / "state")
        try:
            service.up("--quotas", "lab")
            yield Lab(service)
            assert not service.defects()
        finally:
            service("down", "--purge", "--yes", code=None)


def eni_of(instance: dict[str, Any], index: int = 0) -> str:
    interface_id: str = instance["NetworkInterfaces"][index]["NetworkInterfaceId"]
    return interface_id


METADATA = (
    "t=$(curl -s -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' http://169.254.169.254/latest/api/token); "
    'get() { curl -s -H "X-aws-ec2-metadata-token: $t" '
    "http://169.254.169.254/latest/meta-data/network/interfaces/macs/$1; }; "
)


def test_a_device_comes_and_goes_while_the_instance_runs(lab: Lab) -> None:
    guest, neighbour = lab.launch("public"), lab.launch("left")
    made = lab.ec2.create_network_interface(SubnetId=lab.subnets["left"], Groups=[lab.group_id])["NetworkInterface"]
    interface_id, address = made["NetworkInterfaceId"], made["PrivateIpAddress"]
    lab.ec2.get_waiter("network_interface_available").wait(NetworkInterfaceIds=[interface_id])

    def status() -> str | None:
        attachment: dict[str, Any] = lab.interface(interface_id).get("Attachment", {})
        return attachment.get("Status")

    def attach() -> str:
        attachment_id: str = lab.ec2.attach_network_interface(
            NetworkInterfaceId=interface_id, InstanceId=guest["InstanceId"], DeviceIndex=1
        )["AttachmentId"]
        eventually(lambda: status() == "attached", what="that it is attached")
        return attachment_id

    attachment_id = attach()
    assert f"inet {address}/24" in lab.sh(guest, "ip -o -4 address show eth1")
    assert lab.ping(neighbour, address) == 0
    assert lab.ping(neighbour, guest["PrivateIpAddress"]) == 0
    assert lab.sh(guest, METADATA + f"get {made['MacAddress']}/local-ipv4s") == address

    lab.ec2.assign_private_ip_addresses(NetworkInterfaceId=interface_id, PrivateIpAddresses=["10.80.2.99"])
    eventually(lambda: "10.80.2.99/32" in lab.sh(guest, "ip -o -4 address show eth1"), what="the address")
    assert lab.ping(neighbour, "10.80.2.99") == 0
    assert lab.sh(guest, METADATA + f"get {made['MacAddress']}/local-ipv4s").split() == [address, "10.80.2.99"]
    lab.ec2.unassign_private_ip_addresses(NetworkInterfaceId=interface_id, PrivateIpAddresses=["10.80.2.99"])
    eventually(lambda: "10.80.2.99" not in lab.sh(guest, "ip -o address; ip rule"), what="no address")

    lab.sh(guest, "ip route add 192.0.2.0/24 via 10.80.1.1")
    for victim in ("node", "api"):
        lab.service.kill(victim)
        lab.service("up")
        assert lab.ping(neighbour, address) == 0
    assert "192.0.2.0/24" in lab.sh(guest, "ip route"), "what its root has made"
    assert not lab.service.status()["faults"]

    lab.ec2.detach_network_interface(AttachmentId=attachment_id)
    eventually(lambda: status() == "detached", what="that it is detached")
    assert lab.sh(guest, "ls /sys/class/net").split() == ["eth0", "lo"]
    assert lab.sh(guest, METADATA + "get").split() == [f"{guest['NetworkInterfaces'][0]['MacAddress']}/"]
    assert lab.ping_briefly(neighbour, address) == 100

    attach()
    lab.ec2.reboot_instances(InstanceIds=[guest["InstanceId"]])
    eventually(lambda: lab.ping_briefly(neighbour, address) == 0, what="that it answers again")
    lab.ec2.stop_instances(InstanceIds=[guest["InstanceId"]])
    lab.ec2.get_waiter("instance_stopped").wait(InstanceIds=[guest["InstanceId"]])
    assert status() == "attached"
    lab.ec2.start_instances(InstanceIds=[guest["InstanceId"]])
    lab.ec2.get_waiter("instance_running").wait(InstanceIds=[guest["InstanceId"]])
    assert lab.ping(neighbour, address) == 0
    lab.end(guest, neighbour)
    lab.ec2.get_waiter("instance_terminated").wait(InstanceIds=[guest["InstanceId"]])
    lab.ec2.delete_network_interface(NetworkInterfaceId=interface_id)


def test_killed_between_word_and_deed_it_comes_and_goes_all_the_same(lab: Lab) -> None:
    guest = lab.launch("public")
    made = lab.ec2.create_network_interface(SubnetId=lab.subnets["left"])["NetworkInterface"]
    interface_id = made["NetworkInterfaceId"]
    lab.service.kill("node")
    attachment_id = lab.ec2.attach_network_interface(
        NetworkInterfaceId=interface_id, InstanceId=guest["InstanceId"], DeviceIndex=1
    )["AttachmentId"]
    assert lab.interface(interface_id)["Attachment"]["Status"] == "attaching"
    lab.service.kill("api")
    lab.service("up")
    eventually(lambda: lab.interface(interface_id)["Attachment"]["Status"] == "attached", what="that it is attached")
    assert "eth1" in lab.sh(guest, "ls /sys/class/net")
    lab.service.kill("node")
    lab.ec2.detach_network_interface(AttachmentId=attachment_id)
    lab.service.kill("api")
    lab.service("up")
    eventually(lambda: lab.interface(interface_id)["Attachment"]["Status"] == "detached", what="that it is free")
    assert "eth1" not in lab.sh(guest, "ls /sys/class/net")
    lab.ec2.delete_network_interface(NetworkInterfaceId=interface_id)
    lab.end(guest)


def test_a_nat_instance_carries_a_private_subnet_to_the_internet(lab: Lab) -> None:
    nat, host = lab.launch("public", public=True, checked=False), lab.launch("left")
    assert lab.ping_briefly(host, INTERNET) == 100, "it has no route"
    lab.route("left", "0.0.0.0/0", eni_of(nat))
    assert lab.ping_briefly(host, INTERNET) == 100, "nobody forwards"
    lab.sh(nat, MASQUERADE)
    assert lab.ping(host, INTERNET) == 0
    seen = lab.sh(host, "curl -s -m 5 http://checkip.amazonaws.com")
    assert seen == nat["PublicIpAddress"]
    lab.ec2.modify_network_interface_attribute(NetworkInterfaceId=eni_of(nat), SourceDestCheck={"Value": True})
    assert lab.ping_briefly(host, INTERNET) == 100, "the check is on: what is for others is not taken"
    lab.no_route("left", "0.0.0.0/0")
    lab.end(nat, host)


def test_a_firewall_stands_between_two_subnets(lab: Lab) -> None:
    firewall, left, right = lab.launch("public", checked=False), lab.launch("left"), lab.launch("right")
    assert lab.ping(left, right["PrivateIpAddress"]) == 0
    lab.route("left", "10.80.3.0/24", eni_of(firewall))
    lab.route("right", "10.80.2.0/24", eni_of(firewall))
    assert lab.ping_briefly(left, right["PrivateIpAddress"]) == 100, "it forwards nothing so far"
    lab.sh(firewall, FILTER)
    assert lab.ping(left, right["PrivateIpAddress"]) == 0
    assert "packets 1 " in lab.sh(firewall, "nft list table ip filter"), "one flow, whose first packet was counted"
    lab.sh(right, "python3 -m http.server 8080 >/dev/null 2>&1 &")
    web = f"curl -s -m 2 -o /dev/null -w '%{{http_code}}' http://{right['PrivateIpAddress']}:8080/; :"
    assert lab.sh(left, web) == "000", "of TCP it lets nothing pass"
    lab.sh(firewall, "nft add rule ip filter forward tcp dport 8080 accept")
    eventually(lambda: lab.sh(left, web) == "200", what="the page")
    why = json.loads(lab.service("why", left["InstanceId"], right["PrivateIpAddress"], "--json", code=None).out)
    assert eni_of(firewall) in json.dumps(why), "the analysis knows who stands in between"
    lab.no_route("left", "10.80.3.0/24")
    lab.no_route("right", "10.80.2.0/24")
    lab.end(firewall, left, right)


def test_a_network_of_pods_behind_an_instance(lab: Lab) -> None:
    node, other = lab.launch("left", checked=False), lab.launch("right")
    lab.sh(node, f"{FORWARD} && ip link add cni0 type bridge && ip address add 192.168.100.1/24 dev cni0")
    lab.sh(node, "ip link set cni0 up && ip address add 192.168.100.5/32 dev cni0")
    assert lab.ping_briefly(other, "192.168.100.5") == 100
    lab.route("right", "192.168.100.0/24", eni_of(node))
    assert lab.ping(other, "192.168.100.5") == 0
    assert lab.ping(node, other["PrivateIpAddress"], "-I", "192.168.100.5") == 0, "a pod asks"
    lab.no_route("right", "192.168.100.0/24")
    lab.end(node, other)


def test_an_instance_with_interfaces_in_two_subnets(lab: Lab) -> None:
    both, left, right = lab.launch("left", "right"), lab.launch("left"), lab.launch("right")
    first, second = (row["PrivateIpAddress"] for row in both["NetworkInterfaces"])
    for asking in (left, right):
        assert lab.ping(asking, first) == 0
        assert lab.ping(asking, second) == 0
    with pytest.raises(ClientError, match="AttachmentLimitExceeded"):
        lab.launch("left", "right", "public")
    lab.end(both, left, right)
