"""What two accounts do in two Regions, one thing after the other: what is refused changes nothing, whatever is done
keeps the state sound, nodes follow, and a restart finds all of it again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from itertools import product
from random import Random

import pytest

from realvpc.api.machine_report import interfaces_settled, machine_down, machine_failed, machine_removed, machine_up
from realvpc.api.service import Service
from realvpc.clock import Clock
from realvpc.net.instance import InstanceState
from realvpc.net.network_interface import AttachmentStatus
from realvpc.store.database import Database
from realvpc.store.state import RESOURCE_TYPES, State

from . import invariants
from .conftest import MAIN, OTHER, TOKYO, VIRGINIA, Client, new_service
from .ec2.test_flow_logs import make_role
from .random_owner import Owner, Request
from .told_node import ToldNode

ACTIONS: tuple[tuple[str, Callable[[Owner], Request]], ...] = (
    ("CreateVpc", Owner.new_vpc), *[("DeleteVpc", Owner.old_vpc)] * 2, *[("CreateSubnet", Owner.new_subnet)] * 3,
    ("DeleteSubnet", Owner.one_subnet), ("CreateInternetGateway", Owner.nothing),
    *[("AttachInternetGateway", Owner.gateway_to_vpc)] * 2, ("DetachInternetGateway", Owner.attached_gateway),
    *[("CreateRoute", Owner.new_route)] * 2, ("ReplaceRoute", Owner.other_route), ("DeleteRoute", Owner.old_route),
    *[("AllocateAddress", Owner.nothing)] * 2, ("AssociateAddress", Owner.associate_address),
    ("DisassociateAddress", Owner.disassociate_address), ("ReleaseAddress", Owner.release_address),
    *[("CreateNatGateway", Owner.new_nat_gateway)] * 2, ("DeleteNatGateway", Owner.nat_gateway),
    ("AssociateNatGatewayAddress", Owner.more_public_nat), ("DisassociateNatGatewayAddress", Owner.less_public_nat),
    ("AssignPrivateNatGatewayAddress", Owner.more_private_nat),
    ("UnassignPrivateNatGatewayAddress", Owner.less_private_nat),
    *[("CreateVpcEndpoint", Owner.new_endpoint)] * 2, *[("ModifyVpcEndpoint", Owner.change_endpoint)] * 3,
    ("DeleteVpcEndpoints", Owner.old_endpoints), *[("CreateNetworkAcl", Owner.new_acl)] * 2,
    ("CreateNetworkAclEntry", Owner.acl_entry), ("ReplaceNetworkAclEntry", Owner.other_acl_entry),
    ("DeleteNetworkAclEntry", Owner.old_acl_entry), ("ReplaceNetworkAclAssociation", Owner.place_acl),
    ("DeleteNetworkAcl", Owner.old_acl), *[("CreateFlowLogs", Owner.new_flow_log)] * 2,
    ("DeleteFlowLogs", Owner.old_flow_logs), ("CreateInstanceConnectEndpoint", Owner.new_connect_endpoint),
    ("ModifyInstanceConnectEndpoint", Owner.change_connect_endpoint),
    ("DeleteInstanceConnectEndpoint", Owner.connect_endpoint), ("CreateLaunchTemplate", Owner.new_template),
    *[("CreateLaunchTemplateVersion", Owner.new_version)] * 2, ("ModifyLaunchTemplate", Owner.default_version),
    ("DeleteLaunchTemplateVersions", Owner.old_versions), ("DeleteLaunchTemplate", Owner.old_template),
    *[("RunInstances", Owner.launch)] * 3, ("StartInstances", Owner.instances), ("StopInstances", Owner.instances),
    ("TerminateInstances", Owner.instances), ("CreateVolume", Owner.new_volume), ("DeleteVolume", Owner.volume),
    *[("AttachVolume", Owner.attach_volume)] * 2, ("DetachVolume", Owner.held_volume),
    ("ModifyVolume", Owner.grow_volume),
    ("CreateSnapshot", Owner.volume), ("DeleteSnapshot", Owner.snapshot),
    *[("CreateNetworkInterface", Owner.new_interface)] * 2, *[("AttachNetworkInterface", Owner.attach_interface)] * 2,
    ("DetachNetworkInterface", Owner.detach_interface), ("DeleteNetworkInterface", Owner.old_interface),
    ("CreateManagedPrefixList", Owner.new_list), ("ModifyManagedPrefixList", Owner.change_list),
    ("DeleteManagedPrefixList", Owner.old_list), *[("CreateVpcPeeringConnection", Owner.new_peering)] * 2,
    *[("AcceptVpcPeeringConnection", Owner.peering)] * 2, ("DeleteVpcPeeringConnection", Owner.peering),
    ("CreateVpcBlockPublicAccessExclusion", Owner.exclude), ("DeleteVpcBlockPublicAccessExclusion", Owner.exclusion),
    ("ModifyVpcBlockPublicAccessOptions", Owner.block), ("CreateSecurityGroup", Owner.new_group),
    *[("AssociateSecurityGroupVpc", Owner.group_in_vpc)] * 2, ("DisassociateSecurityGroupVpc", Owner.group_out_of_vpc),
    ("DeleteSecurityGroup", Owner.old_group),
)  # fmt: skip

STEPS, RESTART_EVERY, LOOK_EVERY = 2000, 400, 5


def reports(service: Service, random: Random) -> None:
    """What hosts say by now of some of their machines, and what time alone does not do."""
    network = service.state.network
    for row in sorted(network.instances.values(), key=lambda row: row.id):
        if random.random() < 0.7:
            continue
        if row.state is InstanceState.PENDING:
            fact = machine_failed(row.id, "no", row.boot) if random.random() < 0.1 else machine_up(row.id, row.boot)
            service.report(fact, "test")
        elif row.state in (InstanceState.STOPPING, InstanceState.SHUTTING_DOWN):
            service.report(machine_down(row.id, row.boot), "test")
    for endpoint in sorted(network.instance_connect_endpoints):
        service.report(machine_up(endpoint) if random.random() < 0.8 else machine_failed(endpoint, "no"), "test")
    moving = (AttachmentStatus.ATTACHING, AttachmentStatus.DETACHING)
    rows = [row for row in network.interfaces.values() if row.attachment and row.attachment.status in moving]
    service.report(interfaces_settled(frozenset(row.id for row in rows)), "test")
    for left in sorted(service.state.tokens.remains):
        service.report(machine_removed(left), "test")


def everything(state: State) -> dict[str, object]:
    rooms = (state.network, state.names, state.inventory, state.directory, state.tokens, state.logs)
    return {kind.__name__: dict(room.table(kind)) for room in rooms for kind in room.TYPES}


@pytest.mark.parametrize("seed", range(2))
def test_the_state_stays_sound_and_survives_restarts(clock: Clock, seed: int) -> None:
    random, database = Random(seed), Database(":memory:")
    service = new_service(clock, has_fabric=True, database=database)
    roles = {account: make_role(Client(service, account, TOKYO)) for account in (MAIN, OTHER)}
    places = list(product((MAIN, OTHER), (TOKYO, VIRGINIA)))
    node, outcomes = ToldNode(service), Counter[str]()
    for number in range(STEPS):
        account, region = random.choices(places, (5, 2, 2, 1))[0]
        before = service.state
        outcomes[Owner(Client(service, account, region), random, roles[account]).step(ACTIONS)] += 1
        if random.random() < 0.3:
            reports(service, random)
        if service.state is not before and not number % LOOK_EVERY:
            invariants.check(service.state)
            node.check(service.state)
        if number % RESTART_EVERY == RESTART_EVERY - 1:
            before = service.state
            service = new_service(clock, has_fabric=True, database=database)
            node = ToldNode(service)
            assert everything(service.state) == everything(before)
            assert len(everything(before)) == len(RESOURCE_TYPES)
    done = {action for action in outcomes if ": " not in action}
    assert len({action for action, _ in ACTIONS} - done) < 4, outcomes  # of which each is done sooner or later
