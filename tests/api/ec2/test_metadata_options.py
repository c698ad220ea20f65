"""How an instance's metadata answers: as launched, as changed, as the account wants it."""

from __future__ import annotations

from typing import Any

import pytest

from ..build import make_subnet, make_vpc
from ..conftest import VIRGINIA, Client
from .test_run_instances import described, run

USUAL = {
    "State": "applied",
    "HttpTokens": "required",
    "HttpPutResponseHopLimit": 2,
    "HttpEndpoint": "enabled",
    "HttpProtocolIpv6": "disabled",
    "InstanceMetadataTags": "disabled",
}


@pytest.fixture
def subnet_id(client: Client) -> str:
    return make_subnet(client, make_vpc(client))


def options(client: Client, subnet_id: str, **wanted: Any) -> dict[str, Any]:
    """The options of a new instance."""
    shown: dict[str, Any] = run(client, subnet_id, MetadataOptions=wanted or None)[0]["MetadataOptions"]
    return shown


def test_an_instance_wants_tokens_unless_its_launch_says_otherwise(client: Client, subnet_id: str) -> None:
    assert options(client, subnet_id) == USUAL
    assert options(client, subnet_id, HttpTokens="optional", InstanceMetadataTags="enabled") == USUAL | {
        "HttpTokens": "optional",
        "InstanceMetadataTags": "enabled",
    }


def test_options_change_while_the_instance_runs(client: Client, subnet_id: str) -> None:
    (instance,) = run(client, subnet_id)
    changes: dict[str, Any] = {"HttpTokens": "optional", "HttpPutResponseHopLimit": 64, "HttpEndpoint": "disabled"}
    answer = client("ModifyInstanceMetadataOptions", InstanceId=instance["InstanceId"], **changes)
    assert answer["InstanceMetadataOptions"] == USUAL | changes | {"State": "pending"}
    client("ModifyInstanceMetadataOptions", InstanceId=instance["InstanceId"], InstanceMetadataTags="enabled")
    (after,) = described(client, instance["InstanceId"])
    assert after["MetadataOptions"] == USUAL | changes | {"InstanceMetadataTags": "enabled"}


def test_an_account_has_preferences_in_a_region_that_a_launch_overrules(client: Client, subnet_id: str) -> None:
    assert client("GetInstanceMetadataDefaults") == {"AccountLevel": {}}
    wanted: dict[str, Any] = {"HttpTokens": "optional", "HttpPutResponseHopLimit": 5, "InstanceMetadataTags": "enabled"}
    assert client("ModifyInstanceMetadataDefaults", **wanted) == {"Return": True}
    assert client("GetInstanceMetadataDefaults")["AccountLevel"] == wanted | {"ManagedBy": "account"}
    assert options(client, subnet_id) == USUAL | wanted
    assert options(client, subnet_id, HttpPutResponseHopLimit=1) == USUAL | wanted | {"HttpPutResponseHopLimit": 1}
    elsewhere = Client(client.service, client.account, VIRGINIA)
    assert elsewhere("GetInstanceMetadataDefaults") == {"AccountLevel": {}}
    client("ModifyInstanceMetadataDefaults", HttpTokens="no-preference", HttpPutResponseHopLimit=-1)
    assert options(client, subnet_id) == USUAL | {"InstanceMetadataTags": "enabled"}


@pytest.mark.parametrize("limit", [0, -1, 65])
def test_a_hop_limit_is_from_1_to_64(client: Client, subnet_id: str, limit: int) -> None:
    (instance,) = run(client, subnet_id)
    changes: dict[str, Any] = {"HttpPutResponseHopLimit": limit}
    for error in (
        client.refused("ModifyInstanceMetadataOptions", InstanceId=instance["InstanceId"], **changes),
        client.refused("RunInstances", ImageId=instance["ImageId"], SubnetId=subnet_id, MinCount=1, MaxCount=1,
                       MetadataOptions=changes),
    ):  # fmt: skip
        assert (error.code, str(limit) in error.message) == ("InvalidParameterValue", True)
    if limit != -1:
        assert client.refused("ModifyInstanceMetadataDefaults", **changes).code == "InvalidParameterValue"


def test_what_is_gone_or_was_never_there_has_no_options(client: Client, subnet_id: str) -> None:
    (instance,) = run(client, subnet_id)
    client("TerminateInstances", InstanceIds=[instance["InstanceId"]])
    for instance_id, code in (
        (instance["InstanceId"], "IncorrectInstanceState"),
        ("i-0123456789abcdef0", "InvalidInstanceID.NotFound"),
    ):
        assert client.refused("ModifyInstanceMetadataOptions", InstanceId=instance_id).code == code


@pytest.mark.parametrize("key", ["a b", "a/b", "..", "_index", "ü"])
def test_a_tag_that_metadata_could_not_show_is_refused_where_it_shows_tags(
    client: Client, subnet_id: str, key: str
) -> None:
    (instance,) = run(client, subnet_id, MetadataOptions={"InstanceMetadataTags": "enabled"})
    tags = [{"Key": key, "Value": "x"}]
    specifications = [{"ResourceType": "instance", "Tags": tags}]
    (other,) = run(client, subnet_id, TagSpecifications=specifications)
    for error in (
        client.refused("CreateTags", Resources=[instance["InstanceId"]], Tags=tags),
        client.refused("ModifyInstanceMetadataOptions", InstanceId=other["InstanceId"], InstanceMetadataTags="enabled"),
        client.refused("RunInstances", ImageId=instance["ImageId"], SubnetId=subnet_id, MinCount=1, MaxCount=1,
                       MetadataOptions={"InstanceMetadataTags": "enabled"}, TagSpecifications=specifications),
    ):  # fmt: skip
        assert (error.code, key in error.message) == ("InvalidParameterValue", True)
