"""What EC2 describes and there is none of: ids, filters and pages are looked at as if there were."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest

from realvpc.api.ec2.empty import EMPTY, FILTERS, GROUP_NAMES, NOUNS
from realvpc.api.ec2.empty_ids import KINDS, Kind
from realvpc.api.ec2.nouns import NOUNS as ALL_NOUNS
from realvpc.clock import Clock
from realvpc.iam.evaluate import Principal, Verdict, refused
from realvpc.wire.model import service_model

from ..build import make_subnet, make_vpc, named
from ..conftest import MAIN, TOKYO, Client, new_service
from ..in_process import InProcess
from . import filters_of_botocore
from .test_run_instances import run

ACTIONS = sorted(EMPTY)
_ID = re.compile(r"(Ids?|IdSet|Names?|PublicIps)$")
_NO_IDS = {"AvailabilityZoneId", "ResourceId"}
_GONE = "0123456789abcdef0"


def _members(action: str) -> dict[str, Any]:
    members: dict[str, Any] = service_model("ec2").operation_model(action).input_shape.members
    return members


def _kinds(action: str) -> dict[str, Kind]:
    """The members of a request that name what there is none of."""
    return {name: kind for name, kind in {**KINDS, **EMPTY[action].ids}.items() if name in _members(action)}


ASKED = [(action, member) for action in ACTIONS for member in _kinds(action) if member not in NOUNS]


def _asking(action: str, member: str, text: str) -> dict[str, Any]:
    return {member: [text] if _members(action)[member].type_name == "list" else text}


@pytest.mark.parametrize("action", ACTIONS)
def test_every_member_that_names_something_is_looked_up(action: str) -> None:
    naming = {name for name in _members(action) if _ID.search(name)} - _NO_IDS
    assert naming - _kinds(action).keys() - NOUNS.keys() - {GROUP_NAMES} == set()
    assert EMPTY[action].ids.keys() <= _members(action).keys()


def test_what_is_a_noun_is_no_kind_of_which_there_is_none() -> None:
    """A noun that is built takes its kind out of the table, and stands among the nouns where lists are about it."""
    assert {noun.ids for noun in ALL_NOUNS.values()} & KINDS.keys() == set()


@pytest.mark.parametrize(("action", "member"), ASKED)
def test_who_asks_for_one_by_its_id_is_told_that_there_is_none(client: Client, action: str, member: str) -> None:
    kind = _kinds(action)[member]
    asked = f"{kind.prefix or 'some'}-{_GONE}"
    error = client.refused(action, **_asking(action, member, asked))
    assert (error.code, error.status) == (kind.not_found, 400)
    assert asked in error.message
    if kind.malformed is not None:
        for text in (f"{kind.prefix}-xyz", "vpc-0123456789abcdef0", "", f"{kind.prefix}-{_GONE}0"):
            assert client.refused(action, **_asking(action, member, text)).code == kind.malformed


@pytest.mark.parametrize(
    ("action", "request_", "code", "message"),
    [
        (
            "DescribeVpnGateways",
            {"VpnGatewayIds": [f"vgw-{_GONE}"]},
            "InvalidVpnGatewayID.NotFound",
            f"The vpnGateway ID 'vgw-{_GONE}' does not exist",
        ),
        (
            "DescribeTransitGateways",
            {"TransitGatewayIds": [f"tgw-{_GONE}"]},
            "InvalidTransitGatewayID.NotFound",
            f"Transit Gateway tgw-{_GONE} was deleted or does not exist.",
        ),
        (
            "DescribeIpamPools",
            {"IpamPoolIds": [f"ipam-pool-{_GONE}"]},
            "InvalidIpamPoolId.NotFound",
            f"The ipam-pool ID 'ipam-pool-{_GONE}' does not exist",
        ),
        (
            "DescribePlacementGroups",
            {"GroupNames": ["mine"]},
            "InvalidPlacementGroup.Unknown",
            "The Placement Group 'mine' is unknown.",
        ),
        (
            "DescribeMovingAddresses",
            {"PublicIps": ["198.18.0.1"]},
            "InvalidAddress.NotFound",
            "Address '198.18.0.1' not found.",
        ),
    ],
)
def test_in_the_words_of_ec2(client: Client, action: str, request_: dict[str, Any], code: str, message: str) -> None:
    error = client.refused(action, **request_)
    assert (error.code, error.message) == (code, message)


@pytest.mark.parametrize("action", ACTIONS)
def test_filters_are_those_that_are_documented(client: Client, action: str) -> None:
    member = next((name for name in ("Filters", "Filter") if name in _members(action)), None)
    if member is None or EMPTY[action].on:
        return

    def filtered(name: str, times: int = 1) -> dict[str, Any]:
        return {member: named(name, "no such value*") * times}

    for name in (*FILTERS.get(action, ()), "tag:Owner", "tag-key"):
        client(action, **filtered(name))
    if action in FILTERS:
        error = client.refused(action, **filtered("colour"))
        assert (error.code, error.message) == (EMPTY[action].no_filter, "The filter 'colour' is invalid")
    error = client.refused(action, **filtered("tag-key", 51))
    assert error.code == "FilterLimitExceeded"


def test_the_filters_are_those_of_botocore() -> None:
    """Else run ``python -m tests.api.ec2.filters_of_botocore``."""
    assert filters_of_botocore.FILE.read_text() == filters_of_botocore.text()


@pytest.mark.parametrize("action", ACTIONS)
def test_pages_are_those_of_the_model(client: Client, action: str) -> None:
    members = _members(action)
    if EMPTY[action].on or "NextToken" not in members:
        return
    endpoint = InProcess(client.service).client("ec2")
    least = {name: next(iter(members[name].metadata.get("enum", ())), 5) for name in _required(action)}

    def answered(**request: Any) -> str:
        try:
            endpoint._make_api_call(action, least | request)
        except endpoint.exceptions.ClientError as refusal:
            code: str = refusal.response["Error"]["Code"]
            return code
        return ""

    assert answered(NextToken="nonsense") == "InvalidParameterValue"
    if "MaxResults" in members:
        bounds = members["MaxResults"].metadata
        assert answered(MaxResults=0) == "InvalidParameterValue"
        assert answered(MaxResults=bounds.get("max", 1000)) == ""
        if "max" in bounds:
            assert answered(MaxResults=bounds["max"] + 1) == "InvalidParameterValue"


@pytest.mark.parametrize("action", ACTIONS)
def test_a_dry_run_would_have_succeeded(client: Client, action: str) -> None:
    if "DryRun" in _members(action) and not EMPTY[action].on:
        assert client.refused(action, DryRun=True).code == "DryRunOperation"


def test_what_there_is_has_none_of_what_is_asked_about_it(client: Client) -> None:
    vpc_id = make_vpc(client)
    subnet_id = make_subnet(client, vpc_id)
    (instance,) = run(client, subnet_id)
    instance_id, image_id = instance["InstanceId"], instance["ImageId"]
    (volume_id,) = [row["VolumeId"] for row in client("DescribeVolumes")["Volumes"]]
    assert client("DescribeInstanceTopology", InstanceIds=[instance_id])["Instances"] == []
    client("CreatePlacementGroup", GroupName="spread", Strategy="spread")
    assert client("DescribeInstanceTopology", GroupNames=["spread"])["Instances"] == []
    assert client.refused("DescribeInstanceTopology", GroupNames=["no"]).code == "InvalidPlacementGroup.Unknown"
    assert client("DescribeStoreImageTasks", ImageIds=[image_id])["StoreImageTaskResults"] == []
    assert client("ListVolumesInRecycleBin", VolumeIds=[volume_id])["Volumes"] == []
    error = client.refused("DescribeVolumesModifications", VolumeIds=[volume_id])
    assert (error.code, error.message) == (
        "InvalidVolumeModification.NotFound",
        f"Modification for volume '{volume_id}' does not exist.",
    )
    for action, member, code in (
        ("DescribeInstanceTopology", "InstanceIds", "InvalidInstanceID.NotFound"),
        ("DescribeStoreImageTasks", "ImageIds", "InvalidAMIID.NotFound"),
        ("DescribeVpcEncryptionControls", "VpcIds", "InvalidVpcID.NotFound"),
        ("DescribeLockedSnapshots", "SnapshotIds", "InvalidSnapshot.NotFound"),
    ):
        gone: dict[str, Any] = {member: [f"{NOUNS[member].prefix}-{_GONE}"]}
        assert client.refused(action, **gone).code == code


@pytest.mark.parametrize("action", [action for action in ACTIONS if EMPTY[action].on])
def test_a_policy_is_asked_for_the_one_that_the_list_is_about(clock: Clock, action: str) -> None:
    asked: list[Sequence[str]] = []

    def refusing(principal: Principal, action: str, resources: Sequence[str], conditions: Any) -> Verdict:
        asked.append(resources)
        return refused(principal, action, resources[0])

    client = Client(new_service(clock, evaluate=refusing), MAIN, TOKYO)
    (member,) = [name for name in _members(action) if name in _required(action) and _ID.search(name)]
    error = client.refused(action, **{member: "some-1"})
    assert error.code == "UnauthorizedOperation"
    assert asked == [[f"arn:aws:ec2:{TOKYO}:{MAIN}:{EMPTY[action].on}/some-1"]]


def _required(action: str) -> list[str]:
    required: list[str] = service_model("ec2").operation_model(action).input_shape.required_members
    return required
