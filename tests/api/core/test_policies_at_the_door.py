"""Where a service evaluates policies, users and roles may do what their policies say, and no more."""

from __future__ import annotations

import json
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from realvpc.api.core.call import Call, Caller, Session, Through
from realvpc.api.service import Service
from realvpc.clock import Clock

from ..build import make_vpc, specification
from ..conftest import MAIN, TOKYO, new_service, performed
from ..ec2.test_vpc_endpoint import House
from ..policies import KEY_ID, code_of, decoded, give, policy, service_with_policies
from ..users import As, user_with_keys


@pytest.fixture
def service(clock: Clock) -> Service:
    return service_with_policies(clock)


@pytest.fixture
def owner(service: Service) -> As:
    return As(service, "AKIAOWNER")


@pytest.fixture
def ann(service: Service) -> As:
    return As(service, KEY_ID)


def test_the_operators_user_may_do_everything_and_others_nothing_by_themselves(owner: As, ann: As) -> None:
    vpc_id = make_vpc(owner)
    assert ann("GetCallerIdentity", of="sts")["Account"] == MAIN
    for action, of, code in (("DescribeVpcs", "ec2", "UnauthorizedOperation"), ("ListUsers", "iam", "AccessDenied"),
                             ("DescribeParameters", "ssm", "AccessDeniedException")):  # fmt: skip
        error = ann.refused(action, of=of)
        assert error.code == code
        assert f"because no identity-based policy allows the {of}:{action} action" in error.message
    give(owner, {"Action": "ec2:Describe*"})
    assert [each["VpcId"] for each in ann("DescribeVpcs")["Vpcs"]] == [vpc_id]
    assert ann.refused("DeleteVpc", VpcId=vpc_id).code == "UnauthorizedOperation"


def test_resources_and_denials(owner: As, ann: As) -> None:
    first, second = make_vpc(owner), make_vpc(owner, "10.1.0.0/16")
    arns = [f"arn:aws:ec2:{TOKYO}:{MAIN}:vpc/{each}" for each in (first, second)]
    give(owner, {"Action": "ec2:DeleteVpc"}, {"Effect": "Deny", "Resource": arns[0], "Sid": "KeepIt"})
    error = ann.refused("DeleteVpc", VpcId=first)
    assert f"on resource: {arns[0]} with an explicit deny in an identity-based policy" in error.message
    ann("DeleteVpc", VpcId=second)
    told = decoded(owner, error)
    assert (told["allowed"], told["explicitDeny"]) == (False, True)
    assert [each["statementId"] for each in told["matchedStatements"]["items"]] == ["KeepIt"]
    context = told["context"]
    assert (context["action"], context["resource"]) == ("ec2:DeleteVpc", arns[0])
    assert context["principal"] == {"id": "AIDAANN", "name": "ann", "arn": f"arn:aws:iam::{MAIN}:user/ann"}
    keys = {each["key"]: each["values"]["items"][0]["value"] for each in context["conditions"]["items"]}
    assert (keys["aws:RequestedRegion"], keys["aws:username"]) == (TOKYO, "ann")


def test_an_encoded_message_is_nobodys_who_may_not_decode_it(owner: As, ann: As, service: Service) -> None:
    vpc_id = make_vpc(owner)
    error = ann.refused("DeleteVpc", VpcId=vpc_id)
    message = error.message.rpartition(" ")[2]
    assert "arn" not in message
    assert ann.refused("DecodeAuthorizationMessage", of="sts", EncodedMessage=message).code == "AccessDenied"
    assert decoded(owner, error)["explicitDeny"] is False
    for vpc_id in ("vpc-\ud800", "vpc-" + "x" * 100_000):
        told = decoded(owner, ann.refused("DeleteVpc", VpcId=vpc_id))
        assert told["context"]["resource"] == f"arn:aws:ec2:{TOKYO}:{MAIN}:vpc/{vpc_id}"[:2048]
    for client, text in ((As(service, "AKIATHEIRS"), message), (owner, message[:-4]), (owner, "x"), (owner, "\u00e9")):
        refused = client.refused("DecodeAuthorizationMessage", of="sts", EncodedMessage=text)
        assert refused.code == "InvalidAuthorizationMessageException"


