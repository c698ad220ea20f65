"""Real Terraform configurations with the real AWS provider: apply, an empty second plan, destroy, twice.

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
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import boto3
import pytest

from realvpc.net.addresses import Address, Cidr
from tests.running import Running

from .everything import everything

pytestmark = [pytest.mark.root, pytest.mark.e2e, pytest.mark.waits]

CONFIGURATIONS = Path(__file__).parent / "terraform"
MIRRORS = [
    os.environ.get("REALVPC_TERRAFORM_MIRROR"),
    "/opt/tf-plugins",
    "/usr/share/terraform/plugins",
    "/usr/local/share/terraform/plugins",
    str(Path(f"~{getpass.getuser()}/.terraform.d/plugins").expanduser()),
]
AT_ONCE = "-parallelism=50"  # the provider mostly waits, by the clock
NO_CHANGES = 0  # the exit code of a plan that finds nothing to do

Outputs: TypeAlias = dict[str, dict[str, Any]]


def find_mirror() -> Path | None:
    """A directory that Terraform can take the AWS provider from."""
    candidates = (Path(mirror) for mirror in MIRRORS if mirror)
    pattern = "*/hashicorp/aws/*/*/terraform-provider-aws*"
    return next((path for path in candidates if any(path.glob(pattern))), None)


class Terraform:
    """Terraform in a directory of its own, with both accounts as providers.

    Every configuration is a module of one: to start the provider takes seconds of a processor, each time.
    """

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

    def add(self, configuration: Path) -> None:
        name = configuration.name
        module = shutil.copytree(configuration, self._directory / name)
        (module / "providers.tf").write_text(_TAKEN_PROVIDERS)
        (self._directory / f"{name}.tf").write_text(_module(name))

    def __call__(self, *words: str, code: int = 0) -> str:
        done = subprocess.run(
            ["terraform", *words, "-no-color"], cwd=self._directory, env=self._environment,
            capture_output=True, text=True, timeout=600, check=False,
        )  # fmt: skip
        assert done.returncode == code, f"terraform {' '.join(words)}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def outputs(self) -> Outputs:
        """By the name of the configuration, and that of the output."""
        return {name: output["value"] for name, output in json.loads(self("output", "-json")).items()}


_TAKEN_PROVIDERS = """\
terraform {
  required_providers {
    aws = {
      source                = "hashicorp/aws"
      configuration_aliases = [aws.peer]
    }
  }
}
"""


def _module(name: str) -> str:
    return f"""\
module "{name}" {{
  source    = "./{name}"
  providers = {{ aws = aws, aws.peer = aws.peer }}
}}

