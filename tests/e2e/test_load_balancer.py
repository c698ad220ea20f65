"""A Network Load Balancer by real packets: connections to healthy targets, from its own address, and from another
account's VPC through an endpoint."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from tests.running import REGION, Running, eventually

pytestmark = [pytest.mark.root, pytest.mark.e2e, pytest.mark.waits]

IMAGE = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
PORT, AT_TARGETS = 80, 8080
_SERVER = """
import os, socket, sys
listener = socket.create_server(("", PORT), backlog=64)
if os.fork(): os._exit(0)
os.setsid()
open("/run/server.pid", "w").write(str(os.getpid()))
for fd in range(3): os.dup2(os.open("/dev/null", os.O_RDWR), fd)
while True:
    sock, peer = listener.accept()
    try: sock.sendall(f"NAME {peer[0]}".encode())
    except OSError: pass
    sock.close()
"""  # who answers, and whom it sees
_ASK = """
import socket, sys
for _ in range(int(sys.argv[2])):
    try:
        with socket.create_connection((sys.argv[1], PORT), 5) as sock: print(sock.makefile().read())
    except OSError as error: print("none", type(error).__name__)
"""


def ask(service: Running, instance_id: str, name: str, times: int = 16) -> Counter[str]:
    """Who answers connections to the name, and whom it sees, how often."""
    words = ("python3", "-c", _ASK.replace("PORT", str(PORT)), name, str(times))
    return Counter(service("exec", instance_id, "--", *words).out.split("\n")[:-1])


class Site:
    """A VPC with a client, a load balancer and two targets."""

    def __init__(self, service: Running) -> None:
        self.service = service
        self.ec2: Any = service.client("ec2")
        self.elb: Any = service.client("elbv2")
        self.vpc_id = self.ec2.create_vpc(CidrBlock="10.74.0.0/16")["Vpc"]["VpcId"]
        self.ec2.modify_vpc_attribute(VpcId=self.vpc_id, EnableDnsHostnames={"Value": True})
        zone = f"{REGION}a"
        made = self.ec2.create_subnet(VpcId=self.vpc_id, CidrBlock="10.74.0.0/24", AvailabilityZone=zone)
        self.subnet_id: str = made["Subnet"]["SubnetId"]
        self.inside = self.ec2.create_security_group(GroupName="targets", Description="x", VpcId=self.vpc_id)["GroupId"]
        self.admit(True)
        self.client, *self.targets = self._launch(1) + self._launch(2, SecurityGroupIds=[self.inside])
        for instance_id in self.targets:
            self.serve(instance_id)
        made = self.elb.create_load_balancer(Name="front", Type="network", Scheme="internal", Subnets=[self.subnet_id])
        self.arn: str = made["LoadBalancers"][0]["LoadBalancerArn"]
        self.name: str = made["LoadBalancers"][0]["DNSName"]
        made = self.elb.create_target_group(
            Name="web", Protocol="TCP", Port=AT_TARGETS, VpcId=self.vpc_id, HealthCheckIntervalSeconds=5,
            HealthCheckTimeoutSeconds=2, HealthyThresholdCount=2, UnhealthyThresholdCount=2,
        )  # fmt: skip
        self.group: str = made["TargetGroups"][0]["TargetGroupArn"]
        self.elb.register_targets(TargetGroupArn=self.group, Targets=[{"Id": each} for each in self.targets])
        forward = [{"Type": "forward", "TargetGroupArn": self.group}]
        self.elb.create_listener(LoadBalancerArn=self.arn, Protocol="TCP", Port=PORT, DefaultActions=forward)
        self.elb.get_waiter("load_balancer_available").wait(LoadBalancerArns=[self.arn])
        described = self.ec2.describe_network_interfaces(
            Filters=[{"Name": "interface-type", "Values": ["network_load_balancer"]}]
        )
        self.node: str = described["NetworkInterfaces"][0]["PrivateIpAddress"]

    def _launch(self, count: int, **more: Any) -> list[str]:
        launched = self.ec2.run_instances(
            ImageId=IMAGE, InstanceType="t3.micro", MinCount=count, MaxCount=count, SubnetId=self.subnet_id, **more
        )
        ids = [row["InstanceId"] for row in launched["Instances"]]
        self.ec2.get_waiter("instance_running").wait(InstanceIds=ids)
        return ids

    def admit(self, admits: bool) -> None:
        """Whether the targets let anybody in."""
        rule = {
            "IpProtocol": "tcp",
            "FromPort": AT_TARGETS,
            "ToPort": AT_TARGETS,
            "IpRanges": [{"CidrIp": "10.74.0.0/16"}],
        }
        change = self.ec2.authorize_security_group_ingress if admits else self.ec2.revoke_security_group_ingress
        change(GroupId=self.inside, IpPermissions=[rule])

    def serve(self, instance_id: str) -> None:
        program = _SERVER.replace("PORT", str(AT_TARGETS)).replace("NAME", instance_id)
        self.service("exec", instance_id, "--", "python3", "-c", program)

    def stop_serving(self, instance_id: str) -> None:
        self.service("exec", instance_id, "--", "sh", "-c", "kill $(cat /run/server.pid)")

    def health(self) -> dict[str, str]:
        rows = self.elb.describe_target_health(TargetGroupArn=self.group)["TargetHealthDescriptions"]
        return {row["Target"]["Id"]: row["TargetHealth"]["State"] for row in rows}

    def wait(self, **states: str) -> None:
        wanted = dict(zip(self.targets, (states["first"], states["second"]), strict=True))
        eventually(lambda: self.health() == wanted, within=60.0, what=f"health as {states}")


@pytest.fixture(scope="module")
def site(service: Running) -> Iterator[Site]:
    site = Site(service)
    yield site
    site.elb.delete_load_balancer(LoadBalancerArn=site.arn)
    site.ec2.terminate_instances(InstanceIds=[site.client, *site.targets])


def test_connections_go_to_both_targets_from_the_node(site: Site) -> None:
    site.wait(first="healthy", second="healthy")
    found = ask(site.service, site.client, site.name, 40)
    assert found.keys() == {f"{each} {site.node}" for each in site.targets}


def test_a_target_that_does_not_answer_is_avoided_until_it_does(site: Site) -> None:
    site.wait(first="healthy", second="healthy")
    first, second = site.targets
    site.stop_serving(first)
    site.wait(first="unhealthy", second="healthy")
    assert ask(site.service, site.client, site.name).keys() == {f"{second} {site.node}"}
    site.serve(first)
    site.wait(first="healthy", second="healthy")
    assert f"{first} {site.node}" in ask(site.service, site.client, site.name, 40)


def test_a_target_that_is_deregistered_gets_no_more(site: Site) -> None:
    site.wait(first="healthy", second="healthy")
    first, second = site.targets
    site.elb.deregister_targets(TargetGroupArn=site.group, Targets=[{"Id": second}])
    eventually(
        lambda: ask(site.service, site.client, site.name).keys() == {f"{first} {site.node}"}, what="the deregistration"
    )
    assert site.health()[second] == "draining"
    site.elb.register_targets(TargetGroupArn=site.group, Targets=[{"Id": second}])
    site.wait(first="healthy", second="healthy")


def test_the_groups_of_targets_decide_about_the_node_too(site: Site) -> None:
    site.admit(False)
    site.wait(first="unhealthy", second="unhealthy")
    assert all(each.startswith("none ") for each in ask(site.service, site.client, site.name, 1))
    site.admit(True)
    site.wait(first="healthy", second="healthy")


class Consumer:
    """Another account's VPC of the same blocks, with a client and an endpoint to the site's service."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.ec2: Any = site.service.client("ec2", "--account", "other")
        account = site.service.client("sts", "--account", "other").get_caller_identity()["Account"]
        [zone] = site.ec2.describe_subnets(SubnetIds=[site.subnet_id])["Subnets"]
        self.vpc_id = self.ec2.create_vpc(CidrBlock="10.74.0.0/16")["Vpc"]["VpcId"]
        made = self.ec2.create_subnet(
            VpcId=self.vpc_id, CidrBlock="10.74.0.0/24", AvailabilityZoneId=zone["AvailabilityZoneId"]
        )
        self.subnet_id = made["Subnet"]["SubnetId"]
        self.group = self.ec2.create_security_group(GroupName="door", Description="x", VpcId=self.vpc_id)["GroupId"]
        launched = self.ec2.run_instances(
            ImageId=IMAGE, InstanceType="t3.micro", MinCount=1, MaxCount=1, SubnetId=self.subnet_id
        )
        self.client: str = launched["Instances"][0]["InstanceId"]
        self.ec2.get_waiter("instance_running").wait(InstanceIds=[self.client])
        made = site.ec2.create_vpc_endpoint_service_configuration(NetworkLoadBalancerArns=[site.arn])
        self.service_id: str = made["ServiceConfiguration"]["ServiceId"]
        site.ec2.modify_vpc_endpoint_service_permissions(
            ServiceId=self.service_id, AddAllowedPrincipals=[f"arn:aws:iam::{account}:root"]
        )
        made = self.ec2.create_vpc_endpoint(
            VpcId=self.vpc_id, VpcEndpointType="Interface", ServiceName=made["ServiceConfiguration"]["ServiceName"],
            SubnetIds=[self.subnet_id], SecurityGroupIds=[self.group],
        )  # fmt: skip
        self.endpoint_id: str = made["VpcEndpoint"]["VpcEndpointId"]
        self.name: str = made["VpcEndpoint"]["DnsEntries"][0]["DnsName"]

    def admit(self, admits: bool) -> None:
        """Whether the endpoint lets anybody in."""
        rule = {"IpProtocol": "tcp", "FromPort": PORT, "ToPort": PORT, "IpRanges": [{"CidrIp": "10.74.0.0/16"}]}
        change = self.ec2.authorize_security_group_ingress if admits else self.ec2.revoke_security_group_ingress
        change(GroupId=self.group, IpPermissions=[rule])

    def answered(self) -> bool:
        """Whether both targets answer, and see the load balancer's node."""
        found = ask(self.site.service, self.client, self.name, 8).keys()
        return found <= {f"{each} {self.site.node}" for each in self.site.targets}

    def unheard(self) -> bool:
        found = ask(self.site.service, self.client, self.name, 1)
        return all(each.startswith("none ") for each in found)


def test_another_accounts_vpc_of_the_same_blocks_reaches_it_through_its_endpoint(site: Site) -> None:
    site.wait(first="healthy", second="healthy")
    consumer = Consumer(site)
    answers = {"ServiceId": consumer.service_id, "VpcEndpointIds": [consumer.endpoint_id]}
    consumer.admit(True)
    assert consumer.unheard()  # nobody has accepted it
    assert site.ec2.accept_vpc_endpoint_connections(**answers)["Unsuccessful"] == []
    eventually(consumer.answered, what="answers through the endpoint")
    consumer.admit(False)
    eventually(consumer.unheard, what="the endpoint's group")
    consumer.admit(True)
    eventually(consumer.answered, what="answers through the endpoint again")
    assert site.ec2.reject_vpc_endpoint_connections(**answers)["Unsuccessful"] == []
    eventually(consumer.unheard, what="the rejection")
    consumer.ec2.delete_vpc_endpoints(VpcEndpointIds=[consumer.endpoint_id])
    deleted = site.ec2.delete_vpc_endpoint_service_configurations(ServiceIds=[consumer.service_id])
    assert deleted["Unsuccessful"] == []
    consumer.ec2.terminate_instances(InstanceIds=[consumer.client])