def test_tags_of_the_request_and_the_principal_are_conditions(owner: As, ann: As) -> None:
    team = {"StringEquals": {"aws:RequestTag/team": "${aws:PrincipalTag/team}"}}
    names = {"ForAllValues:StringEquals": {"aws:TagKeys": ["team", "name"]}}
    give(owner, {"Action": ["ec2:CreateVpc", "ec2:CreateTags"], "Condition": team | names})
    owner("TagUser", of="iam", UserName="ann", Tags=[{"Key": "team", "Value": "net"}])
    for tags, may in (({"team": "net"}, True), ({"team": "db"}, False), ({}, False),
                      ({"team": "net", "cost": "1"}, False)):  # fmt: skip
        params: dict[str, Any] = {"CidrBlock": "10.9.0.0/16"}
        params |= {"TagSpecifications": specification("vpc", **tags)} if tags else {}
        if may:
            assert ann("CreateVpc", **params)["Vpc"]["VpcId"]
        else:
            assert ann.refused("CreateVpc", **params).code == "UnauthorizedOperation"


@pytest.mark.parametrize(
    ("condition", "with_keys", "in_a_session"),
    [
        ({"Bool": {"aws:MultiFactorAuthPresent": "false"}}, False, True),
        ({"BoolIfExists": {"aws:MultiFactorAuthPresent": "false"}}, True, True),
        ({"Null": {"aws:MultiFactorAuthPresent": "true"}}, True, False),
        ({"NumericGreaterThan": {"aws:MultiFactorAuthAge": "3600"}}, False, False),
        ({"DateLessThan": {"aws:TokenIssueTime": "2000-01-01T00:00:00Z"}}, False, False),
        ({"DateGreaterThan": {"aws:TokenIssueTime": "2000-01-01T00:00:00Z"}}, False, True),
        ({"Bool": {"aws:PrincipalIsAWSService": "true"}}, False, False),
        ({"ForAnyValue:StringEquals": {"aws:CalledVia": "cloudformation.amazonaws.com"}}, False, False),
        ({"ArnLike": {"aws:SourceArn": "arn:aws:sns:*:*:*"}}, False, False),
        ({"StringEquals": {"aws:FederatedProvider": "accounts.google.com"}}, False, False),
        ({"StringLike": {"aws:SourceIdentity": "*"}}, False, False),
    ],
)
def test_what_long_term_keys_and_sessions_are_known_not_to_have(
    owner: As, ann: As, service: Service, condition: dict[str, Any], with_keys: bool, in_a_session: bool
) -> None:
    """IAM guide, "AWS global condition context keys": when each is in the request context."""
    session = _with(service, ann("GetSessionToken", of="sts"))
    for client, holds in ((ann, with_keys), (session, in_a_session)):
        give(owner, {"Condition": condition})
        assert may(client) is holds
        give(owner, {}, {"Effect": "Deny", "Condition": condition})
        assert may(client) is not holds


def may(client: As) -> bool:
    return code_of(client, "DescribeVpcs") == "DryRunOperation"


