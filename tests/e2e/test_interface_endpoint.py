"""An instance in a private subnet, without a way to the internet: what interface endpoints open to it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from realvpc.net.addresses import Address, Cidr
from tests.running import REGION, Running, eventually

from .aws_cli import bring
from .target import Target

pytestmark = [pytest.mark.root, pytest.mark.e2e]

CIDR, SUBNET = "10.90.0.0/16", "10.90.1.0/24"
DENYING = {
    "Statement": [
        {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"},
        {"Effect": "Deny", "Principal": "*", "Action": "sts:GetCallerIdentity", "Resource": "*"},
    ]
}


_KNOCK = """
import json, socket, ssl, sys
host, path, token = sys.argv[1:]
sock = ssl.create_default_context().wrap_socket(socket.create_connection((host, 443), 10), server_hostname=host)
sock.sendall(f"GET {path} HTTP/1.1\\r\\nHost: {host}\\r\\nConnection: Upgrade\\r\\nUpgrade: websocket\\r\\n"
             "Sec-WebSocket-Version: 13\\r\\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\n\\r\\n".encode())
came = b""
while b"\\r\\n\\r\\n" not in came:
    came += sock.recv(1)
words = json.dumps({"TokenValue": token}).encode()
sock.sendall(b"\\x81" + bytes([0x80 | 126]) + len(words).to_bytes(2, "big") + bytes(4) + words)
print(came.split()[1].decode(), {0x82: "output", 0x88: "closed"}[sock.recv(1)[0]])
"""


class Private:
    """A VPC with one subnet and an instance, and nothing that leads out of it."""

    def __init__(self, target: Target) -> None:
        self.service, self.ec2, self.ssm = target.service, target.ec2, target.ssm
        self.vpc_id = self.ec2.create_vpc(CidrBlock=CIDR)["Vpc"]["VpcId"]
        self.ec2.modify_vpc_attribute(VpcId=self.vpc_id, EnableDnsHostnames={"Value": True})
        self.subnet_id = self.ec2.create_subnet(VpcId=self.vpc_id, CidrBlock=SUBNET)["Subnet"]["SubnetId"]
        made = self.ec2.create_security_group(GroupName="endpoints", Description="HTTPS", VpcId=self.vpc_id)
        self.group_id = made["GroupId"]
        self.admit()
        launched = self.ec2.run_instances(
            ImageId=target.image_id, InstanceType="t2.micro", MinCount=1, MaxCount=1, SubnetId=self.subnet_id,
            IamInstanceProfile={"Name": "session"},
        )["Instances"][0]  # fmt: skip
        self.instance_id = launched["InstanceId"]
        self.ec2.get_waiter("instance_running").wait(InstanceIds=[self.instance_id])

    @property
    def _https(self) -> dict[str, Any]:
        ranges = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "IpRanges": [{"CidrIp": CIDR}]}
        return {"GroupId": self.group_id, "IpPermissions": [ranges]}

    def admit(self) -> None:
        self.ec2.authorize_security_group_ingress(**self._https)

    def close(self) -> None:
        self.ec2.revoke_security_group_ingress(**self._https)

    def start_again(self) -> None:
        self.ec2.stop_instances(InstanceIds=[self.instance_id])
        self.ec2.get_waiter("instance_stopped").wait(InstanceIds=[self.instance_id])
        self.ec2.start_instances(InstanceIds=[self.instance_id])
        self.ec2.get_waiter("instance_running").wait(InstanceIds=[self.instance_id])

    def endpoint(self, label: str, **more: Any) -> str:
        made = self.ec2.create_vpc_endpoint(
            VpcId=self.vpc_id, VpcEndpointType="Interface", ServiceName=f"com.amazonaws.{REGION}.{label}",
            SubnetIds=[self.subnet_id], SecurityGroupIds=[self.group_id], PrivateDnsEnabled=True, **more,
        )["VpcEndpoint"]  # fmt: skip
        return str(made["VpcEndpointId"])

    def sh(self, script: str, code: int | None = 0) -> str:
        done = self.service("exec", self.instance_id, "--", "sh", "-c", script, code=code)
        return done.out + done.err

    def knock(self, label: str) -> str:
        """What the endpoint of a service says to who has the token of a new session: of HTTP, and of the session."""
        session = self.ssm.start_session(Target=self.instance_id)
        path = session["StreamUrl"].partition("/v1/")
        words = f"{label}.{REGION}.amazonaws.com", f"/v1/{path[2]}", session["TokenValue"]
        return self.service("exec", self.instance_id, "--", "python3", "-c", _KNOCK, *words).out.strip()

    def status(self) -> str:
        """Of its agent; empty when none was ever seen."""
        asked = [{"Key": "InstanceIds", "Values": [self.instance_id]}]
        found = self.ssm.describe_instance_information(Filters=asked)["InstanceInformationList"]
        return found[0]["PingStatus"] if found else ""

    def why(self) -> str:
        return str(json.loads(self.service("why", self.instance_id, "ssm", "--json", code=None).out)["sentence"])


@pytest.fixture(scope="module")
def private(target: Target) -> Iterator[Private]:
    made = Private(target)
    yield made
    target.ec2.terminate_instances(InstanceIds=[made.instance_id])


def test_session_manager_needs_all_of_its_endpoints_and_comes_and_goes_with_them(private: Private) -> None:
    assert private.status() == ""
    assert f"cannot reach ssm.{REGION}.amazonaws.com on TCP port 443" in private.why()
    private.endpoint("ssm")
    assert private.status() == ""
    assert f"cannot reach ssmmessages.{REGION}.amazonaws.com on TCP port 443" in private.why()
    messages = private.endpoint("ssmmessages")
    eventually(lambda: private.status() == "Online", what="the agent is online")
    sent = private.ssm.send_command(
        InstanceIds=[private.instance_id], DocumentName="AWS-RunShellScript", Parameters={"commands": ["echo here"]}
    )
    asked = {"CommandId": sent["Command"]["CommandId"], "InstanceId": private.instance_id}
    eventually(
        lambda: private.ssm.get_command_invocation(**asked)["StandardOutputContent"] == "here\n", what="it has run"
    )
    private.start_again()  # so that it is remembered, which otherwise takes a minute
    assert private.status() == "Online"
    private.close()
    assert private.status() == "ConnectionLost"
    private.admit()
    assert private.status() == "Online"
    private.ec2.delete_vpc_endpoints(VpcEndpointIds=[messages])
    assert private.status() == "ConnectionLost"
    assert f"cannot reach ssmmessages.{REGION}.amazonaws.com" in private.why()


def test_unmodified_clients_in_it_call_awss_names_as_their_role_as_far_as_the_policy_lets_them(
    private: Private, service: Running, tmp_path_factory: pytest.TempPathFactory
) -> None:
    endpoint = private.endpoint("sts")
    aws = bring(service, private.instance_id, tmp_path_factory.mktemp("aws-cli"))
    url = f"https://sts.{REGION}.amazonaws.com"
    assert private.sh(f"getent ahostsv4 sts.{REGION}.amazonaws.com").startswith("10.90.1.")
    assert "Request is missing" in private.sh(f"curl -sS -m 5 '{url}/?Action=GetCallerIdentity&Version=2011-06-15'")
    found = json.loads(private.sh(f"{aws} sts get-caller-identity --output json"))
    assert found["Arn"].endswith(f":assumed-role/session/{private.instance_id}")
    names = private.ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint])["VpcEndpoints"][0]["DnsEntries"]
    by_its_own = f"https://{names[0]['DnsName']}"
    assert found == json.loads(private.sh(f"{aws} sts get-caller-identity --endpoint-url {by_its_own} --output json"))
    private.ec2.delete_vpc_endpoints(VpcEndpointIds=[endpoint])
    private.endpoint("sts", PolicyDocument=json.dumps(DENYING))
    complaint = private.sh(f"{aws} sts get-caller-identity", code=None)
    assert "(AccessDenied)" in complaint
    assert "is not authorized to perform: sts:GetCallerIdentity" in complaint
    assert "with an explicit deny in a VPC endpoint policy" in complaint
    assert "timed out" in private.sh("curl -sS -m 3 https://iam.amazonaws.com/ 2>&1", code=None)
    assert "100% packet loss" in private.sh(f"ping -c 1 -W 1 sts.{REGION}.amazonaws.com", code=None)


def test_an_instance_with_ipv6_alone_calls_through_an_endpoint_with_ipv6_alone(
    private: Private, target: Target
) -> None:
    """In front of the name of one to S3 buckets have certificates, and S3 says that it is not here."""
    ec2 = private.ec2
    ec2.associate_vpc_cidr_block(VpcId=private.vpc_id, AmazonProvidedIpv6CidrBlock=True)
    vpc = ec2.describe_vpcs(VpcIds=[private.vpc_id])["Vpcs"][0]
    block = Cidr.parse(vpc["Ipv6CidrBlockAssociationSet"][0]["Ipv6CidrBlock"])
    asked = {"VpcId": private.vpc_id, "Ipv6Native": True, "Ipv6CidrBlock": str(block.subnet(0, 64))}
    subnet_id = ec2.create_subnet(**asked)["Subnet"]["SubnetId"]
    https = {"IpProtocol": "tcp", "FromPort": 443, "ToPort": 443, "Ipv6Ranges": [{"CidrIpv6": str(block)}]}
    ec2.authorize_security_group_ingress(GroupId=private.group_id, IpPermissions=[https])
    common = {"VpcId": private.vpc_id, "VpcEndpointType": "Interface", "IpAddressType": "ipv6"}
    common |= {"SubnetIds": [subnet_id], "SecurityGroupIds": [private.group_id]}
    made = {
        label: ec2.create_vpc_endpoint(ServiceName=f"com.amazonaws.{REGION}.{label}", PrivateDnsEnabled=False, **common)
        for label in ("logs", "s3")
    }
    launched = ec2.run_instances(
        ImageId=target.image_id, InstanceType="t3.micro", MinCount=1, MaxCount=1, SubnetId=subnet_id
    )["Instances"][0]
    instance_id = launched["InstanceId"]
    ec2.get_waiter("instance_running").wait(InstanceIds=[instance_id])
    own, of_s3 = (row["VpcEndpoint"]["DnsEntries"][0]["DnsName"].removeprefix("*.") for row in made.values())
    try:
        said = private.service(
            "exec", instance_id, "--", "curl", "-sS", "-m", "5", "-w", " %{remote_ip}",
            "-H", "X-Amz-Target: Logs_20140328.DescribeLogGroups", "-d", "{}", f"https://{own}/",
        ).out  # fmt: skip
        assert "MissingAuthenticationToken" in said
        assert Address.parse(said.split()[-1].strip("[]")) in block
        for front in ("bucket", "mine.bucket"):
            url = f"https://{front}.{of_s3}/key"
            said = private.service("exec", instance_id, "--", "curl", "-sS", "-m", "5", url).out
            assert "<Error>" in said, said
            assert "The service s3 is not available here." in said
    finally:
        ec2.terminate_instances(InstanceIds=[instance_id])


def test_sessions_come_through_the_endpoint_of_their_channels_alone_as_far_as_its_policy_lets_them(
    private: Private,
) -> None:
    """The endpoint to ssm is still there."""
    no_channels = {"Effect": "Deny", "Principal": "*", "Action": "ssmmessages:OpenDataChannel", "Resource": "*"}
    policy = {"Statement": [DENYING["Statement"][0], no_channels]}
    messages = private.endpoint("ssmmessages", PolicyDocument=json.dumps(policy))
    eventually(lambda: private.status() == "Online", what="the agent is online")
    assert private.knock("ssmmessages") == "101 closed"
    private.ec2.modify_vpc_endpoint(VpcEndpointId=messages, ResetPolicy=True)
    assert private.knock("ssmmessages") == "101 output"
    assert private.knock("ssm") == "101 closed"
    private.ec2.delete_vpc_endpoints(VpcEndpointIds=[messages])
