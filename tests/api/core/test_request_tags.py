"""The tags in a request, as condition keys."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from realvpc.api.actions import ACTIONS
from realvpc.api.core.request_tags import conditions_of_tags
from realvpc.wire.model import has_operation, input_shape

TAG = {"Key": "team", "Value": "net"}


@pytest.mark.parametrize(
    ("request_", "expected"),
    [
        ({"Tags": [TAG]}, {"aws:RequestTag/team": "net", "aws:TagKeys": ("team",)}),
        ({"Tags": [{"Key": "team"}]}, {"aws:RequestTag/team": "", "aws:TagKeys": ("team",)}),
        ({"tags": {"team": "net"}}, {"aws:RequestTag/team": "net", "aws:TagKeys": ("team",)}),
        ({"tags": ["team", "cost"]}, {"aws:TagKeys": ("team", "cost")}),
        ({"TagKeys": ["team"]}, {"aws:TagKeys": ("team",)}),
        ({"tagKeys": ["team"]}, {"aws:TagKeys": ("team",)}),
        (
            {"AddTags": [TAG], "RemoveTagKeys": ["cost", "team"]},
            {"aws:RequestTag/team": "net", "aws:TagKeys": ("team", "cost")},
        ),
        (
            {"TagSpecifications": [{"ResourceType": "vpc", "Tags": [TAG]}, {"ResourceType": "subnet"}]},
            {"aws:RequestTag/team": "net", "aws:TagKeys": ("team",)},
        ),
        ({"Tags": [], "TagKeys": None}, {}),
    ],
)
def test_tags_have_values_and_keys_alone_have_none(request_: dict[str, Any], expected: dict[str, Any]) -> None:
    assert conditions_of_tags(request_) == expected


def members() -> Iterator[tuple[str, str, str, Any]]:
    """What in the request of an action here is a list or a map of tags or of their keys, with one in it."""
    samples = {"Tag": TAG, "TagSpecification": {"Tags": [TAG]}, "TagKey": "team", "tagKeyType": "team"}
    for service, table in ACTIONS.items():
        for action in table:
            shape = input_shape(service, action) if has_operation(service, action) else None
            for name, member in (shape.members if shape else {}).items():
                if member.type_name == "list" and member.member.name in samples and not name.startswith("Transitive"):
                    yield service, action, name, [samples[member.member.name]]
                if member.type_name == "map" and member.key.name == "TagKey":
                    yield service, action, name, {"team": "net"}


def test_the_tags_of_every_action_are_seen() -> None:
    found = list(members())
    assert {service for service, *_ in found} >= {"ec2", "iam", "logs", "route53", "ssm"}
    for service, action, name, value in found:
        assert conditions_of_tags({name: value}).get("aws:TagKeys") == ("team",), f"{service}:{action} {name}"