def test_tag_keys_alone_are_conditions_too(owner: As, ann: As) -> None:
    give(owner, {"Condition": {"ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}}})
    owner("CreateLogGroup", of="logs", logGroupName="g", tags={"team": "net", "cost": "1"})
    ann("UntagLogGroup", of="logs", logGroupName="g", tags=["team"])
    error = ann.refused("UntagLogGroup", of="logs", logGroupName="g", tags=["team", "cost"])
    assert error.code == "AccessDeniedException"
    assert owner("ListTagsLogGroup", of="logs", logGroupName="g")["tags"] == {"cost": "1"}


def test_a_key_that_is_not_known_of_a_call_denies_and_does_not_allow(owner: As, ann: As) -> None:
    for condition in (
        {"StringEquals": {"aws:Unheard": "test"}},
        {"StringEqualsIfExists": {"ec2:InstanceType": "t3.micro"}, "IpAddressIfExists": {"aws:Unheard": "10.0.0.0/8"}},
    ):
        give(owner, {"Action": "ec2:*", "Condition": condition})
        assert ann.refused("CreateVpc", CidrBlock="10.9.0.0/16").code == "UnauthorizedOperation"
        give(owner, {}, {"Effect": "Deny", "Action": "ec2:*", "Condition": condition})
        assert "explicit deny" in ann.refused("CreateVpc", CidrBlock="10.9.0.0/16").message


def test_a_boundary_bounds(owner: As, ann: As) -> None:
    give(owner, {})
    made = owner("CreatePolicy", of="iam", PolicyName="bound", PolicyDocument=policy({"Action": "ec2:*"}))
    owner("PutUserPermissionsBoundary", of="iam", UserName="ann", PermissionsBoundary=made["Policy"]["Arn"])
    assert ann("DescribeVpcs")["Vpcs"] == []
    error = ann.refused("ListUsers", of="iam")
    assert error.message.endswith("because no permissions boundary allows the iam:ListUsers action")


def test_federated_users_may_what_their_session_and_its_user_both_may(owner: As, ann: As, service: Service) -> None:
    give(owner, {"Action": ["ec2:Describe*", "sts:*"]})
    made = ann("GetFederationToken", of="sts", Name="Bob", Policy=policy({"Action": ["ec2:DescribeVpcs", "iam:*"]}))
    assert made["FederatedUser"] == {
        "FederatedUserId": f"{MAIN}:Bob", "Arn": f"arn:aws:sts::{MAIN}:federated-user/Bob"
    }  # fmt: skip
    assert 0 < made["PackedPolicySize"] <= 100
    bob = _with(service, made)
    identity = bob("GetCallerIdentity", of="sts")
    assert (identity["UserId"], identity["Arn"]) == tuple(made["FederatedUser"].values())
    assert bob("DescribeVpcs")["Vpcs"] == []
    assert "no session policy allows" in bob.refused("DescribeSubnets").message
    assert "no identity-based policy allows" in bob.refused("ListUsers", of="iam").message
    nobody = _with(service, ann("GetFederationToken", of="sts", Name="Eve"))
    assert "no session policy allows" in nobody.refused("DescribeVpcs").message
    assert bob.refused("GetFederationToken", of="sts", Name="Eve").code == "AccessDenied"
    own = _with(service, ann("GetSessionToken", of="sts"))
    assert own("DescribeSubnets")["Subnets"] == []
    limited = owner("GetFederationToken", of="sts", Name="Max", Policy=policy({"Action": "ec2:DescribeVpcs"}))
    assert _with(service, limited)("DescribeVpcs")["Vpcs"] == []
    assert "no session policy allows" in _with(service, limited).refused("DescribeSubnets").message


def test_federated_users_of_an_account_itself_may_what_their_session_may(owner: As, service: Service) -> None:
    root = Caller(MAIN, TOKYO, f"arn:aws:iam::{MAIN}:root", MAIN, "")
    request = {"Name": "Bob", "Policy": policy({"Action": "ec2:DescribeVpcs"})}
    bob = _with(service, performed(service, Call("sts", "GetFederationToken", request, root, "req-1")))
    assert bob("DescribeVpcs")["Vpcs"] == []
    assert "no session policy allows" in bob.refused("DescribeSubnets").message


def _with(service: Service, made: dict[str, Any]) -> As:
    return As(service, made["Credentials"]["AccessKeyId"], made["Credentials"]["SessionToken"])


def test_roles_are_assumed_by_whom_both_policies_let(owner: As, ann: As, service: Service) -> None:
    account = {"AWS": f"arn:aws:iam::{MAIN}:root"}
    statement = {"Effect": "Allow", "Principal": account, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": statement})
    arn = owner("CreateRole", of="iam", RoleName="web", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    owner("PutRolePolicy", of="iam", RoleName="web", PolicyName="p", PolicyDocument=policy({"Action": "ec2:*"}))
    ask = {"RoleArn": arn, "RoleSessionName": "me"}
    assert ann.refused("AssumeRole", of="sts", **ask).code == "AccessDenied"
    give(owner, {"Action": "sts:AssumeRole"})
    web = _with(service, ann("AssumeRole", of="sts", **ask))
    assert web("DescribeVpcs")["Vpcs"] == []
    assert web.refused("ListUsers", of="iam").code == "AccessDenied"
    less = _with(service, ann("AssumeRole", of="sts", Policy=policy({"Action": "ec2:DescribeVpcs"}), **ask))
    assert less("DescribeVpcs")["Vpcs"] == []
    assert "no session policy allows" in less.refused("DescribeSubnets").message
    give(owner, {"Effect": "Deny"})
    assert "explicit deny" in ann.refused("AssumeRole", of="sts", **ask).message
    # Whom the trust policy names by itself needs no policy of its own.
    owner("DeleteUserPolicy", of="iam", UserName="ann", PolicyName="own")
    named = trust.replace(f"{MAIN}:root", f"{MAIN}:user/ann")
    owner("UpdateAssumeRolePolicy", of="iam", RoleName="web", PolicyDocument=named)
    assert ann("AssumeRole", of="sts", **ask)["AssumedRoleUser"]["Arn"].endswith("/web/me")


@pytest.mark.parametrize("bound", ["session", "boundary"])
def test_a_role_that_a_trust_policy_names_stays_within_its_bounds_and_a_session_or_a_user_does_not(
    owner: As, ann: As, service: Service, bound: str
) -> None:
    """IAM guide, "Policy evaluation logic": a grant to a role's ARN is limited by them, one to a principal's is not."""
    first = role_for(owner, ann.who.arn, name="first")
    by_role, by_session = role_for(owner, first), role_for(
        owner, f"arn:aws:sts::{MAIN}:assumed-role/first/me", name="next"
    )  # fmt: skip
    less = policy({"Action": "ec2:*"})
    free = _with(service, ann("AssumeRole", of="sts", RoleArn=first, RoleSessionName="me"))
    free("AssumeRole", of="sts", RoleArn=by_role, RoleSessionName="me")
    more = {"Policy": less} if bound == "session" else {}
    made = owner("CreatePolicy", of="iam", PolicyName="bound", PolicyDocument=less)["Policy"]["Arn"]
    if bound == "boundary":
        owner("PutRolePermissionsBoundary", of="iam", RoleName="first", PermissionsBoundary=made)
        owner("PutUserPermissionsBoundary", of="iam", UserName="ann", PermissionsBoundary=made)
    bounded = _with(service, ann("AssumeRole", of="sts", RoleArn=first, RoleSessionName="me", **more))
    assert bounded.refused("AssumeRole", of="sts", RoleArn=by_role, RoleSessionName="me").code == "AccessDenied"
    assert bounded("AssumeRole", of="sts", RoleArn=by_session, RoleSessionName="me")["Credentials"]


@pytest.mark.parametrize(
    ("condition", "may"),
    [
        ({"StringEquals": {"aws:RequestedRegion": TOKYO}}, True),
        ({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}, False),
        ({"DateLessThan": {"aws:CurrentTime": "2020-01-01"}}, False),
        ({"StringEquals": {"aws:PrincipalAccount": MAIN}, "StringLike": {"sts:RoleSessionName": "m?"}}, True),
        ({"StringLike": {"sts:RoleSessionName": "you*"}}, False),
        ({"StringEquals": {"sts:ExternalId": "x"}}, True),
        ({"Null": {"sts:ExternalId": "true"}}, False),
    ],
)
def test_what_the_door_knows_of_a_call_counts_where_a_role_is_assumed(
    owner: As, ann: As, condition: dict[str, Any], may: bool
) -> None:
    arn = role_for(owner, f"arn:aws:iam::{MAIN}:root")
    give(owner, {"Action": "sts:AssumeRole", "Condition": condition})
    ask = {"RoleArn": arn, "RoleSessionName": "me", "ExternalId": "x"}
    if may:
        ann("AssumeRole", of="sts", **ask)
    else:
        assert ann.refused("AssumeRole", of="sts", **ask).code == "AccessDenied"


def test_the_endpoint_of_a_call_counts_where_a_role_is_assumed(owner: As, ann: As) -> None:
    arn = role_for(owner, f"arn:aws:iam::{MAIN}:root")
    endpoint_id = House(owner).make("sts")["VpcEndpointId"]
    ask = {"RoleArn": arn, "RoleSessionName": "me"}
    give(owner, {"Condition": {"StringEquals": {"aws:SourceVpce": endpoint_id}}})
    assert ann.refused("AssumeRole", of="sts", **ask).code == "AccessDenied"
    through = Call("sts", "AssumeRole", ask, ann.who, "req-1", through=Through(endpoint_id, "10.20.0.7"))
    assert performed(ann.service, through)["Credentials"]


def role_for(owner: As, *principals: str, name: str = "web") -> str:
    statement = {"Effect": "Allow", "Principal": {"AWS": principals}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": statement})
    made = owner("CreateRole", of="iam", RoleName=name, AssumeRolePolicyDocument=trust)
    arn: str = made["Role"]["Arn"]
    return arn


def test_the_simulator_says_what_the_door_does(owner: As, ann: As, service: Service) -> None:
    """Random policies of a user, a group and a boundary: a call is let in where the simulation allows it."""
    random = Random(7)
    owner("CreateGroup", of="iam", GroupName="ops")
    owner("AddUserToGroup", of="iam", GroupName="ops", UserName="ann")
    made = owner("CreatePolicy", of="iam", PolicyName="bound", PolicyDocument=policy({}))["Policy"]["Arn"]
    owner("PutUserPermissionsBoundary", of="iam", UserName="ann", PermissionsBoundary=made)
    vpc_id = make_vpc(owner)
    vpc = f"arn:aws:ec2:{TOKYO}:{MAIN}:vpc/{vpc_id}"
    calls = [("DescribeVpcs", "*", {}), ("DeleteVpc", vpc, {"VpcId": vpc_id}),
             ("ModifyVpcAttribute", vpc, {"VpcId": vpc_id})]  # fmt: skip

    def statement() -> dict[str, Any]:
        return {
            "Effect": random.choice(["Allow", "Allow", "Deny"]),
            random.choice(["Action", "Action", "NotAction"]): random.choice(
                ["ec2:*", "ec2:D*", "ec2:DeleteVpc", "iam:*", ["ec2:Describe?pcs", "ec2:Modify*"]]
            ),
            random.choice(["Resource", "Resource", "NotResource"]): random.choice(
                ["*", "arn:aws:ec2:*:*:vpc/*", vpc, "arn:aws:s3:::${aws:username}", f"arn:aws:ec2:*:{MAIN}:subnet/*"]
            ),
            "Condition": random.choice(
                [{}, {}, {"StringLike": {"aws:username": "a*"}}, {"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}]
            ),
        }

    def document() -> str:
        return json.dumps({"Version": "2012-10-17", "Statement": [statement() for _ in range(random.randint(1, 3))]})

    seen: dict[bool, int] = {True: 0, False: 0}
    entry = {"ContextKeyName": "aws:RequestedRegion", "ContextKeyValues": [TOKYO], "ContextKeyType": "string"}
    for _ in range(150):
        owner("PutUserPolicy", of="iam", UserName="ann", PolicyName="own", PolicyDocument=document())
        owner("PutGroupPolicy", of="iam", GroupName="ops", PolicyName="own", PolicyDocument=document())
        if len(owner("ListPolicyVersions", of="iam", PolicyArn=made)["Versions"]) > 1:
            oldest = owner("ListPolicyVersions", of="iam", PolicyArn=made)["Versions"][-1]["VersionId"]
            owner("DeletePolicyVersion", of="iam", PolicyArn=made, VersionId=oldest)
        bound = random.choice([policy({}), document()])
        owner("CreatePolicyVersion", of="iam", PolicyArn=made, PolicyDocument=bound, SetAsDefault=True)
        for action, resource, params in calls:
            answer = owner(
                "SimulatePrincipalPolicy",
                of="iam",
                PolicySourceArn=ann.who.arn,
                ActionNames=[f"ec2:{action}"],
                ResourceArns=[resource],
                ContextEntries=[entry],
            )
            expected = answer["EvaluationResults"][0]["EvalDecision"]
            code = code_of(ann, action, **params)
            assert (expected == "allowed") is (code != "UnauthorizedOperation"), (expected, code)
            seen[expected == "allowed"] += 1
    assert min(seen.values()) > 50, seen


def test_without_a_session_a_session_is_not_the_users(service: Service, ann: As) -> None:
    """A session that names a holder who is gone has no policies, and may nothing."""
    gone = As(service, KEY_ID)
    gone.who = replace(gone.who, session=Session("AIDANOBODY"), access_key_id="ASIAX")
    assert gone.refused("DescribeVpcs").code == "UnauthorizedOperation"


def test_a_service_that_does_not_evaluate_policies_asks_nobody_for_them(clock: Clock) -> None:
    service = new_service(clock)
    user_with_keys(service, "ann", KEY_ID)
    ann = As(service, KEY_ID)
    ann("PutUserPolicy", of="iam", UserName="ann", PolicyName="own", PolicyDocument=policy({"Effect": "Deny"}))
    assert ann("DescribeVpcs")["Vpcs"] == []
    [result] = ann("SimulatePrincipalPolicy", of="iam", PolicySourceArn=ann.who.arn, ActionNames=["ec2:DescribeVpcs"])[
        "EvaluationResults"
    ]
    assert result["EvalDecision"] == "explicitDeny", "the simulator tells what policies say"
