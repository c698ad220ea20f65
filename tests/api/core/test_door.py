"""The door: every action of every service is authorised before it is performed, and performed nowhere else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

import realvpc
from realvpc.api.core.action import Action
from realvpc.api.core.call import Call
from realvpc.api.core.context import Answer, Context, Request
from realvpc.api.core.errors import AwsError
from realvpc.api.service import Service
from realvpc.clock import Clock
from realvpc.iam.evaluate import Conditions, Principal, Verdict, refused
from realvpc.wire.model import SERVICES, has_operation, service_model

from ..build import make_dual_stack, make_internet_gateway, make_route_table, make_subnet, make_vpc
from ..conftest import MAIN, OTHER, TOKYO, Client, caller, new_service, performed
from ..rooms import Rooms
from ..ssm.test_session import Manager
from ..test_random_requests import Generator

_REFUSALS = {
    "ec2": ("UnauthorizedOperation", 403),
    "ec2-instance-connect": ("AccessDeniedException", 400),
    "elasticloadbalancing": ("AccessDenied", 403),
    "iam": ("AccessDenied", 403),
    "logs": ("AccessDeniedException", 400),
    "route53": ("AccessDenied", 403),
    "servicequotas": ("AccessDeniedException", 400),
    "ssm": ("AccessDeniedException", 400),
    "sts": ("AccessDenied", 403),
}


class Doorkeeper:
    """Refuses everything, and remembers what was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[Principal, str, tuple[str, ...], dict[str, str | Sequence[str] | None]]] = []

    def __call__(self, principal: Principal, action: str, resources: Sequence[str], conditions: Conditions) -> Verdict:
        self.asked.append((principal, action, tuple(resources), dict(conditions)))
        return refused(principal, action, next(iter(resources)))


@pytest.fixture
def doorkeeper() -> Doorkeeper:
    return Doorkeeper()


@pytest.fixture
def guarded(clock: Clock, doorkeeper: Doorkeeper) -> Service:
    """A service with every action that there is, in which nobody may do anything."""
    service = new_service(clock, evaluate=doorkeeper)
    Rooms(service, clock.now)
    return service


def every_action(service: Service) -> list[tuple[str, str]]:
    return [(name, action) for name, actions in service.actions.items() for action in actions]


def test_no_action_of_any_service_is_reached_without_being_asked_for(guarded: Service, doorkeeper: Doorkeeper) -> None:
    def trespass(ctx: Context, request: Request) -> Answer:
        raise AssertionError("performed")

    generator = Generator(guarded, Random(1))
    guarded.include(
        {
            name: {action: replace(row, perform=trespass) for action, row in actions.items()}
            for name, actions in guarded.actions.items()
        }
    )
    everything = every_action(guarded)
    assert {name for name, _ in everything} == set(SERVICES)
    assert len(everything) > 160
    for name, action in everything:
        params = generator.required(service_model(name).operation_model(action).input_shape)
        for more in ({}, {"ClientToken": "t"}, {"DryRun": True}):
            before = guarded.state
            with pytest.raises(AwsError) as caught:
                guarded.handle(Call(name, action, params | more, caller(), "req-1"))
            assert (caught.value.code, caught.value.status) == _REFUSALS[name]
            assert f"is not authorized to perform: {name}:{action}" in caught.value.message
            assert guarded.state is before
            principal, asked, resources, conditions = doorkeeper.asked.pop()
            assert (principal.arn, asked) == (caller().arn, f"{name}:{action}")
            assert resources
            for each in set(resources) - {"*", *(value for value in params.values() if isinstance(value, str))}:
                assert re.fullmatch(rf"arn:aws:\w+:({TOKYO})?:({MAIN})?:.+", each, re.DOTALL), each
            assert conditions["aws:RequestedRegion"] == TOKYO
    assert doorkeeper.asked == []


def test_ec2_begins_its_refusal_with_a_sentence_of_its_own(guarded: Service) -> None:
    with pytest.raises(AwsError) as caught:
        guarded.handle(Call("ec2", "DescribeVpcs", {}, caller(), "req-1"))
    assert caught.value.message == (
        f"You are not authorized to perform this operation. User: {caller().arn} is not authorized to perform: "
        "ec2:DescribeVpcs because no identity-based policy allows the ec2:DescribeVpcs action"
    )


def test_every_row_is_an_action_of_botocores_model(guarded: Service) -> None:
    assert [pair for pair in every_action(guarded) if not has_operation(*pair)] == []


