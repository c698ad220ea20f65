"""EC2 Instance Connect: tunnels by real packets, keys for a minute, and SSH as people use it."""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from ipaddress import IPv6Network
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus

from tests.patience import MUCH_SECONDS
from tests.running import Output, Running, eventually

from .target import create_vpc
from .tunnel import opened, presigned

RDP = 3389
_ECHO = """
import os, socket
listener = socket.create_server(("", PORT), family=socket.AF_INET6, dualstack_ipv6=True)
if os.fork(): os._exit(0)
os.setsid()
for fd in range(3): os.dup2(os.open("/dev/null", os.O_RDWR), fd)
while True:
    sock, peer = listener.accept()
    sock.sendall(peer[0].removeprefix("::ffff:").encode() + b" ")
    while data := sock.recv(65536): sock.sendall(data)
    sock.close()
"""  # one connection after another: who comes, and an echo


class Place:
    """A VPC with an endpoint, and an instance that lets in nobody but the endpoint's group."""

    def __init__(self, service: Running, directory: Path) -> None:
        self.service, self.directory = service, directory
        self.ec2: Any = service.client("ec2")
        self.vpc_id, self.subnet_id = self._dual_stack(*create_vpc(service, self.ec2, "connect", "10.72.0.0/16"))
        self.door, self.inside = (self._group(name) for name in ("door", "inside"))
        self.let_in(RDP)
        self.let_in(22)
        made = self.ec2.create_instance_connect_endpoint(SubnetId=self.subnet_id, SecurityGroupIds=[self.door])
        self.endpoint_id: str = made["InstanceConnectEndpoint"]["InstanceConnectEndpointId"]
        (self.interface_id,) = made["InstanceConnectEndpoint"]["NetworkInterfaceIds"]
        launched = self.ec2.run_instances(
            ImageId="resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
            InstanceType="t3.micro", MinCount=1, MaxCount=1, SubnetId=self.subnet_id, SecurityGroupIds=[self.inside],
            Ipv6AddressCount=1,
        )["Instances"][0]  # fmt: skip
        self.instance_id, self.address = str(launched["InstanceId"]), str(launched["PrivateIpAddress"])
        self.ipv6_address = str(launched["NetworkInterfaces"][0]["Ipv6Addresses"][0]["Ipv6Address"])
        self.ec2.get_waiter("instance_running").wait(InstanceIds=[self.instance_id])
        eventually(lambda: self.endpoint()["State"] == "create-complete", what="the endpoint's creation")
        service("exec", self.instance_id, "--", "python3", "-c", _ECHO.replace("PORT", str(RDP)))

    def _dual_stack(self, vpc_id: str, subnet_id: str) -> tuple[str, str]:
        self.ec2.associate_vpc_cidr_block(VpcId=vpc_id, AmazonProvidedIpv6CidrBlock=True)
        shown = self.ec2.describe_vpcs(VpcIds=[vpc_id])["Vpcs"][0]["Ipv6CidrBlockAssociationSet"]
        block = IPv6Network(shown[0]["Ipv6CidrBlock"])
        self.ec2.associate_subnet_cidr_block(SubnetId=subnet_id, Ipv6CidrBlock=str(next(block.subnets(new_prefix=64))))
        return vpc_id, subnet_id

    def _group(self, name: str) -> str:
        made = self.ec2.create_security_group(GroupName=name, Description=name, VpcId=self.vpc_id)
        return str(made["GroupId"])

    def _rule(self, port: int) -> dict[str, Any]:
        pairs = [{"GroupId": self.door}]
        return {"IpProtocol": "tcp", "FromPort": port, "ToPort": port, "UserIdGroupPairs": pairs}

    def let_in(self, port: int, *, allowed: bool = True) -> None:
        change = self.ec2.authorize_security_group_ingress if allowed else self.ec2.revoke_security_group_ingress
        change(GroupId=self.inside, IpPermissions=[self._rule(port)])

    def endpoint(self) -> dict[str, Any]:
        asked = self.ec2.describe_instance_connect_endpoints(InstanceConnectEndpointIds=[self.endpoint_id])
        row: dict[str, Any] = asked["InstanceConnectEndpoints"][0]
        return row

    def url(self, port: int = RDP, address: str = "", **more: int) -> str:
        return presigned(self.service, self.endpoint_id, address or self.address, port, **more)

    def why(self) -> Any:
        words = ("why", self.interface_id, self.instance_id, "--protocol", "tcp", "--port", str(RDP), "--json")
        return json.loads(self.service(*words, code=None).out)

    def ssh(self, key: Path, command: str) -> Output:
        """What ssh prints that comes through the tunnel."""
        proxy = shlex.join((sys.executable, "-m", "tests.e2e.tunnel", self.url(22))).replace("%", "%%")
        options = ("BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", f"ProxyCommand={proxy}")
        words = ("ssh", "-F", "/dev/null", "-i", str(key), *(word for each in options for word in ("-o", each)))
        done = subprocess.run(
            [*words, f"ec2-user@{self.address}", command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=MUCH_SECONDS,
            check=False,
        )
        return Output(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def place(service: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    place = Place(service, tmp_path_factory.mktemp("keys"))
    yield place
    place.ec2.terminate_instances(InstanceIds=[place.instance_id])


@pytest.mark.parametrize("is_ipv6", [False, True])
def test_a_tunnel_comes_from_the_endpoints_interface(place: Place, *, is_ipv6: bool) -> None:
    described = place.ec2.describe_network_interfaces(NetworkInterfaceIds=[place.interface_id])
    (interface,) = described["NetworkInterfaces"]
    source = interface["Ipv6Addresses"][0]["Ipv6Address"] if is_ipv6 else interface["PrivateIpAddress"]
    with opened(place.url(address=place.ipv6_address if is_ipv6 else place.address)) as tunnel:
        tunnel.send(b"hello")
        heard = b""
        while not heard.endswith(b"hello"):
            heard += bytes(tunnel.recv(timeout=60))  # type: ignore[arg-type]
        assert heard.decode() == f"{source} hello"


def test_the_instances_group_decides_and_the_analysis_says_so(place: Place) -> None:
    assert place.why()["reachable"] is True
    place.let_in(RDP, allowed=False)
    try:
        answer = place.why()
        assert (answer["reachable"], answer["reason"]) == (False, "SECURITY_GROUP_INGRESS")
        with opened(place.url()) as tunnel, pytest.raises(ConnectionClosed) as closed:
            tunnel.recv(timeout=60)
        assert closed.value.rcvd is not None
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (1011, "Unable to connect to target")
    finally:
        place.let_in(RDP)


def test_other_ports_are_refused_in_awss_words(place: Place) -> None:
    with pytest.raises(InvalidStatus) as refused:
        opened(place.url(5432))
    assert refused.value.response.status_code == 400
    assert json.loads(refused.value.response.body)["ErrorCode"] == "InvalidParameter"


def test_a_tunnel_ends_with_its_time(place: Place) -> None:
    with opened(place.url(maxTunnelDuration=1)) as tunnel, pytest.raises(ConnectionClosed) as closed:
        while True:
            tunnel.recv(timeout=60)
    assert closed.value.rcvd is not None
    assert closed.value.rcvd.code == 1001


@pytest.mark.skipif(shutil.which("sshd", path="/usr/sbin") is None, reason="this machine has no sshd: openssh-server")
def test_who_offers_a_key_comes_in_by_ssh_through_the_tunnel(place: Place) -> None:
    key = place.directory / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(key)], check=True)
    listening = ("exec", place.instance_id, "--", "sh", "-c", "ss -ltnH 'sport = :22'")
    eventually(lambda: "LISTEN" in place.service(*listening).out, what="sshd's start")
    assert "Permission denied" in place.ssh(key, "true").err
    place.service.client("ec2-instance-connect").send_ssh_public_key(
        InstanceId=place.instance_id, InstanceOSUser="ec2-user", SSHPublicKey=f"{key.with_suffix('.pub').read_text()}"
    )
    shown = place.ssh(key, "id -un; hostname")
    assert shown.out.splitlines() == ["ec2-user", f"ip-{place.address.replace('.', '-')}"], shown.err


def test_a_tunnel_ends_with_its_endpoint_which_leaves_nothing(place: Place) -> None:
    """The last one: there is no endpoint afterwards."""
    with opened(place.url()) as tunnel:
        tunnel.recv(timeout=60)
        place.ec2.delete_instance_connect_endpoint(InstanceConnectEndpointId=place.endpoint_id)
        with pytest.raises(ConnectionClosed):
            tunnel.recv(timeout=60)

    def refusal() -> str:
        with pytest.raises(InvalidStatus) as refused:
            opened(place.url())
        return str(json.loads(refused.value.response.body)["ErrorCode"])

    assert refusal() in ("IncorrectState", "InvalidInstanceConnectEndpointId.NotFound")
    inside = place.service.run_dir / "ns" / place.endpoint_id
    eventually(lambda: not inside.exists(), what="the end of its place")
    eventually(lambda: refusal() == "InvalidInstanceConnectEndpointId.NotFound", what="its own end")