output "{name}" {{
  value     = module.{name}
  sensitive = true # some may be
}}
"""


def _provider(variables: dict[str, str], *, alias: str | None = None) -> str:
    lines = [
        *([f'alias = "{alias}"'] if alias else []),
        f'region = "{variables["AWS_REGION"]}"',
        f'access_key = "{variables["AWS_ACCESS_KEY_ID"]}"',
        f'secret_key = "{variables["AWS_SECRET_ACCESS_KEY"]}"',
    ]
    return 'provider "aws" {\n' + "".join(f"  {line}\n" for line in lines) + "}\n"


@pytest.fixture(scope="module")
def applied(service: Running, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outputs]:
    """The outputs of every configuration by its name, applied, and planned a second time, which finds nothing to do;
    destroyed after the tests, and all of it once more: nothing is left that would be in the way."""
    mirror = find_mirror()
    if shutil.which("terraform") is None or mirror is None:
        pytest.skip("Terraform or a mirror of its AWS provider is not on this machine")
    before = everything(service)
    terraform = Terraform(tmp_path_factory.mktemp("terraform"), service, mirror)
    for configuration in CONFIGURATIONS.iterdir():
        terraform.add(configuration)
    terraform("init")
    with _whole(terraform):
        yield terraform.outputs()
    assert everything(service) == before
    with _whole(terraform):
        pass
    assert everything(service) == before


@contextmanager
def _whole(terraform: Terraform) -> Iterator[None]:
    try:
        terraform("apply", "-auto-approve", AT_ONCE)
        terraform("plan", "-detailed-exitcode", AT_ONCE, code=NO_CHANGES)
        yield
    finally:
        terraform("destroy", "-auto-approve", "-refresh=false", AT_ONCE)  # the plan has just read everything


def test_peering_inside_an_account_with_instances_that_ping(applied: Outputs, service: Running) -> None:
    outputs = applied["peering_same_account"]
    assert outputs["status"] == "active"
    source = json.loads(service("why", "host-a", "host-b", "--json").out)["source"]
    assert source == outputs["ips"]["a"]
    answer = service("exec", "host-a", "--", "ping", "-c", "3", "-i", "0.2", outputs["ips"]["b"]).out
    assert re.search(r" 0% packet loss", answer)


def test_peering_across_accounts(applied: Outputs) -> None:
    outputs = applied["peering_cross_account"]
    assert outputs["status"] == "active"
    assert len(set(outputs["owners"])) == 2


def test_a_full_mesh(applied: Outputs) -> None:
    assert applied["full_mesh"]["peerings"] == 6


def test_a_vpc_behind_a_nat_gateway_with_acls_and_flow_logs(applied: Outputs, service: Running) -> None:
    public = Address.parse(applied["nat_nacl_flowlogs"]["nat_ip"])
    assert public in Cidr.parse("198.18.0.0/15")
    ec2 = service.client("ec2", "--account", "main", "--region", "us-east-1")
    address = ec2.describe_addresses(PublicIps=[str(public)])["Addresses"][0]
    interface = ec2.describe_network_interfaces(NetworkInterfaceIds=[address["NetworkInterfaceId"]])
    assert interface["NetworkInterfaces"][0]["InterfaceType"] == "nat_gateway"


def test_dhcp_options_of_a_vpc(applied: Outputs) -> None:
    assert applied["dhcp_options"]["servers"] == ["10.1.0.10", "AmazonProvidedDNS"]


def test_network_acls_of_a_vpc(applied: Outputs) -> None:
    outputs = applied["network_acls"]
    assert outputs["of_db"] == [outputs["db"]]


def test_elastic_ip_addresses(applied: Outputs, service: Running) -> None:
    outputs = applied["elastic_ips"]
    assert outputs["found"] == [True, [outputs["web"]]]
    assert outputs["mail"] == ["10.6.0.101", outputs["mail"][1], "mail.elastic.example."]
    for public in (outputs["web"], outputs["second"]):
        answer = service("exec", "eip-client", "--", "ping", "-c", "3", "-i", "0.2", public).out
        assert re.search(r" 0% packet loss", answer)
    seen = service("exec", "eip-client", "--", "curl", "-s", "http://checkip.amazonaws.com").out
    assert seen.strip() == outputs["client"]
    reverse = service("exec", "eip-client", "--", "getent", "hosts", outputs["mail"][1]).out
    assert reverse.split()[1] == "mail.elastic.example"
    shown = {row["id"]: row for row in json.loads(service("hosts", "--json").out)}
    assert outputs["web"] in {row["public_address"] for row in shown.values() if row["name"] == "eip-web"}


def test_network_interfaces_of_instances(applied: Outputs, service: Running) -> None:
    outputs = applied["network_interfaces"]
    assert (outputs["attached"], outputs["status"]) == (True, "attached")
    for source, addresses in (("eni-host", [*outputs["first"], outputs["second"]]), ("eni-router", [outputs["third"]])):
        for address in addresses:
            answer = service("exec", source, "--", "ping", "-c", "3", "-i", "0.2", address).out
            assert re.search(r" 0% packet loss", answer)


def test_private_hosted_zones_across_accounts(applied: Outputs, service: Running) -> None:
    outputs = applied["hosted_zones"]
    assert len(outputs["name_servers"]) == 4
    words = ("route53", "list-hosted-zones-by-vpc", "--vpc-id", outputs["peer"], "--vpc-region", "us-east-1")
    zones = service.aws(*words, account="other")["HostedZoneSummaries"]
    assert [zone["HostedZoneId"] for zone in zones] == [outputs["zone"]]


def test_the_default_vpc_and_instances_that_name_none(applied: Outputs, service: Running) -> None:
    outputs = applied["default_vpc"]
    assert (outputs["cidr"], outputs["zones"], outputs["same"]) == ("172.31.0.0/16", 6, True)
    assert len(set(outputs["subnets"])) == 1
    public = outputs["public"]
    assert public["name"].startswith(f"ec2-{public['address'].replace('.', '-')}.")
    seen = service("exec", "in-default-vpc", "--", "curl", "-s", "-m", "5", "http://checkip.amazonaws.com").out
    assert seen.strip() == public["address"]
    answer = service("exec", "in-default-vpc", "--", "ping", "-c", "3", "-i", "0.2", outputs["neighbour"]).out
    assert re.search(r" 0% packet loss", answer)


def test_instances_of_a_launch_template(applied: Outputs, service: Running) -> None:
    outputs = applied["launch_template"]
    assert outputs["types"] == {"default": "t3.micro", "latest": "t3.micro"}
    assert outputs["latest"] == 1
    found = service.aws(
        "ec2", "describe-instances", "--filters", f"Name=tag:aws:ec2launchtemplate:id,Values={outputs['template']}",
        "Name=instance-state-name,Values=running", account="main", region="us-east-1",
    )  # fmt: skip
    assert len(found["Reservations"]) == 2


def test_volumes_that_come_and_go_by_themselves(applied: Outputs) -> None:
    outputs = applied["volumes"]
    assert (outputs["size"], outputs["partition"]) == (4, 2)


def test_a_vpc_of_both_families(applied: Outputs, service: Running) -> None:
    outputs = applied["dual_stack"]
    block = Cidr.parse(outputs["block"])
    assert block.prefix_length == 56
    [public], [private] = outputs["public"], outputs["private"]
    assert Address.parse(public) in block.subnet(0, 64)
    assert Address.parse(private) == block.subnet(1, 64).at(4096)
    assert (outputs["spare"], outputs["same"]) == (2, True)
    [only] = outputs["only"]
    assert Address.parse(only) in block.subnet(2, 64)
    private_ip, cidr_block, name = outputs["only_names"]
    assert not private_ip and not cidr_block and re.fullmatch(r"i-[0-9a-f]{17}\..*", name)
    ways = [("dual-public", private), ("dual-private", "one.example.com"), ("ipv6-only", "one.example.com")]
    ways += [("dual-public", only), ("dual-public", name), ("ipv6-only", private)]
    for source, destination in ways:
        answer = service("exec", source, "--", "ping", "-6", "-c", "3", "-i", "0.2", destination).out
        assert re.search(r" 0% packet loss", answer)
    at, header = "http://169.254.169.254/latest", "X-aws-ec2-metadata-token"
    script = (
        f"token=$(curl -s -m 5 -X PUT {at}/api/token -H '{header}-ttl-seconds: 60'); "
        f'curl -s -m 5 -H "{header}: $token" {at}/meta-data/local-hostname'
    )
    assert service("exec", "ipv6-only", "--", "sh", "-c", script).out == name


def test_a_gateway_route_table_and_a_route_to_a_subnet(applied: Outputs) -> None:
    outputs = applied["middlebox"]
    assert outputs["gateway"] == outputs["igw"]


def test_prefix_lists_in_routes_and_rules(applied: Outputs) -> None:
    outputs = applied["prefix_lists"]
    assert (outputs["s3"], outputs["offices"]) == ("AWS", 1)
    assert len(outputs["dynamodb"]) == 1


def test_images_and_instance_types_that_are_looked_for(applied: Outputs) -> None:
    outputs = applied["images"]
    assert outputs["named"] == outputs["parameters"]
    assert (outputs["memory"], outputs["small"]) == (16_384, 6)


def test_a_subnet_cidr_reservation(applied: Outputs) -> None:
    assert Address.parse(applied["subnet_cidr_reservation"]["other"]) not in Cidr.parse("10.11.0.8/29")


def test_nat_gateways_in_two_zones(applied: Outputs, service: Running) -> None:
    outputs = applied["nat_gateways"]
    assert outputs["found"] == [outputs["public"][1], 1]
    assert outputs["inside"] == 2
    for number, allowed in enumerate((outputs["public"][:1], outputs["public"][1:])):
        seen = service(
            "exec", f"behind-nat-{number}", "--", "curl", "-s", "-m", "5", "http://checkip.amazonaws.com"
        ).out
        assert seen.strip() in allowed
        answer = service("exec", f"behind-nat-{number}", "--", "ping", "-c", "3", "-i", "0.2", "198.19.0.1").out
        assert re.search(r" 0% packet loss", answer)


def test_what_the_usual_module_makes_of_a_vpc(applied: Outputs) -> None:
    outputs = applied["whole_vpc"]
    assert (outputs["private"], len(set(outputs["gateways"])), outputs["owner"]) == (3, 3, True)
    assert outputs["database"] == [outputs["first_gateway"]]


def test_what_the_usual_module_makes_of_security_groups(applied: Outputs) -> None:
    assert (applied["security_groups"]["groups"], applied["security_groups"]["rules"]) == (4, 13)


def test_what_is_excluded_from_block_public_access(applied: Outputs) -> None:
    outputs = applied["block_public_access"]
    assert outputs["excluded"] == outputs["vpc"]


def test_endpoints_and_their_parts(applied: Outputs, service: Running) -> None:
    outputs = applied["vpc_endpoints"]
    tables, expected = outputs["tables"]
    assert (outputs["found"], tables) == ("available", expected)
    for name, addresses in ((outputs["ec2"], outputs["addresses"]), (outputs["registry"], outputs["of_registry"])):
        found = service("exec", "endpoint-client", "--", "getent", "ahostsv4", name).out
        assert {line.split()[0] for line in found.splitlines()} == set(addresses)
    signed = ("curl", "-s", "-m", "5", "--user", "some:body", "--aws-sigv4", "aws:amz:us-east-1:ecr")
    answer = service("exec", "endpoint-client", "--", *signed, f"https://{outputs['registry']}/").out
    assert "The service ecr is not available here" in answer


def test_network_load_balancers(applied: Outputs) -> None:
    outputs = applied["load_balancers"]
    assert outputs["name"].startswith("inside-")
    assert (outputs["port"], sorted(outputs["addresses"])) == (80, ["10.16.0.100", "10.16.1.100"])
    assert outputs["group"].startswith("targetgroup/names/")


def test_an_endpoint_service_across_accounts(applied: Outputs) -> None:
    outputs = applied["endpoint_services"]
    assert (outputs["state"], outputs["acceptance"]) == ("available", True)
    assert outputs["name"].endswith(f".{outputs['service']}.us-east-1.vpce.amazonaws.com")


def test_what_belongs_together_as_a_resource_of_its_own(applied: Outputs) -> None:
    outputs = applied["associations"]
    for found, expected in (outputs["main"], outputs["groups"]):
        assert found == expected
    assert outputs["state"] == "stopped"


def test_an_instance_with_all_options_of_a_launch(applied: Outputs, service: Running) -> None:
    assert applied["instance_options"]["name"].startswith("i-")
    assert service("exec", "with-options", "--", "hostname", "-f").out.strip() == applied["instance_options"]["name"]


def test_flow_logs_of_a_vpc_and_a_subnet(applied: Outputs, service: Running) -> None:
    outputs = applied["flow_logs"]
    shown = service.aws(
        "ec2", "describe-flow-logs", "--flow-log-ids", outputs["vpc"], outputs["subnet"],
        account="main", region="us-east-1",
    )["FlowLogs"]  # fmt: skip
    assert {row["DeliverLogsStatus"] for row in shown} == {"SUCCESS"}
    assert {row["LogGroupName"] for row in shown} == {"/vpc/flow-logs"}


def test_a_security_group_in_another_vpc(applied: Outputs) -> None:
    assert applied["security_group_vpc_association"]["state"] == "associated"


def test_the_key_of_a_user_signs_as_that_user(applied: Outputs, service: Running) -> None:
    outputs = applied["identities"]
    keys = {"aws_access_key_id": outputs["key"], "aws_secret_access_key": outputs["secret"]}
    endpoint = service.environment("--region", "us-east-1")["AWS_ENDPOINT_URL"]
    sts = boto3.client("sts", endpoint_url=endpoint, region_name="us-east-1", **keys)
    assert sts.get_caller_identity()["Arn"] == outputs["arn"]
