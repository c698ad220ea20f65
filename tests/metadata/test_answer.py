"""Tokens, methods and statuses of instance metadata."""

from __future__ import annotations

import socket
from datetime import timedelta

import pytest

from realvpc.clock import Clock

from .conftest import LIFETIME, TOKEN, Launch, World

ID = "/latest/meta-data/instance-id"


def test_a_token_opens_an_instances_own_metadata(world: World, launch: Launch) -> None:
    me = launch()
    token = world.ask(me, TOKEN, method="PUT", **{LIFETIME: "60"})
    assert (token.status, token.headers[LIFETIME.lower()], len(token.text)) == (200, "60", 56)
    reply = world.ask(me, ID, X_aws_ec2_metadata_token=token.text)
    assert (reply.status, reply.text) == (200, me)
    assert reply.headers["server"] == "EC2ws"
    assert reply.headers["content-type"] == "text/plain"
    assert reply.headers["last-modified"].endswith(" GMT")


@pytest.mark.parametrize("lifetime", ["", "0", "21601", "-1", "1.5", "many", "٣", "9" * 5000])
def test_a_token_lives_from_a_second_to_six_hours(world: World, launch: Launch, lifetime: str) -> None:
    me = launch()
    assert world.ask(me, TOKEN, method="PUT", **{LIFETIME: lifetime}).status == 400
    assert world.ask(me, TOKEN, method="PUT").status == 400
    assert world.token(me, 1)
    assert world.token(me, 21600)


def test_a_token_expires_when_it_said(world: World, launch: Launch, clock: Clock) -> None:
    me = launch()
    token = world.token(me, 60)
    clock.offset = timedelta(seconds=59)
    last = world.ask(me, ID, X_aws_ec2_metadata_token=token)
    assert (last.status, last.headers[LIFETIME.lower()]) == (200, "1")
    clock.offset = timedelta(seconds=60)
    assert world.ask(me, ID, X_aws_ec2_metadata_token=token).status == 401


def test_a_token_is_good_after_a_restart_of_the_service(world: World, launch: Launch) -> None:
    me = launch()
    token = world.token(me)
    world.restarted()
    assert world.ask(me, ID, X_aws_ec2_metadata_token=token).text == me


def test_a_token_of_another_instance_is_worth_nothing(world: World, launch: Launch) -> None:
    me, other = launch(), launch()
    assert world.ask(me, ID, X_aws_ec2_metadata_token=world.token(other)).status == 401
    assert world.read(me, ID).text == me
    assert world.read(other, ID).text == other


@pytest.mark.parametrize("token", ["", "x", "A" * 56, "ü", "=" * 56])
def test_an_invented_token_is_refused_even_where_none_is_needed(world: World, launch: Launch, token: str) -> None:
    me = launch(MetadataOptions={"HttpTokens": "optional"})
    assert world.ask(me, ID, X_aws_ec2_metadata_token=token).status == 401


def test_without_a_token_only_where_the_options_allow_it(world: World, launch: Launch) -> None:
    me = launch()
    refused = world.ask(me, ID)
    assert (refused.status, refused.headers["content-type"]) == (401, "text/html")
    assert "<title>401 - Unauthorized</title>" in refused.text
    world.client("ModifyInstanceMetadataOptions", InstanceId=me, HttpTokens="optional")
    assert world.ask(me, ID).text == me


def test_a_disabled_endpoint_answers_nothing(world: World, launch: Launch) -> None:
    me = launch()
    token = world.token(me)
    world.client("ModifyInstanceMetadataOptions", InstanceId=me, HttpEndpoint="disabled")
    assert world.ask(me, ID, X_aws_ec2_metadata_token=token).status == 403
    assert world.ask(me, TOKEN, method="PUT", **{LIFETIME: "60"}).status == 403


def test_a_tokens_path_ends_without_a_slash(world: World, launch: Launch) -> None:
    assert world.ask(launch(), f"{TOKEN}/", method="PUT", **{LIFETIME: "60"}).status == 403


def test_a_proxy_gets_no_token(world: World, launch: Launch) -> None:
    reply = world.ask(launch(), TOKEN, method="PUT", **{LIFETIME: "60", "X-Forwarded-For": "10.0.0.1"})
    assert reply.status == 403


@pytest.mark.parametrize("family", [socket.AF_INET, socket.AF_INET6])
def test_the_packets_of_a_token_go_as_far_as_the_hop_limit_says_and_no_others(
    world: World, launch: Launch, family: socket.AddressFamily
) -> None:
    world.socket.family = family
    me = launch(MetadataOptions={"HttpTokens": "optional", "HttpPutResponseHopLimit": 3})
    world.ask(me, ID)
    world.ask(me, TOKEN, method="PUT")
    assert world.socket.hop_limit is None
    world.token(me)
    assert world.socket.hop_limit == 3


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("HEAD", ID, 200),
        ("POST", ID, 405),
        ("DELETE", ID, 405),
        ("PUT", ID, 405),
        ("GET", TOKEN, 405),
        ("GET", "/latest/meta-data/nothing", 404),
        ("GET", "/1999-01-01/meta-data/", 404),
        ("GET", "/latest/meta-data/instance-id/more", 404),
        ("GET", "/latest/meta-data/../meta-data/instance-id", 404),
        ("GET", "/latest/meta-data//instance-id/", 200),
    ],
)
def test_what_is_not_there_is_not_found_and_nothing_is_changed(
    world: World, launch: Launch, method: str, path: str, status: int
) -> None:
    me = launch(MetadataOptions={"HttpTokens": "optional"})
    reply = world.ask(me, path, method=method)
    assert reply.status == status
    if status != 200:
        assert f"<h1>{status} - " in reply.text


def test_nobody_else_is_answered(world: World, launch: Launch) -> None:
    launch()
    assert world.ask("198.51.100.1", ID).status == 403
    assert world.app.internal_errors == 0