def test_an_action_that_names_no_resources_only_describes_or_is_about_the_account(guarded: Service) -> None:
    whole = {
        action
        for name, action in every_action(guarded)
        if guarded.actions[name][action].resources.__name__ == "on_all" and not re.match("Describe|List|Get", action)
    }
    assert whole == {
        *("DecodeAuthorizationMessage", "SimulateCustomPolicy"),
        *("CancelCommand", "CreateHostedZone", "ModifyInstanceMetadataDefaults"),
        *("CreateDefaultSubnet", "CreateDefaultVpc"),
        *("CreateAccountAlias", "DeleteAccountAlias", "UpdateAccountPasswordPolicy", "DeleteAccountPasswordPolicy"),
        "GenerateCredentialReport",
        *("EnableEbsEncryptionByDefault", "DisableEbsEncryptionByDefault"),
        *("ModifyEbsDefaultKmsKeyId", "ResetEbsDefaultKmsKeyId"),
        *("EnableImageBlockPublicAccess", "DisableImageBlockPublicAccess"),
        *("EnableSnapshotBlockPublicAccess", "DisableSnapshotBlockPublicAccess"),
        *("DeleteNetworkInterfacePermission", "DeleteSubnetCidrReservation", "ModifyVpcBlockPublicAccessOptions"),
    }


def test_nothing_else_performs_an_action(guarded: Service) -> None:
    """Neither what a row says nor the function itself is called anywhere but in the door."""
    root = Path(realvpc.__file__).parent
    sources = {str(path.relative_to(root)): path.read_text(encoding="utf-8") for path in root.rglob("*.py")}
    assert {name for name, text in sources.items() if re.search(r"\.perform\(", text)} == {"api/core/door.py"}
    names = {row.perform.__name__ for actions in guarded.actions.values() for row in actions.values()}
    called = re.compile(rf"(?<!def )\b({'|'.join(map(re.escape, names - {'described'}))})\(")
    places = ("api", "admin", "daemon", "metadata", "session", "wire", "node_link.py")
    found = {name: called.findall(text) for name, text in sources.items() if name.startswith(places)}
    assert {name: calls for name, calls in found.items() if calls} == {}


def test_an_action_that_does_not_exist_is_refused(client: Client) -> None:
    assert client.refused("MakeCoffee").code == "InvalidAction"


def test_what_is_another_accounts_is_nobodys_business_here(client: Client) -> None:
    arn = f"arn:aws:ssm:{TOKYO}:{OTHER}:parameter/x"
    error = client.refused("GetParameter", of="ssm", Name=arn)
    assert (error.code, error.status) == ("AccessDeniedException", 400)
    assert f"on resource: {arn} because" in error.message


@pytest.mark.parametrize("action", ["StartSession", "TerminateSession"])
def test_a_dry_run_carries_out_no_effect(clock: Clock, action: str) -> None:
    """No action of Systems Manager has the member today: the door does not depend on that."""
    manager = Manager(clock)
    session_id = manager.start()["SessionId"]
    request = {"Target": manager.instance_id, "SessionId": session_id, "DryRun": True}
    assert manager.refused(action, **request).code == "DryRunOperation"
    assert manager.listed("Active") == [session_id]


def test_an_effect_comes_after_the_commit_and_its_answer_takes_the_place_of_the_response(service: Service) -> None:
    seen: list[bool] = []

    def perform(ctx: Context, request: Request) -> Answer:
        answer = service.actions["ec2"]["CreateVpc"].perform(ctx, request)

        async def later() -> dict[str, Any]:
            return {"Vpc": {"VpcId": "later"}}

        def effect() -> Any:
            seen.append(service.state is not ctx.state)
            return later()

        return replace(answer, effect=effect)

    service.include({"ec2": {"CreateDefaultVpc": Action(perform, lambda ctx, request: ["*"])}})
    call = Call("ec2", "CreateDefaultVpc", {"CidrBlock": "10.0.0.0/16"}, caller(), "req-1")
    assert performed(service, call) == {"Vpc": {"VpcId": "later"}}
    assert seen == [True]
    with pytest.raises(AwsError, match="DryRunOperation"):
        service.handle(replace(call, params=call.params | {"DryRun": True}))
    assert seen == [True]


def resources(client: Client, action: str, of: str = "ec2", **params: Any) -> list[str]:
    service = client.service
    ctx = service.context(caller(client.account, client.region))
    return list(service.actions[of][action].resources(ctx, params))


def ec2(name: str, account: str = MAIN) -> str:
    return f"arn:aws:ec2:{TOKYO}:{account}:{name}"


