"""The lives of gateways, endpoints, addresses, lists, logs and exclusions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from realvpc.api.machine_report import machine_failed, machine_removed, machine_up
from realvpc.net.quotas import ROUTES_PER_TABLE

from ..build import make_internet_gateway, make_subnet, make_vpc
from ..conftest import Client, give_quota
from ..ec2.test_flow_logs import make_role, wanted
from .life import NO, Ids, Life, place

# -- NAT gateways ------------------------------------------------------------------------------------------------------


def _nat_gateway(connectivity: str, *steps: str) -> Callable[[Client], Ids]:
    def make(client: Client) -> Ids:
        vpc_id = make_vpc(client)
        request = {"SubnetId": make_subnet(client, vpc_id), "ConnectivityType": connectivity}
        if connectivity == "public":  # without a way out
            request["AllocationId"] = client("AllocateAddress")["AllocationId"]
        gateway = client("CreateNatGateway", **request)["NatGateway"]["NatGatewayId"]
        if "delete" in steps:
            client("DeleteNatGateway", NatGatewayId=gateway)
        table = client("CreateRouteTable", VpcId=vpc_id)["RouteTable"]["RouteTableId"]
        return {"it": gateway, "table": table}

    return make


GONE = "NatGatewayNotFound"
NAT_GATEWAY = Life(
    states={
        "available": _nat_gateway("private"),
        "failed": _nat_gateway("public"),
        "deleted": _nat_gateway("private", "delete"),
    },
    asked={
        "DeleteNatGateway": lambda ids: {"NatGatewayId": ids["it"]},
        "AssignPrivateNatGatewayAddress": lambda ids: {"NatGatewayId": ids["it"], "PrivateIpAddressCount": 1},
        "AssociateNatGatewayAddress": lambda ids: {"NatGatewayId": ids["it"], "AllocationIds": ["eipalloc-1"]},
    },
    answers={
        "available": (NO, NO, "UnsupportedOperation"),
        "failed": (NO, GONE, GONE),
        "deleted": (NO, GONE, GONE),
    },
    unknown=GONE,
    seen=lambda client, ids: client("DescribeNatGateways", NatGatewayIds=[ids["it"]])["NatGateways"][0]["State"],
)

# -- endpoints ---------------------------------------------------------------------------------------------------------


def _vpc_endpoint(client: Client) -> Ids:
    request = {"VpcId": make_vpc(client), "ServiceName": f"com.amazonaws.{client.region}.s3"}
    return {"it": client("CreateVpcEndpoint", **request)["VpcEndpoint"]["VpcEndpointId"]}


def _deleted_vpc_endpoint(client: Client) -> Ids:
    ids = _vpc_endpoint(client)
    client("DeleteVpcEndpoints", VpcEndpointIds=[ids["it"]])
    return ids


def _endpoint_state(client: Client, ids: Ids) -> str:
    rows = client("DescribeVpcEndpoints")["VpcEndpoints"]
    return str(rows[0]["State"]) if rows else "deleted"


NO_ENDPOINT = "InvalidVpcEndpointId.NotFound"
VPC_ENDPOINT = Life(
    states={"available": _vpc_endpoint, "deleted": _deleted_vpc_endpoint},
    asked={
        "ModifyVpcEndpoint": lambda ids: {"VpcEndpointId": ids["it"], "ResetPolicy": True},
        "DeleteVpcEndpoints": lambda ids: {"VpcEndpointIds": [ids["it"]]},
    },
    answers={"available": (NO, NO), "deleted": (NO_ENDPOINT, "InvalidVpcEndpoint.NotFound")},
    unknown=NO_ENDPOINT,
    seen=_endpoint_state,
)


def _connect_endpoint(*steps: str) -> Callable[[Client], Ids]:
    def make(client: Client) -> Ids:
        made = client("CreateInstanceConnectEndpoint", SubnetId=place(client))["InstanceConnectEndpoint"]
        ids = {"it": str(made["InstanceConnectEndpointId"])}
        for step in steps:
            if step == "up":
                client.service.report(machine_up(ids["it"]), "test")
            elif step == "fail":
                client.service.report(machine_failed(ids["it"], "why"), "test")
            elif step == "modify":
                client("ModifyInstanceConnectEndpoint", **_modified(ids))
            elif step == "removed":
                client.service.report(machine_removed(ids["it"]), "test")
            else:
                client("DeleteInstanceConnectEndpoint", InstanceConnectEndpointId=ids["it"])
        return ids

    return make


def _modified(ids: Ids) -> dict[str, Any]:
    return {"InstanceConnectEndpointId": ids["it"], "PreserveClientIp": False}


def _connect_endpoint_state(client: Client, ids: Ids) -> str:
    rows = client("DescribeInstanceConnectEndpoints")["InstanceConnectEndpoints"]
    return str(rows[0]["State"]) if rows else "deleted"


NO_CONNECT_ENDPOINT = "InvalidInstanceConnectEndpointId.NotFound"
CONNECT_ENDPOINT = Life(
    states={
        "create-in-progress": _connect_endpoint(),
        "create-complete": _connect_endpoint("up"),
        "create-failed": _connect_endpoint("fail"),
        "update-complete": _connect_endpoint("up", "modify"),
        "update-failed": _connect_endpoint("up", "fail"),
        "delete-in-progress": _connect_endpoint("up", "delete"),
        "deleted": _connect_endpoint("up", "delete", "removed"),
    },
    asked={
        "ModifyInstanceConnectEndpoint": _modified,
        "DeleteInstanceConnectEndpoint": lambda ids: {"InstanceConnectEndpointId": ids["it"]},
    },
    answers={
        "create-in-progress": ("IncorrectState", NO),
        "create-complete": (NO, NO),
        "create-failed": ("IncorrectState", NO),
        "update-complete": (NO, NO),
        "update-failed": (NO, NO),
        "delete-in-progress": ("IncorrectState", NO),
        "deleted": (NO_CONNECT_ENDPOINT, NO_CONNECT_ENDPOINT),
    },
    unknown=NO_CONNECT_ENDPOINT,
    seen=_connect_endpoint_state,
)

# -- addresses, lists, logs, exclusions --------------------------------------------------------------------------------


def _elastic_ip(client: Client) -> Ids:
    made = client("CreateNetworkInterface", SubnetId=place(client))["NetworkInterface"]
    allocation = client("AllocateAddress")["AllocationId"]
    return {"it": allocation, "interface": made["NetworkInterfaceId"], "association": "eipassoc-00000000000000001"}


def _associate(ids: Ids) -> dict[str, Any]:
    return {"AllocationId": ids["it"], "NetworkInterfaceId": ids["interface"], "AllowReassociation": False}


def _associated(client: Client) -> Ids:
    ids = _elastic_ip(client)
    return ids | {"association": client("AssociateAddress", **_associate(ids))["AssociationId"]}


ELASTIC_IP = Life(
    states={"free": _elastic_ip, "associated": _associated},
    asked={
        "AssociateAddress": _associate,
        "DisassociateAddress": lambda ids: {"AssociationId": ids["association"]},
        "ReleaseAddress": lambda ids: {"AllocationId": ids["it"]},
    },
    answers={
        "free": (NO, "InvalidAssociationID.NotFound", NO),
        "associated": (NO, NO, "InvalidIPAddress.InUse"),  # the same once more is no other
    },
    unknown="InvalidAllocationID.NotFound",
    seen=lambda client, ids: (
        "associated" if client("DescribeAddresses")["Addresses"][0].get("AssociationId") else "free"
    ),
)


def _prefix_list(*steps: str) -> Callable[[Client], Ids]:
    def make(client: Client) -> Ids:
        entries = [{"Cidr": "198.18.0.0/24"}]
        request: dict[str, Any] = {"PrefixListName": "l", "MaxEntries": 2, "AddressFamily": "IPv4", "Entries": entries}
        made = client("CreateManagedPrefixList", **request)["PrefixList"]["PrefixListId"]
        for step in steps:
            if step == "modify":
                client("ModifyManagedPrefixList", PrefixListId=made, AddEntries=[{"Cidr": "198.18.1.0/24"}])
            elif step == "restore":
                client("RestoreManagedPrefixListVersion", PrefixListId=made, PreviousVersion=1, CurrentVersion=2)
            elif step == "use":
                vpc_id = make_vpc(client)
                [table] = client("DescribeRouteTables")["RouteTables"]
                target = {"GatewayId": make_internet_gateway(client, vpc_id)}
                client("CreateRoute", RouteTableId=table["RouteTableId"], DestinationPrefixListId=made, **target)
            elif step == "grow":
                give_quota(client.service, ROUTES_PER_TABLE, 100)
                client("ModifyManagedPrefixList", PrefixListId=made, MaxEntries=101)
            else:
                client("DeleteManagedPrefixList", PrefixListId=made)
        return {"it": made}

    return make


LIST = {"create-complete": (), "modify-complete": ("modify",), "restore-complete": ("modify", "restore")}
LIST |= {"delete-failed": ("use", "delete"), "modify-failed": ("use", "grow")}
PREFIX_LIST = Life(
    states={state: _prefix_list(*steps) for state, steps in LIST.items()},
    asked={
        "ModifyManagedPrefixList": lambda ids: {"PrefixListId": ids["it"], "PrefixListName": "m"},
        "RestoreManagedPrefixListVersion": lambda ids: {
            "PrefixListId": ids["it"],
            "PreviousVersion": 1,
            "CurrentVersion": 2,
        },
        "DeleteManagedPrefixList": lambda ids: {"PrefixListId": ids["it"]},
    },
    answers={
        "create-complete": (NO, "PrefixListVersionMismatch", NO),
        "modify-complete": (NO, NO, NO),
        "restore-complete": (NO, "PrefixListVersionMismatch", NO),
        "delete-failed": (NO, "PrefixListVersionMismatch", NO),
        "modify-failed": (NO, "PrefixListVersionMismatch", NO),
    },
    unknown="InvalidPrefixListID.NotFound",
    seen=lambda client, ids: client("DescribeManagedPrefixLists", PrefixListIds=[ids["it"]])["PrefixLists"][0]["State"],
)


def _flow_log(client: Client) -> Ids:
    [made] = client("CreateFlowLogs", **wanted(make_vpc(client), role=make_role(client)))["FlowLogIds"]
    return {"it": made}


def _deleted_flow_log(client: Client) -> Ids:
    ids = _flow_log(client)
    client("DeleteFlowLogs", FlowLogIds=[ids["it"]])
    return ids


FLOW_LOG = Life(
    states={"ACTIVE": _flow_log, "deleted": _deleted_flow_log},
    asked={"DeleteFlowLogs": lambda ids: {"FlowLogIds": [ids["it"]]}},
    answers={"ACTIVE": (NO,), "deleted": ("InvalidFlowLogId.NotFound",)},
    unknown="InvalidFlowLogId.NotFound",
    seen=lambda client, ids: (client("DescribeFlowLogs")["FlowLogs"] or [{"FlowLogStatus": "deleted"}])[0][
        "FlowLogStatus"
    ],
)


def _exclusion(*steps: str) -> Callable[[Client], Ids]:
    def make(client: Client) -> Ids:
        request = {"VpcId": make_vpc(client), "InternetGatewayExclusionMode": "allow-egress"}
        made = client("CreateVpcBlockPublicAccessExclusion", **request)["VpcBlockPublicAccessExclusion"]
        ids = {"it": str(made["ExclusionId"])}
        if "modify" in steps:
            client("ModifyVpcBlockPublicAccessExclusion", **_other_mode(ids))
        if "delete" in steps:
            client("DeleteVpcBlockPublicAccessExclusion", ExclusionId=ids["it"])
        return ids

    return make


def _other_mode(ids: Ids) -> dict[str, Any]:
    return {"ExclusionId": ids["it"], "InternetGatewayExclusionMode": "allow-bidirectional"}


def _exclusion_state(client: Client, ids: Ids) -> str:
    rows = client("DescribeVpcBlockPublicAccessExclusions")["VpcBlockPublicAccessExclusions"]
    return str(rows[0]["State"]) if rows else "deleted"


NO_EXCLUSION = "InvalidVpcBlockPublicAccessExclusionId.NotFound"
EXCLUSION = Life(
    states={
        "create-complete": _exclusion(),
        "update-complete": _exclusion("modify"),
        "deleted": _exclusion("modify", "delete"),
    },
    asked={
        "ModifyVpcBlockPublicAccessExclusion": _other_mode,
        "DeleteVpcBlockPublicAccessExclusion": lambda ids: {"ExclusionId": ids["it"]},
    },
    answers={
        "create-complete": (NO, NO),
        "update-complete": (NO, NO),
        "deleted": (NO_EXCLUSION, NO_EXCLUSION),
    },
    unknown=NO_EXCLUSION,
    seen=_exclusion_state,
)


def _group(*steps: str) -> Callable[[Client], Ids]:
    def make(client: Client) -> Ids:
        vpc_id = make_vpc(client, "10.30.0.0/16")
        subnet_id = make_subnet(client, vpc_id, "10.30.0.0/24")
        made = client("CreateSecurityGroup", GroupName="g", Description="d", VpcId=make_vpc(client))["GroupId"]
        ids = {"it": made, "vpc": vpc_id}
        for step in steps:
            if step == "associate":
                client("AssociateSecurityGroupVpc", **_to_vpc(ids))
            else:
                client("CreateNetworkInterface", SubnetId=subnet_id, Groups=[made])
        return ids

    return make


def _to_vpc(ids: Ids) -> dict[str, Any]:
    return {"GroupId": ids["it"], "VpcId": ids["vpc"]}


def _group_state(client: Client, ids: Ids) -> str:
    if client("DescribeNetworkInterfaces")["NetworkInterfaces"]:
        return "in use"
    rows = client("DescribeSecurityGroupVpcAssociations")["SecurityGroupVpcAssociations"]
    return str(rows[0]["State"]) if rows else "alone"


GROUP_ASSOCIATION = Life(
    states={"alone": _group(), "associated": _group("associate"), "in use": _group("associate", "use")},
    asked={
        "AssociateSecurityGroupVpc": _to_vpc,
        "DisassociateSecurityGroupVpc": _to_vpc,
        "DeleteSecurityGroup": lambda ids: {"GroupId": ids["it"]},
    },
    answers={
        "alone": (NO, "InvalidParameterValue", NO),
        "associated": (NO, NO, "DependencyViolation"),
        "in use": (NO, "DependencyViolation", "DependencyViolation"),
    },
    unknown="InvalidGroup.NotFound",
    seen=_group_state,
)
