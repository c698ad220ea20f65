"""What the node is told as things happen comes to what it would be told whole, and is nothing when it is no concern."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from realvpc.api.core.sweep import everything
from realvpc.api.machine_report import interfaces_settled, machine_down, machine_up
from realvpc.clock import Clock
from realvpc.net.machine import MachineSpec, Wanted
from realvpc.net.table import put
from realvpc.node_view import NodeView

from .conftest import MAIN, TOKYO, Client, new_service
from .told_node import ToldNode


@pytest.fixture
def hosted(clock: Clock) -> Client:
    return Client(new_service(clock, has_fabric=True), MAIN, TOKYO)


@pytest.fixture
def node(hosted: Client) -> Iterator[ToldNode]:
    node = ToldNode(hosted.service)
    yield node
    node.check(hosted.service.state)


def launch(client: Client, subnet_id: str) -> str:
    launched = client(
        "RunInstances",
        ImageId="resolve:ssm:/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64",
        InstanceType="t2.micro",
        MinCount=1,
        MaxCount=1,
        SubnetId=subnet_id,
    )
    instance_id: str = launched["Instances"][0]["InstanceId"]
    return instance_id


def vpc_with_subnet(client: Client) -> tuple[str, str]:
    vpc_id: str = client("CreateVpc", CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
    return vpc_id, client("CreateSubnet", VpcId=vpc_id, CidrBlock="10.20.0.0/24")["Subnet"]["SubnetId"]


def test_the_life_of_an_instance(hosted: Client, node: ToldNode) -> None:
    _, subnet_id = vpc_with_subnet(hosted)
    instance_id = launch(hosted, subnet_id)
    assert [spec.id for spec in node.told[-1].machines] == [instance_id]
    hosted.service.report(machine_up(instance_id, 1), "test")
    hosted("StopInstances", InstanceIds=[instance_id])
    assert [spec.wanted for spec in node.told[-1].machines] == [Wanted.STOPPED]
    hosted.service.report(machine_down(instance_id, 1), "test")
    hosted("StartInstances", InstanceIds=[instance_id])
    assert [spec.boot for spec in node.told[-1].machines] == [2]
    hosted("TerminateInstances", InstanceIds=[instance_id])
    node.check(hosted.service.state)
    hosted.service.report(everything, "reset")
    assert (node.told[-1].gone, node.told[-1].ended) == ((instance_id,), (instance_id,))


def test_what_dhcp_tells_reaches_all_machines_of_the_vpc(hosted: Client, node: ToldNode) -> None:
    vpc_id, subnet_id = vpc_with_subnet(hosted)
    machines = {launch(hosted, subnet_id) for _ in range(3)}
    options = [{"Key": "domain-name-servers", "Values": ["10.20.0.53"]}]
    options_id = hosted("CreateDhcpOptions", DhcpConfigurations=options)["DhcpOptions"]["DhcpOptionsId"]
    before = len(node.told)
    assert hosted("AssociateDhcpOptions", VpcId=vpc_id, DhcpOptionsId=options_id) is not None
    assert len(node.told) == before + 1
    assert {spec.id for spec in node.told[-1].machines if isinstance(spec, MachineSpec)} == machines
    assert not node.told[-1].plan


def test_tags_names_and_keys_are_no_concern_of_the_nodes(hosted: Client, node: ToldNode) -> None:
    vpc_id, subnet_id = vpc_with_subnet(hosted)
    instance_id = launch(hosted, subnet_id)
    interface_id = hosted("DescribeNetworkInterfaces")["NetworkInterfaces"][0]["NetworkInterfaceId"]
    before = len(node.told)
    ids = [vpc_id, subnet_id, instance_id, interface_id]
    hosted("CreateTags", Resources=ids, Tags=[{"Key": "Name", "Value": "x"}])
    hosted("DeleteTags", Resources=ids)
    hosted("CreateKeyPair", KeyName="k", KeyType="ed25519")
    hosted("CreateDhcpOptions", DhcpConfigurations=[{"Key": "domain-name", "Values": ["a.example"]}])
    hosted("ModifyInstanceAttribute", InstanceId=instance_id, DisableApiTermination={"Value": True})
    assert len(node.told) == before


def test_a_row_that_is_put_as_it_was_is_no_news(hosted: Client, node: ToldNode) -> None:
    _, subnet_id = vpc_with_subnet(hosted)
    launch(hosted, subnet_id)
    before = len(node.told)
    network = hosted.service.state.network
    rows = (*network.vpcs.values(), *network.interfaces.values(), *network.security_groups.values())
    hosted.service.report(lambda ctx: put(*(replace(row, tags={}) for row in rows)), "test")
    assert len(node.told) == before


def test_an_interface_has_come_or_gone_when_the_node_was_told_and_has_done_it(hosted: Client) -> None:
    _, subnet_id = vpc_with_subnet(hosted)
    instance_id = launch(hosted, subnet_id)
    hosted.service.report(machine_up(instance_id, 1), "test")
    interface_id = hosted("CreateNetworkInterface", SubnetId=subnet_id)["NetworkInterface"]["NetworkInterfaceId"]
    node = ToldNode(hosted.service)
    attached = hosted("AttachNetworkInterface", NetworkInterfaceId=interface_id, InstanceId=instance_id, DeviceIndex=1)
    told = hosted.service.revision
    assert [link.device_name for link in node.told[-1].machines[0].links] == ["eth0", "eth1"]
    assert not node.view.settled(told - 1, ())
    assert not node.view.settled(told, {instance_id}), "something is wrong with the machine"
    hosted("CreateTags", Resources=[interface_id], Tags=[{"Key": "Name", "Value": "spare"}])
    this = {"NetworkInterfaceId": interface_id}
    hosted("ModifyNetworkInterfaceAttribute", **this, Description={"Value": "the node has no use for it"})
    assert node.view.settled(told, ()) == {interface_id}
    late = NodeView(hosted.service.state, hosted.service.revision, "")
    assert late.settled(hosted.service.revision, ()) == {interface_id}, "as after a start of the API process"

    hosted("DetachNetworkInterface", AttachmentId=attached["AttachmentId"])
    assert [link.device_name for link in node.told[-1].machines[0].links] == ["eth0"]
    assert not node.view.settled(told, ())
    assert node.view.settled(hosted.service.revision, ()) == {interface_id}
    hosted.service.report(interfaces_settled(frozenset({interface_id})), "test")
    assert not node.view.settled(hosted.service.revision, ())
    node.check(hosted.service.state)