def test_resources_are_what_the_request_names(client: Client) -> None:
    vpc_id = make_vpc(client)
    subnet_id, table_id = make_subnet(client, vpc_id), make_route_table(client, vpc_id)
    association_id = client("AssociateRouteTable", RouteTableId=table_id, SubnetId=subnet_id)["AssociationId"]
    expected: list[tuple[str, dict[str, Any], list[str]]] = [
        ("DescribeVpcs", {"VpcIds": [vpc_id]}, ["*"]),
        ("CreateVpc", {"CidrBlock": "10.0.0.0/16"}, [ec2("vpc/*")]),
        ("CreateSubnet", {"VpcId": vpc_id}, [ec2("subnet/*"), ec2(f"vpc/{vpc_id}")]),
        ("CreateRoute", {"RouteTableId": table_id, "GatewayId": "igw-1"}, [ec2(f"route-table/{table_id}")]),
        ("DisassociateRouteTable", {"AssociationId": association_id}, [ec2(f"route-table/{table_id}")]),
        ("DisassociateRouteTable", {"AssociationId": "rtbassoc-1"}, [ec2("route-table/*")]),
        ("TerminateInstances", {"InstanceIds": ["i-1", "i-2", "i-1"]}, [ec2("instance/i-1"), ec2("instance/i-2")]),
        ("TerminateInstances", {"InstanceIds": []}, [ec2("instance/*")]),
        ("CreateTags", {"Resources": [vpc_id, "rtb-1", "junk"]},
         [ec2(f"vpc/{vpc_id}"), ec2("route-table/rtb-1"), ec2("*/junk")]),
        ("ModifyInstanceCreditSpecification", {"InstanceCreditSpecifications": [{"InstanceId": "i-1"}]},
         [ec2("instance/i-1")]),
        ("CreateSnapshots", {"InstanceSpecification": {"InstanceId": "i-1"}},
         [ec2("instance/i-1"), f"arn:aws:ec2:{TOKYO}::snapshot/*", ec2("volume/*")]),
        ("DeleteKeyPair", {"KeyName": "k"}, [ec2("key-pair/k")]),
        ("DeregisterImage", {"ImageId": "ami-1"}, [f"arn:aws:ec2:{TOKYO}::image/ami-1"]),
        ("ModifySecurityGroupRules", {"GroupId": "sg-1", "SecurityGroupRules": [{"SecurityGroupRuleId": "sgr-1"}, {}]},
         [ec2("security-group/sg-1"), ec2("security-group-rule/sgr-1")]),
        ("ModifyVpcEndpoint", {"VpcEndpointId": "vpce-1", "AddSubnetIds": ["subnet-1"], "RemoveRouteTableIds": ["rtb"]},
         [ec2("vpc-endpoint/vpce-1"), ec2("route-table/rtb"), ec2("subnet/subnet-1")]),
        ("CreateVpcPeeringConnection", {"VpcId": vpc_id, "PeerVpcId": "vpc-2"},
         [ec2(f"vpc/{vpc_id}"), ec2("vpc-peering-connection/*")]),
    ]  # fmt: skip
    for action, params, arns in expected:
        assert resources(client, action, **params) == arns, action


def test_a_launch_concerns_all_that_it_uses_and_makes(client: Client) -> None:
    launch: dict[str, Any] = {
        "ImageId": "ami-1",
        "KeyName": "k",
        "UserData": "vpc-0123",
        "NetworkInterfaces": [{"SubnetId": "subnet-1", "Groups": ["sg-1", "sg-2"]}, {"NetworkInterfaceId": "eni-1"}],
    }
    assert set(resources(client, "RunInstances", **launch)) == {
        f"arn:aws:ec2:{TOKYO}::image/ami-1",
        *(ec2(name) for name in ("instance/*", "volume/*", "subnet/subnet-1", "key-pair/k")),
        *(ec2(name) for name in ("security-group/sg-1", "security-group/sg-2", "network-interface/eni-1")),
    }


def test_a_launch_concerns_what_its_template_says_too(client: Client) -> None:
    data = {"ImageId": "ami-1", "SecurityGroupIds": ["sg-1"], "NetworkInterfaces": [{"SubnetId": "subnet-1"}]}
    made = client("CreateLaunchTemplate", LaunchTemplateName="web", LaunchTemplateData=data)
    template_id = made["LaunchTemplate"]["LaunchTemplateId"]
    whole = {ec2(name) for name in ("instance/*", "volume/*", "network-interface/*", f"launch-template/{template_id}")}
    said = {f"arn:aws:ec2:{TOKYO}::image/ami-1", ec2("security-group/sg-1"), ec2("subnet/subnet-1")}
    for template in ({"LaunchTemplateId": template_id}, {"LaunchTemplateName": "web", "Version": "1"}):
        assert set(resources(client, "RunInstances", LaunchTemplate=template)) == whole | said
    instead = resources(client, "RunInstances", LaunchTemplate={"LaunchTemplateId": template_id}, ImageId="ami-2")
    assert f"arn:aws:ec2:{TOKYO}::image/ami-2" in instead
    assert f"arn:aws:ec2:{TOKYO}::image/ami-1" not in instead
    unknown = resources(client, "RunInstances", LaunchTemplate={"LaunchTemplateId": template_id, "Version": "9"})
    assert ec2("subnet/*") in unknown


