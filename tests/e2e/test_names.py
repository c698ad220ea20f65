"""Names inside instances: real questions over the fabric, and programs that only know names."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dns.message
import dns.rcode
import dns.rdatatype
import pytest

from realvpc.net.services import ENDPOINT
from tests.running import Running, eventually

from .peer import Peer
from .target import Target

pytestmark = [pytest.mark.root, pytest.mark.e2e]

PROGRAM = (Path(__file__).parent / "ask.py").read_text()
LINK_LOCAL, PRIVATE = "169.254.169.253", "10.70.0.2"
TOKYO_DOMAIN, VIRGINIA_DOMAIN = "ap-northeast-1.compute.internal", "ec2.internal"


class Inside:
    """Asks from inside an instance."""

    def __init__(self, service: Running, instance_id: str) -> None:
        self._service, self._instance_id = service, instance_id

    def run(self, *words: str) -> str:
        return self._service("exec", self._instance_id, "--", *words, code=None).out

    def ask(
        self, *names: str, kind: str = "A", server: str = PRIVATE, protocol: str = "udp", payload: int = 0
    ) -> list[str]:
        """For each name the values of the last record set, or the code of the answer, or ``-`` when none came."""
        edns: dict[str, Any] = {"use_edns": 0, "payload": payload} if payload else {}
        queries = [dns.message.make_query(name, kind, **edns) for name in names]
        wires = [query.to_wire().hex() for query in queries]
        lines = self.run("python3", "-c", PROGRAM, server, protocol, *wires).split()
        return [_read(query, line) for query, line in zip(queries, lines, strict=True)]


def _read(query: dns.message.Message, line: str) -> str:
    if line == "-":
        return "-"
    answer = dns.message.from_wire(bytes.fromhex(line))
    assert query.is_response(answer)
    if not answer.answer:
        return dns.rcode.to_text(answer.rcode())
    return " ".join(sorted(str(record) for record in answer.answer[-1]))


def _record(name: str, *addresses: str) -> dict[str, Any]:
    values = [{"Value": address} for address in addresses]
    return {
        "Action": "CREATE",
        "ResourceRecordSet": {"Name": name, "Type": "A", "TTL": 60, "ResourceRecords": values},
    }


@pytest.fixture
def inside(service: Running, target: Target) -> Inside:
    return Inside(service, target.instance_id)


@pytest.fixture(scope="module")
def neighbour(target: Target) -> Iterator[Peer]:
    """In the same Region."""
    peer = Peer(target, "neighbour", "10.72.0.0/16")
    yield peer
    peer.ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=peer.peering_id)


def own(target: Target) -> dict[str, Any]:
    found: dict[str, Any] = target.ec2.describe_instances(InstanceIds=[target.instance_id])
    instance: dict[str, Any] = found["Reservations"][0]["Instances"][0]
    return instance


@pytest.mark.parametrize("protocol", ["udp", "tcp"])
@pytest.mark.parametrize("server", [LINK_LOCAL, PRIVATE])
def test_both_addresses_of_the_resolver_answer(inside: Inside, target: Target, server: str, protocol: str) -> None:
    instance = own(target)
    names = instance["PrivateDnsName"], instance["PublicDnsName"], "ssm.ap-northeast-1.amazonaws.com", "no.example.org"
    private = instance["PrivateIpAddress"]
    assert inside.ask(*names, server=server, protocol=protocol) == [private, private, str(ENDPOINT), "NXDOMAIN"]
    reverse = ".".join(reversed(private.split("."))) + ".in-addr.arpa"
    assert inside.ask(reverse, kind="PTR", server=server, protocol=protocol) == [f"{instance['PrivateDnsName']}."]


def test_programs_find_hosts_by_name(inside: Inside, target: Target) -> None:
    assert "198.19.0.1" in inside.run("getent", "ahostsv4", "one.example.com")
    assert inside.run("getent", "hosts", "ip-10-70-9-9") == f"10.70.9.9       ip-10-70-9-9.{TOKYO_DOMAIN}\n"
    assert inside.run("getent", "hosts", "no.example.org") == ""
    assert inside.run("dig", "+short", "two.example.com") == "198.19.0.2\n"
    assert inside.run("dig", "+short", "-x", "10.70.9.9") == f"ip-10-70-9-9.{TOKYO_DOMAIN}.\n"
    assert inside.run("dig", "+short", "+search", "ip-10-70-9-9") == "10.70.9.9\n"
    assert "1 received" in inside.run("ping", "-c", "1", "-W", "2", "two.example.com")
    assert "AWSAccessKeyId" in inside.run("curl", "-s", "-m", "3", "http://aws.test/")


def test_a_public_name_leads_to_a_peer_as_its_side_allows(inside: Inside, neighbour: Peer) -> None:
    far = neighbour.launch()
    names = far["PublicDnsName"], far["PrivateDnsName"]
    assert inside.ask(*names) == [far["PublicIpAddress"], far["PrivateIpAddress"]]
    neighbour.allow_names(True)
    assert inside.ask(*names) == [far["PrivateIpAddress"]] * 2
    neighbour.allow_names(False)
    assert inside.ask(*names) == [far["PublicIpAddress"], far["PrivateIpAddress"]]
    # The other VPC's resolver is not to be reached across the peering.
    assert inside.ask(names[0], server="10.72.0.2") == ["-"]
    neighbour.ec2.terminate_instances(InstanceIds=[far["InstanceId"]])


def test_names_of_another_region_need_the_option(inside: Inside, target: Target) -> None:
    far = Peer(target, "far", "10.73.0.0/16", "us-east-1")
    name = f"ip-10-73-0-5.{VIRGINIA_DOMAIN}"
    assert inside.ask(name) == ["NXDOMAIN"]
    far.allow_names(True)
    assert inside.ask(name) == ["10.73.0.5"]
    target.ec2.delete_vpc_peering_connection(VpcPeeringConnectionId=far.peering_id)
    assert inside.ask(name) == ["NXDOMAIN"]


def test_a_vpc_with_a_domain_of_its_own(service: Running, target: Target, neighbour: Peer) -> None:
    """A private hosted zone, and DHCP options that make programs look there first."""
    route53, ec2 = service.client("route53"), neighbour.ec2
    instance = neighbour.launch()
    inside = Inside(service, instance["InstanceId"])
    assert f"search {TOKYO_DOMAIN}\nnameserver 10.72.0.2\n" == inside.run("cat", "/etc/resolv.conf")
    zone = route53.create_hosted_zone(
        Name="names.example",
        CallerReference="e2e",
        VPC={"VPCRegion": "ap-northeast-1", "VPCId": neighbour.vpc_id},
    )["HostedZone"]["Id"]
    many = [f"10.72.1.{number}" for number in range(250)]
    changes = [_record("web.names.example", "10.72.0.80"), _record("large.names.example", *many)]
    route53.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": changes})
    for server in ("10.72.0.2", LINK_LOCAL):  # more than a frame of the internet holds, in one packet and in a stream
        assert inside.ask("large.names.example", server=server, payload=4096) == [" ".join(sorted(many))]
        assert inside.ask("large.names.example", server=server, protocol="tcp") == [" ".join(sorted(many))]
    assert inside.run("getent", "hosts", "web") == ""
    options = ec2.create_dhcp_options(
        DhcpConfigurations=[
            {"Key": "domain-name", "Values": ["names.example"]},
            {"Key": "domain-name-servers", "Values": ["AmazonProvidedDNS"]},
        ]
    )["DhcpOptions"]["DhcpOptionsId"]
    ec2.associate_dhcp_options(VpcId=neighbour.vpc_id, DhcpOptionsId=options)
    ec2.reboot_instances(InstanceIds=[instance["InstanceId"]])
    told = "search names.example\nnameserver 10.72.0.2\n"
    eventually(lambda: inside.run("cat", "/etc/resolv.conf") == told, what="the instance has booted again")
    assert inside.run("getent", "hosts", "web") == "10.72.0.80      web.names.example\n"
    assert Inside(service, target.instance_id).ask("web.names.example") == ["NXDOMAIN"]
    ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])


def test_without_dns_support_nobody_answers(service: Running, target: Target, neighbour: Peer) -> None:
    instance = neighbour.launch()
    inside = Inside(service, instance["InstanceId"])
    assert inside.ask("one.example.com", server="10.72.0.2") == ["198.19.0.1"]
    neighbour.ec2.modify_vpc_attribute(VpcId=neighbour.vpc_id, EnableDnsHostnames={"Value": False})
    neighbour.ec2.modify_vpc_attribute(VpcId=neighbour.vpc_id, EnableDnsSupport={"Value": False})
    assert inside.ask("one.example.com", server="10.72.0.2") == ["-"]
    assert inside.ask("one.example.com", server=LINK_LOCAL) == ["-"]
    neighbour.ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])


def test_a_stranger_takes_no_name_that_is_anothers_or_awss(service: Running, inside: Inside) -> None:
    mine, strangers = service.client("route53"), service.client("route53", "--account", "other")
    zones: list[tuple[Any, str]] = []

    def public(client: Any, name: str, *changes: dict[str, Any]) -> str:
        zone: str = client.create_hosted_zone(Name=name, CallerReference=f"e2e {name}")["HostedZone"]["Id"]
        zones.append((client, zone))
        client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": [*changes]})
        return zone

    domain = public(mine, "pub.example", _record("www.pub.example", "198.18.7.1"), _record("pub.example", "198.18.7.2"))
    public(strangers, "www.pub.example", _record("www.pub.example", "198.18.9.1"))
    public(strangers, "pub.example", _record("pub.example", "198.18.9.2"))
    public(strangers, "part.pub.example", _record("part.pub.example", "198.18.9.3"))
    aws = "s3.ap-northeast-1.amazonaws.com"
    public(strangers, aws, _record(aws, "198.18.9.4"), _record(f"bucket.{aws}", "198.18.9.5"))
    public(strangers, "amazonaws.com", _record("anything.amazonaws.com", "198.18.9.6"))
    for server in (LINK_LOCAL, PRIVATE):
        names = ("www.pub.example", "pub.example", "part.pub.example", "nobody.pub.example")
        assert inside.ask(*names, server=server) == ["198.18.7.1", "198.18.7.2", "NXDOMAIN", "NXDOMAIN"]
        found = inside.ask(aws, f"bucket.{aws}", "anything.amazonaws.com", server=server)
        assert not any("198.18.9." in answer for answer in found)
    assert inside.run("getent", "hosts", "www.pub.example").split() == ["198.18.7.1", "www.pub.example"]
    delegation = {
        "Name": "part.pub.example",
        "Type": "NS",
        "TTL": 60,
        "ResourceRecords": [{"Value": "ns-1.awsdns-01.org."}],
    }
    changes = [{"Action": "CREATE", "ResourceRecordSet": delegation}]
    mine.change_resource_record_sets(HostedZoneId=domain, ChangeBatch={"Changes": changes})
    assert inside.ask("part.pub.example") == ["198.18.9.3"]
    for client, zone in zones:
        rows = client.list_resource_record_sets(HostedZoneId=zone)["ResourceRecordSets"]
        own = [row for row in rows if row["Type"] == "A" or (row["Name"] == "part.pub.example." and zone == domain)]
        gone = [{"Action": "DELETE", "ResourceRecordSet": row} for row in own]
        client.change_resource_record_sets(HostedZoneId=zone, ChangeBatch={"Changes": gone})
        client.delete_hosted_zone(Id=zone)
    assert inside.ask("www.pub.example", "part.pub.example") == ["NXDOMAIN", "NXDOMAIN"]
