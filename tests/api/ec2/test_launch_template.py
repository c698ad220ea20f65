"""Launch templates: made, versioned, shown, deleted."""

from __future__ import annotations

from typing import Any

import pytest

from realvpc.api.ec2 import launch_template_version
from realvpc.net.images import AL2023

from ..build import make_dual_stack, make_subnet, make_vpc, named, specification, tags
from ..conftest import OTHER, START, TOKYO, VIRGINIA, Client
from ..test_effort import CALLS, kept
from .test_run_instances import run

IMAGE = AL2023.id_in(TOKYO)


def make(client: Client, name: str = "web", **data: Any) -> str:
    made = client("CreateLaunchTemplate", LaunchTemplateName=name, LaunchTemplateData=data or {"ImageId": IMAGE})
    template_id: str = made["LaunchTemplate"]["LaunchTemplateId"]
    return template_id


def add_version(client: Client, template_id: str, source: str | None = None, **data: Any) -> dict[str, Any]:
    more = {"SourceVersion": source} if source else {}
    made = client("CreateLaunchTemplateVersion", LaunchTemplateId=template_id, LaunchTemplateData=data, **more)
    version: dict[str, Any] = made["LaunchTemplateVersion"]
    return version


def versions(client: Client, **request: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = client("DescribeLaunchTemplateVersions", **request)["LaunchTemplateVersions"]
    return found


def numbers(client: Client, **request: Any) -> list[int]:
    return [row["VersionNumber"] for row in versions(client, **request)]


def test_a_template_begins_with_version_one_and_is_found_by_id_name_and_tag(client: Client) -> None:
    made = client(
        "CreateLaunchTemplate",
        LaunchTemplateName="web",
        VersionDescription="first",
        LaunchTemplateData={"ImageId": IMAGE, "InstanceType": "t3.micro"},
        TagSpecifications=specification("launch-template", Team="a"),
    )["LaunchTemplate"]
    assert (made["DefaultVersionNumber"], made["LatestVersionNumber"]) == (1, 1)
    assert made["CreatedBy"].startswith("arn:aws:")
    for request in (
        {"LaunchTemplateIds": [made["LaunchTemplateId"]]},
        {"LaunchTemplateNames": ["web"]},
        {"Filters": named("tag:Team", "a")},
        {"Filters": named("launch-template-name", "w*")},
    ):
        assert client("DescribeLaunchTemplates", **request)["LaunchTemplates"] == [made]
    (version,) = versions(client, LaunchTemplateName="web")
    assert version["VersionDescription"] == "first"
    assert version["LaunchTemplateData"] == {"ImageId": IMAGE, "InstanceType": "t3.micro"}
    assert version["DefaultVersion"] is True


@pytest.mark.parametrize(
    ("action", "request_", "code", "words"),
    [
        ("CreateLaunchTemplate", {"LaunchTemplateName": "web"}, "AlreadyExistsException", "name already in use."),
        ("CreateLaunchTemplate", {"LaunchTemplateName": "a b"}, "MalformedException", "3 and 128 characters"),
        ("DeleteLaunchTemplate", {"LaunchTemplateName": "no"}, "NotFoundException", "with template name no, does not"),
        ("DescribeLaunchTemplates", {"LaunchTemplateNames": ["no"]}, "NotFoundException", "At least one of the"),
    ],
)
def test_names_have_errors_of_their_own(
    client: Client, action: str, request_: dict[str, Any], code: str, words: str
) -> None:
    make(client)
    if action == "CreateLaunchTemplate":
        request_ = request_ | {"LaunchTemplateData": {"ImageId": IMAGE}}
    error = client.refused(action, **request_)
    assert error.code == f"InvalidLaunchTemplateName.{code}"
    assert words in error.message


def test_a_template_has_to_be_named_one_way(client: Client) -> None:
    template_id = make(client)
    assert client.refused("DeleteLaunchTemplate").code == "MissingParameter"
    both = client.refused("DeleteLaunchTemplate", LaunchTemplateId=template_id, LaunchTemplateName="web")
    assert both.code == "InvalidParameterCombination"
    error = client.refused("DeleteLaunchTemplate", LaunchTemplateId="lt-00000000000000001")
    assert (error.code, error.message) == (
        "InvalidLaunchTemplateId.NotFound",
        "The specified launch template, with template ID lt-00000000000000001, does not exist.",
    )


def test_a_version_says_what_it_was_told_or_what_its_source_says_besides(client: Client) -> None:
    device = {"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 5, "SnapshotId": "snap-00000000000000001"}}
    template_id = make(client, InstanceType="t3.micro", ImageId=IMAGE, BlockDeviceMappings=[device])
    alone = add_version(client, template_id, InstanceType="t3.small")
    assert (alone["VersionNumber"], alone["LaunchTemplateData"]) == (2, {"InstanceType": "t3.small"})
    based = add_version(client, template_id, "1", InstanceType="t3.small")
    assert based["LaunchTemplateData"] == {
        "InstanceType": "t3.small",
        "ImageId": IMAGE,
        "BlockDeviceMappings": [{"DeviceName": "/dev/sdf", "Ebs": {"VolumeSize": 5}}],
    }
    (template,) = client("DescribeLaunchTemplates")["LaunchTemplates"]
    assert (template["DefaultVersionNumber"], template["LatestVersionNumber"]) == (1, 3)
    error = client.refused(
        "CreateLaunchTemplateVersion", LaunchTemplateId=template_id, SourceVersion="9", LaunchTemplateData={}
    )
    assert error.code == "InvalidLaunchTemplateId.VersionNotFound"


def test_a_default_version_that_is_not_there_is_refused_in_words_of_its_own(client: Client) -> None:
    template_id = make(client, "web")
    error = client.refused("ModifyLaunchTemplate", LaunchTemplateName="web", DefaultVersion="2")
    assert (error.code, error.message) == (
        "InvalidLaunchTemplateId.VersionNotFound",
        "The launch template version 2 is not found for the specified launch template.",
    )
    error = client.refused(
        "ModifyLaunchTemplate", LaunchTemplateId=template_id, LaunchTemplateName="web", DefaultVersion="1"
    )
    assert (error.code, error.message) == (
        "InvalidParameterCombination",
        "Either provide launch template ID or launch template name to modify the template.",
    )


def test_versions_are_shown_by_number_alias_range_and_page_the_newest_first(client: Client) -> None:
    template_id = make(client)
    for kind in ("t3.micro", "t3.small", "t3.medium"):
        add_version(client, template_id, InstanceType=kind)
    other = make(client, "other")
    client("ModifyLaunchTemplate", LaunchTemplateId=template_id, DefaultVersion="2")
    assert numbers(client, LaunchTemplateId=template_id) == [4, 3, 2, 1]
    assert numbers(client, LaunchTemplateId=template_id, Versions=["$Default", "$Latest", "2"]) == [4, 2]
    assert numbers(client, LaunchTemplateId=template_id, MinVersion="2", MaxVersion="3") == [3, 2]
    assert numbers(client, LaunchTemplateId=template_id, Filters=named("is-default-version", "true")) == [2]
    assert numbers(client, LaunchTemplateId=template_id, Filters=named("instance-type", "*small")) == [3]
    first = client("DescribeLaunchTemplateVersions", LaunchTemplateId=template_id, MaxResults=3)
    token = first["NextToken"]
    assert numbers(client, LaunchTemplateId=template_id, MaxResults=3, NextToken=token) == [1]
    everywhere = versions(client, Versions=["$Latest", "$Default"])
    assert {(row["LaunchTemplateId"], row["VersionNumber"]) for row in everywhere} == {
        (template_id, 4),
        (template_id, 2),
        (other, 1),
    }
    for request, code in (
        ({}, "MissingParameter"),
        ({"Versions": ["1"]}, "InvalidParameterValue"),  # which is no version of all templates
        ({"LaunchTemplateId": template_id, "Versions": ["5"]}, "InvalidLaunchTemplateId.VersionNotFound"),
        ({"LaunchTemplateId": template_id, "Versions": ["$Newest"]}, "InvalidLaunchTemplateId.VersionNotFound"),
        ({"LaunchTemplateId": template_id, "MinVersion": "x"}, "InvalidParameterValue"),
        ({"LaunchTemplateId": template_id, "NextToken": "x"}, "InvalidParameterValue"),
        ({"LaunchTemplateId": template_id, "MaxResults": 201}, "InvalidParameterValue"),
    ):
        assert client.refused("DescribeLaunchTemplateVersions", **request).code == code


def test_a_page_has_so_much_of_data_and_the_next_one_goes_on(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many versions were asked for: of two hundred long ones an answer would be 13 MB."""
    monkeypatch.setattr(launch_template_version, "LARGEST_PAGE", 10_000)
    template_id = make(client)
    for size in (4000, 4, 12_000, 4):
        add_version(client, template_id, ImageId=IMAGE, UserData="x" * size)
    pages: list[list[int]] = []
    token: dict[str, str] = {}
    while not pages or token:
        page = client("DescribeLaunchTemplateVersions", LaunchTemplateId=template_id, **token)
        pages.append([row["VersionNumber"] for row in page["LaunchTemplateVersions"]])
        token = {"NextToken": page["NextToken"]} if page.get("NextToken") else {}
    assert pages == [[5], [4], [3, 2, 1]]


def test_the_default_version_stays_and_a_number_is_never_given_twice(client: Client) -> None:
    template_id = make(client)
    add_version(client, template_id, InstanceType="t3.micro")
    answer = client("DeleteLaunchTemplateVersions", LaunchTemplateId=template_id, Versions=["1", "2", "7"])
    deleted = answer["SuccessfullyDeletedLaunchTemplateVersions"]
    assert [row["VersionNumber"] for row in deleted] == [2]
    kept = answer["UnsuccessfullyDeletedLaunchTemplateVersions"]
    assert [(row["VersionNumber"], row["ResponseError"]["Code"]) for row in kept] == [
        (1, "unexpectedError"),
        (7, "launchTemplateVersionDoesNotExist"),
    ]
    (template,) = client("DescribeLaunchTemplates")["LaunchTemplates"]
    assert template["LatestVersionNumber"] == 1
    assert add_version(client, template_id, InstanceType="t3.micro")["VersionNumber"] == 3


def test_a_version_with_more_digits_than_a_number_has_does_not_exist(client: Client) -> None:
    template_id, text = make(client), "9" * 5000
    answer = client("DeleteLaunchTemplateVersions", LaunchTemplateId=template_id, Versions=[text])
    (kept,) = answer["UnsuccessfullyDeletedLaunchTemplateVersions"]
    assert (kept["VersionNumber"], kept["ResponseError"]["Code"]) == (None, "launchTemplateVersionDoesNotExist")


def test_a_version_is_no_longer_with_what_its_source_says_than_without(client: Client) -> None:
    template_id = make(client, KeyName="k" * 40_000)
    more: dict[str, Any] = {"SourceVersion": "1", "LaunchTemplateData": {"ImageId": "i" * 40_000}}
    error = client.refused("CreateLaunchTemplateVersion", LaunchTemplateId=template_id, **more)
    assert (error.code, numbers(client, LaunchTemplateId=template_id)) == ("InvalidParameterValue", [1])


def test_a_deleted_template_takes_its_versions_along_and_frees_its_name(client: Client) -> None:
    template_id = make(client)
    add_version(client, template_id, InstanceType="t3.micro")
    client("DeleteLaunchTemplate", LaunchTemplateName="web")
    assert not client("DescribeLaunchTemplates")["LaunchTemplates"]
    assert not client.service.state.inventory.launch_template_versions
    assert make(client) != template_id


def test_a_client_token_makes_one_template(client: Client) -> None:
    request: dict[str, Any] = {
        "LaunchTemplateName": "web",
        "LaunchTemplateData": {"ImageId": IMAGE},
        "ClientToken": "a",
    }
    assert client("CreateLaunchTemplate", **request) == client("CreateLaunchTemplate", **request)


def test_a_template_is_its_accounts_and_its_regions_own(client: Client, as_account: Any) -> None:
    template_id = make(client)
    for stranger in (as_account(OTHER), as_account(region=VIRGINIA)):
        assert not stranger("DescribeLaunchTemplates")["LaunchTemplates"]
        assert stranger.refused("DeleteLaunchTemplate", LaunchTemplateId=template_id).code.endswith(".NotFound")
        make(stranger)


@pytest.mark.parametrize(
    ("data", "code"),
    [
        ({}, "MissingParameter"),
        ({"UserData": "%"}, "InvalidUserData.Malformed"),
        ({"TagSpecifications": [{"Tags": tags(a="b")}]}, "InvalidParameterValue"),
        ({"KeyName": "k" * 70_000}, "InvalidParameterValue"),
    ],
)
def test_little_is_checked_when_a_template_is_made(client: Client, data: dict[str, Any], code: str) -> None:
    assert client.refused("CreateLaunchTemplate", LaunchTemplateName="web", LaunchTemplateData=data).code == code
    make(client, ImageId="ami-1", InstanceType="t99.huge", SubnetId="none", SecurityGroupIds=["sg-none"])


def test_the_parameter_of_an_image_is_resolved_when_asked(client: Client) -> None:
    parameter = "resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
    template_id = make(client, ImageId=parameter)
    for alias, image in ((False, parameter), (True, IMAGE)):
        (version,) = versions(client, LaunchTemplateId=template_id, ResolveAlias=alias)
        assert version["LaunchTemplateData"]["ImageId"] == image


def test_a_spot_option_keeps_its_time(client: Client) -> None:
    options = {"MarketType": "spot", "SpotOptions": {"ValidUntil": START}}
    template_id = make(client, InstanceMarketOptions=options)
    (version,) = versions(client, LaunchTemplateId=template_id)
    assert version["LaunchTemplateData"]["InstanceMarketOptions"] == options


def test_quotas(client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    template_id = make(client)
    monkeypatch.setattr("realvpc.api.core.context.Context.quota", lambda self, quota, owner=None: 1)
    error = client.refused("CreateLaunchTemplate", LaunchTemplateName="two", LaunchTemplateData={"ImageId": IMAGE})
    assert error.code == "ResourceLimitExceeded"
    error = client.refused(
        "CreateLaunchTemplateVersion", LaunchTemplateId=template_id, LaunchTemplateData={"ImageId": IMAGE}
    )
    assert error.code == "VersionLimitExceeded"


def test_a_page_of_large_versions_leaves_the_loop_soon(client: Client) -> None:
    template_id = make(client, NetworkInterfaces=[{"SecondaryPrivateIpAddressCount": 1} for _ in range(1700)])
    for _ in range(40):
        add_version(client, template_id, source="1")
    everything = {"LaunchTemplateId": template_id}
    assert kept(client.service, "ec2", "DescribeLaunchTemplateVersions", everything) < CALLS


def test_to_ask_for_a_version_again_and_again_costs_nothing_more(client: Client) -> None:
    for number in range(400):
        make(client, f"web-{number}")
    many = {"Versions": ["$Latest", "$Default"] * 250}
    assert kept(client.service, "ec2", "DescribeLaunchTemplateVersions", many) < CALLS


def test_an_instance_says_what_a_template_of_it_would_be(client: Client) -> None:
    subnet_id = make_subnet(client, make_vpc(client))
    (instance,) = run(client, subnet_id, UserData="YQ==", TagSpecifications=specification("instance", Name="a"))
    data = client("GetLaunchTemplateData", InstanceId=instance["InstanceId"])["LaunchTemplateData"]
    assert (data["ImageId"], data["InstanceType"], data["UserData"]) == (IMAGE, "t2.micro", "YQ==")
    assert data["NetworkInterfaces"][0]["SubnetId"] == subnet_id
    assert data["TagSpecifications"] == specification("instance", Name="a")
    make(client, "copy", **data)


def test_an_instances_ipv6_addresses_are_in_the_template_of_it(client: Client) -> None:
    (instance,) = run(client, make_dual_stack(client)[1], Ipv6AddressCount=2)
    data = client("GetLaunchTemplateData", InstanceId=instance["InstanceId"])["LaunchTemplateData"]
    addresses = [row["Ipv6Address"] for row in instance["NetworkInterfaces"][0]["Ipv6Addresses"]]
    assert data["NetworkInterfaces"][0]["Ipv6Addresses"] == [{"Ipv6Address": address} for address in addresses]
