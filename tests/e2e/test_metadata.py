"""Instances ask who they are, with what people and AWS's own clients use for it."""

from __future__ import annotations

import json

import pytest

from tests.patience import PATIENCE_SECONDS
from tests.running import Running

from .aws_cli import bring
from .site import Site
from .target import Target

pytestmark = [pytest.mark.root, pytest.mark.e2e]

IMDS = "http://169.254.169.254/latest"
TOKEN = f"curl -sf -X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' {IMDS}/api/token"

HOP_LIMITS = f"""\
import socket, subprocess
packets = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
packets.settimeout(1)
for script in ["{TOKEN.replace('"', "'")}", "curl -s {IMDS}/"]:
    subprocess.run(script, shell=True, stdout=subprocess.DEVNULL)
try:
    while True:
        packet = packets.recv(65536)
        content = packet[20 + (packet[32] >> 4) * 4 :]
        if content.startswith(b"HTTP/1.1 "):
            print(content[9:12].decode(), packet[8])
except TimeoutError:
    pass
"""


def read(service: Running, instance_id: str, path: str) -> str:
    """What the instance gets with a token of its own."""
    script = f'curl -sf -H "X-aws-ec2-metadata-token: $({TOKEN})" {IMDS}/{path}'
    return service("exec", instance_id, "--", "sh", "-c", script).out


def test_instances_with_the_same_address_read_each_their_own_metadata(service: Running) -> None:
    twins = [
        Site(service, account, "twin", "10.76.0.0/16", "10.76.0.0/20", PrivateIpAddress="10.76.0.10")
        for account in ("main", "other")
    ]
    again_and_again = f'for i in $(seq 40); do curl -sf -H "X-aws-ec2-metadata-token: $({TOKEN})" \
        {IMDS}/meta-data/instance-id; echo; done | sort | uniq -c'
    asking = [service.start("exec", twin.instance_id, "--", "sh", "-c", again_and_again) for twin in twins]
    answers = [process.communicate(timeout=PATIENCE_SECONDS)[0].split() for process in asking]
    assert answers == [["40", twin.instance_id] for twin in twins]
    for twin in twins:
        assert read(service, twin.instance_id, "meta-data/local-ipv4") == "10.76.0.10"
        document = json.loads(read(service, twin.instance_id, "dynamic/instance-identity/document"))
        assert (document["accountId"], document["instanceId"]) == (twin.account, twin.instance_id)
        twin.ec2.terminate_instances(InstanceIds=[twin.instance_id])


def test_without_a_token_there_is_no_answer_unless_the_options_allow_it(service: Running, target: Target) -> None:
    words = ("exec", target.instance_id, "--", "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}", f"{IMDS}/")
    assert service(*words).out == "401"
    target.ec2.modify_instance_metadata_options(InstanceId=target.instance_id, HttpTokens="optional")
    assert service(*words).out == "200"
    target.ec2.modify_instance_metadata_options(InstanceId=target.instance_id, HttpTokens="required")
    assert service(*words).out == "401"


def test_a_token_goes_no_further_than_the_hop_limit(service: Running, target: Target) -> None:
    target.ec2.modify_instance_metadata_options(InstanceId=target.instance_id, HttpPutResponseHopLimit=7)
    lines = service("exec", target.instance_id, "--", "python3", "-c", HOP_LIMITS).out.split("\n")
    assert "200 7" in lines
    assert "401 64" in lines


def test_a_token_and_a_roles_credentials_are_still_good_after_the_service_was_killed(
    service: Running, target: Target
) -> None:
    def sh(script: str) -> str:
        return service("exec", target.instance_id, "--", "sh", "-c", script).out

    role = (
        f'curl -sf -H "X-aws-ec2-metadata-token: $(cat /run/token)" {IMDS}/meta-data/iam/security-credentials/session'
    )
    sh(f"{TOKEN} >/run/token")
    held = sh(role)
    service.kill("api")
    service("up")
    assert json.loads(held)["Code"] == "Success"
    assert sh(role) == held


@pytest.fixture(scope="module")
def aws(service: Running, target: Target, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The AWS CLI in the instance; the command to start it."""
    return bring(service, target.instance_id, tmp_path_factory.mktemp("aws-cli"))


@pytest.mark.parametrize("user", ["root", "ssm-user"])
def test_the_aws_cli_is_the_instances_role_with_nothing_configured(
    service: Running, target: Target, aws: str, user: str
) -> None:
    script = f"{aws} sts get-caller-identity --output json && {aws} ec2 describe-instances --output json"
    out = service("exec", "--user", user, target.instance_id, "--", "sh", "-c", script).out
    identity, end = json.JSONDecoder().raw_decode(out)
    role = f"arn:aws:sts::{identity['Account']}:assumed-role/session/{target.instance_id}"
    assert identity["Arn"] == role
    assert identity["UserId"].endswith(f":{target.instance_id}")
    assert target.instance_id in out[end:]
