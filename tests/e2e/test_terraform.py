"""Real Terraform configurations with the real AWS provider: apply, an empty second plan, destroy.

Terraform and its provider are looked for on this machine, and the tests say so when they are not there: neither can be
installed from a package registry.  ``REALVPC_TERRAFORM_MIRROR`` names a provider mirror in an unusual place.
"""

from __future__ import annotations

import getpass
import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.running import Running

pytestmark = [pytest.mark.root, pytest.mark.e2e]

CONFIGURATIONS = Path(__file__).parent / "terraform"
MIRRORS = [
    os.environ.get("REALVPC_TERRAFORM_MIRROR"),
    "/opt/tf-plugins",
    "/usr/share/terraform/plugins",
    "/usr/local/share/terraform/plugins",
    str(Path(f"~{getpass.getuser()}/.terraform.d/plugins").expanduser()),
]
NO_CHANGES = 0  # the exit code of a plan that finds nothing to do


def find_mirror() -> Path | None:
    """A directory that Terraform can take the AWS provider from."""
    candidates = (Path(mirror) for mirror in MIRRORS if mirror)
    pattern = "*/hashicorp/aws/*/*/terraform-provider-aws*"
    return next((path for path in candidates if any(path.glob(pattern))), None)


class Terraform:
    """Terraform in a directory of its own, with both accounts as providers."""

    def __init__(self, directory: Path, service: Running, mirror: Path) -> None:
        self._directory = directory
        main, other = (
            service.environment("--account", account, "--region", "us-east-1") for account in ("main", "other")
        )
        settings = directory / "terraform.rc"
        settings.write_text(f'provider_installation {{\n  filesystem_mirror {{\n    path = "{mirror}"\n  }}\n}}\n')
        (directory / "providers.tf").write_text(_provider(main) + _provider(other, alias="peer"))
        self._environment = {**os.environ, "TF_CLI_CONFIG_FILE": str(settings), "TF_IN_AUTOMATION": "1",
                             "CHECKPOINT_DISABLE": "1", "AWS_ENDPOINT_URL": main["AWS_ENDPOINT_URL"]}  # fmt: skip
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
            self._environment.pop(name, None)

    def __call__(self, *words: str, code: int = 0) -> str:
        done = subprocess.run(
            ["terraform", *words, "-no-color"], cwd=self._directory, env=self._environment,
            capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
        assert done.returncode == code, f"terraform {' '.join(words)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def outputs(self) -> dict[str, Any]:
        return {name: output["value"] for name, output in json.loads(self("output", "-json")).items()}


def _provider(variables: dict[str, str], *, alias: str | None = None) -> str:
    lines = [
        *([f'alias = "{alias}"'] if alias else []),
        f'region = "{variables["AWS_REGION"]}"',
        f'access_key = "{variables["AWS_ACCESS_KEY_ID"]}"',
        f'secret_key = "{variables["AWS_SECRET_ACCESS_KEY"]}"',
    ]
    return 'provider "aws" {\n' + "".join(f"  {line}\n" for line in lines) + "}\n"


@pytest.fixture(scope="module")
def applied(service: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Terraform]]:
    """Every configuration by its name, applied; destroyed after the tests.

    All at the same time: the provider mostly waits, by the clock.
    """
    mirror = find_mirror()
    if shutil.which("terraform") is None or mirror is None:
        pytest.skip("Terraform or a mirror of its AWS provider is not on this machine")
    before = everything(service)
    made: dict[str, Terraform] = {}
    for configuration in CONFIGURATIONS.iterdir():
        directory = tmp_path_factory.mktemp(configuration.name)
        shutil.copytree(configuration, directory, dirs_exist_ok=True)
        made[configuration.name] = Terraform(directory, service, mirror)
    with ThreadPoolExecutor() as pool:
        try:
            list(pool.map(apply, made.values()))
            yield made
        finally:
            list(pool.map(lambda each: each("destroy", "-auto-approve"), made.values()))
    assert everything(service) == before


def apply(terraform: Terraform) -> None:
    """And plan a second time, which finds nothing to do."""
    terraform("init")
    terraform("apply", "-auto-approve")
    terraform("plan", "-detailed-exitcode", code=NO_CHANGES)


def everything(service: Running) -> list[Any]:
    """What the configurations make and have to take away, of both accounts."""
    return [
        service.aws(*words, account=account, region="us-east-1")
        for account in ("main", "other")
        for words in (
            ("ec2", "describe-vpcs"),
            ("ec2", "describe-dhcp-options"),
            ("route53", "list-hosted-zones"),
        )
    ]


def test_peering_inside_an_account_with_instances_that_ping(applied: dict[str, Terraform], service: Running) -> None:
    outputs = applied["peering_same_account"].outputs()
    assert outputs["status"] == "active"
    source = json.loads(service("why", "host-a", "host-b", "--json").out)["source"]
    assert source == outputs["ips"]["a"]
    answer = service("exec", "host-a", "--", "ping", "-c", "3", "-i", "0.2", outputs["ips"]["b"]).out
    assert re.search(r" 0% packet loss", answer)


def test_peering_across_accounts(applied: dict[str, Terraform]) -> None:
    outputs = applied["peering_cross_account"].outputs()
    assert outputs["status"] == "active"
    assert len(set(outputs["owners"])) == 2


def test_a_full_mesh(applied: dict[str, Terraform]) -> None:
    assert applied["full_mesh"].outputs()["peerings"] == 6


def test_dhcp_options_of_a_vpc(applied: dict[str, Terraform]) -> None:
    assert applied["dhcp_options"].outputs()["servers"] == ["10.1.0.10", "AmazonProvidedDNS"]


def test_private_hosted_zones_across_accounts(applied: dict[str, Terraform], service: Running) -> None:
    outputs = applied["hosted_zones"].outputs()
    assert len(outputs["name_servers"]) == 4
    words = ("route53", "list-hosted-zones-by-vpc", "--vpc-id", outputs["peer"], "--vpc-region", "us-east-1")
    zones = service.aws(*words, account="other")["HostedZoneSummaries"]
    assert [zone["HostedZoneId"] for zone in zones] == [outputs["zone"]]