def test_an_ipv6_association_concerns_what_it_is_part_of(client: Client) -> None:
    vpc_id, subnet_id = make_dual_stack(client)
    vpc = client("DescribeVpcs", VpcIds=[vpc_id])["Vpcs"][0]
    subnet = client("DescribeSubnets", SubnetIds=[subnet_id])["Subnets"][0]
    for action, shown, name in (
        ("DisassociateVpcCidrBlock", vpc, f"vpc/{vpc_id}"),
        ("DisassociateSubnetCidrBlock", subnet, f"subnet/{subnet_id}"),
    ):
        association_id = shown["Ipv6CidrBlockAssociationSet"][0]["AssociationId"]
        assert resources(client, action, AssociationId=association_id) == [ec2(name)]


def test_what_an_elastic_ip_address_of_a_nat_gateway_concerns(client: Client) -> None:
    vpc_id = make_vpc(client)
    make_internet_gateway(client, vpc_id)
    address_id = client("AllocateAddress")["AllocationId"]
    made = client("CreateNatGateway", SubnetId=make_subnet(client, vpc_id), AllocationId=address_id)["NatGateway"]
    gateway_id = made["NatGatewayId"]
    [address] = client("DescribeAddresses")["Addresses"]
    params = {"NatGatewayId": gateway_id, "AssociationIds": [address["AssociationId"]]}
    arns = [ec2(f"natgateway/{gateway_id}"), ec2(f"elastic-ip/{address_id}")]
    assert resources(client, "DisassociateNatGatewayAddress", **params) == arns


def test_who_accepts_a_peering_connection_needs_its_own_vpc_for_it(service: Service) -> None:
    main, other = Client(service, MAIN, TOKYO), Client(service, OTHER, TOKYO)
    mine, theirs = make_vpc(main), make_vpc(other, "10.99.0.0/16")
    made = main("CreateVpcPeeringConnection", VpcId=mine, PeerVpcId=theirs, PeerOwnerId=OTHER)
    pcx = made["VpcPeeringConnection"]["VpcPeeringConnectionId"]
    assert resources(other, "AcceptVpcPeeringConnection", VpcPeeringConnectionId=pcx) == [
        ec2(f"vpc-peering-connection/{pcx}", OTHER),
        ec2(f"vpc/{theirs}", OTHER),
    ]


def test_resources_of_the_other_services(clock: Clock) -> None:
    client = Manager(clock).managed.client
    iam, ssm = f"arn:aws:iam::{MAIN}", f"arn:aws:ssm:{TOKYO}"
    expected: list[tuple[str, str, dict[str, Any], list[str]]] = [
        ("iam", "CreateRole", {"RoleName": "r", "Path": "/a/"}, [f"{iam}:role/a/r"]),
        ("iam", "ListRoles", {}, [f"{iam}:role/"]),
        ("iam", "GetInstanceProfile", {"InstanceProfileName": "p"}, [f"{iam}:instance-profile/p"]),
        ("iam", "GetUser", {}, [caller().arn]),
        ("sts", "AssumeRole", {"RoleArn": f"{iam}:role/r"}, [f"{iam}:role/r"]),
        ("route53", "GetHostedZone", {"Id": "Z1"}, ["arn:aws:route53:::hostedzone/Z1"]),
        ("route53", "ListTagsForResources", {"ResourceType": "hostedzone", "ResourceIds": ["Z1", "Z2"]},
         ["arn:aws:route53:::hostedzone/Z1", "arn:aws:route53:::hostedzone/Z2"]),
        ("ssm", "GetParameter", {"Name": "/aws/x:1"}, [f"{ssm}::parameter/aws/x"]),
        ("ssm", "StartSession", {"Target": "i-1"},
         [ec2("instance/i-1"), f"{ssm}:{MAIN}:document/SSM-SessionManagerRunShell"]),
        ("ssm", "TerminateSession", {"SessionId": "ann-0"}, [f"{ssm}:{MAIN}:session/ann-0"]),
        ("ssm", "SendCommand", {"DocumentName": "AWS-RunShellScript", "Targets": [{"Key": "tag:a"}]},
         [f"{ssm}::document/AWS-RunShellScript", ec2("instance/*")]),
    ]  # fmt: skip
    for service, action, params, arns in expected:
        assert resources(client, action, of=service, **params) == arns, action
