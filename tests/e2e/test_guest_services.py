"""What instances find on the built-in internet and beside it, whoever of the two processes has died meanwhile."""

from __future__ import annotations

import pytest

from realvpc.net.services import CHECK_IP, ENDPOINT
from tests.running import REGION, Running, eventually

from .target import Target

pytestmark = [pytest.mark.root, pytest.mark.e2e]


def curl(target: Target, url: str) -> str:
    """What the instance gets; empty when nobody answers."""
    done = target.service("exec", target.instance_id, "--", "curl", "-s", "-m", "2", url, code=None)
    return done.out


def test_the_internet_tells_an_instance_its_public_address(target: Target) -> None:
    found = target.ec2.describe_instances(InstanceIds=[target.instance_id])["Reservations"][0]["Instances"][0]
    assert curl(target, f"http://{CHECK_IP}") == found["PublicIpAddress"] + "\n"


def test_the_endpoint_is_there_and_the_operators_paths_are_not(target: Target) -> None:
    assert "AWSAccessKeyId" in curl(target, f"http://{ENDPOINT}/")
    assert "There is nothing at this path" in curl(target, f"http://{ENDPOINT}/_realvpc/health")


def test_programs_in_an_instance_trust_the_endpoint_by_awss_names(target: Target) -> None:
    """curl by a variable, and whoever reads none by the list of the distribution."""
    for name in (f"ssm.{REGION}.amazonaws.com", "iam.amazonaws.com", "aws.test"):
        assert "AWSAccessKeyId" in curl(target, f"https://{name}/")
    url = f"https://ec2.{REGION}.amazonaws.com"
    program = f"import urllib.request as web; web.urlopen('{url}')"
    words = ("env", "-u", "SSL_CERT_FILE", "python3", "-c", program)
    complaint = target.service("exec", target.instance_id, "--", *words, code=None).err
    assert "HTTP Error 400" in complaint
    assert "certificate verify failed" not in complaint


@pytest.mark.parametrize("victim", ["node", "api"])
def test_what_is_served_comes_back_with_the_process(service: Running, target: Target, victim: str) -> None:
    service.kill(victim)
    service("up")
    eventually(lambda: "AWSAccessKeyId" in curl(target, f"http://{ENDPOINT}/"), what="the endpoint answers again")


def test_ssm_user_may_become_root(target: Target) -> None:
    who = target.service("exec", "--user", "ssm-user", target.instance_id, "--", "sudo", "-n", "id", "-u").out
    assert who == "0\n"
