"""How to reach each quota: what there has to be, and the request that is refused when the quota is used up."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from realvpc.net import quotas
from realvpc.net.images import AL2023
from realvpc.net.quotas import VOLUME_STORAGE, Quota

from .build import make_dual_stack, make_internet_gateway, make_subnet, make_vpc, make_zone, zone_id_of, zone_vpc
from .conftest import Client
from .ec2.test_flow_logs import make_role, wanted
from .ec2.test_run_instances import IMAGE
from .elasticloadbalancing.limits import OF_BALANCING
from .iam.test_iam import POLICY, TRUST
from .limit import NUMBERS, Limit, Nth, Request
from .ssm.test_document import content

ANYBODY = {"Protocol": "-1", "RuleAction": "allow", "Egress": False, "CidrBlock": "0.0.0.0/0"}


def ec2(action: str, **params: Any) -> Request:
    return "ec2", action, params


def iam(action: str, **params: Any) -> Request:
    return "iam", action, params


def each(request: Callable[[int], Request]) -> Callable[[Client], Nth]:
    """For what needs nothing else."""
    return lambda _: request


def _in_vpc(request: Callable[[Client, str, int], Request]) -> Callable[[Client], Nth]:
    def prepare(client: Client) -> Nth:
        vpc_id = make_vpc(client)
        return lambda number: request(client, vpc_id, number)

    return prepare


def _in_subnet(request: Callable[[Client, str], Request]) -> Callable[[Client], Nth]:
    def prepare(client: Client) -> Nth:
        subnet_id = make_subnet(client, make_vpc(client))
        return lambda _: request(client, subnet_id)

    return prepare


def _vpcs(client: Client) -> dict[int, str]:
    return {number: make_vpc(client, f"10.{number}.0.0/16") for number in NUMBERS}


def _in_a_vpc_each(request: Callable[[str], Request]) -> Callable[[Client], Nth]:
    def prepare(client: Client) -> Nth:
        vpcs = _vpcs(client)
        return lambda number: request(vpcs[number])

    return prepare


def _subnet_of(request: Callable[[str], Request]) -> Callable[[Client], Nth]:
    """A subnet in a VPC each."""

    def prepare(client: Client) -> Nth:
        subnets = {number: make_subnet(client, vpc, f"10.{number}.0.0/24") for number, vpc in _vpcs(client).items()}
        return lambda number: request(subnets[number])

    return prepare


def _rules_of_a_group(client: Client) -> Nth:
    group_id = client("CreateSecurityGroup", GroupName="g", Description="d", VpcId=make_vpc(client))["GroupId"]
    rule = {"GroupId": group_id, "IpProtocol": "tcp", "CidrIp": "0.0.0.0/0"}
    return lambda number: ec2("AuthorizeSecurityGroupIngress", **rule, FromPort=number, ToPort=number)


def _groups_of_an_interface(client: Client) -> Nth:
    vpc_id = make_vpc(client)
    interface = client("CreateNetworkInterface", SubnetId=make_subnet(client, vpc_id))["NetworkInterface"]
    named = [{"GroupName": f"g{number}", "Description": "d", "VpcId": vpc_id} for number in NUMBERS]
    groups = [client("CreateSecurityGroup", **group)["GroupId"] for group in named]
    which = {"NetworkInterfaceId": interface["NetworkInterfaceId"]}
    return lambda number: ec2("ModifyNetworkInterfaceAttribute", **which, Groups=groups[:number])


def _routes(client: Client) -> Nth:
    vpc_id = make_vpc(client)
    table = {"RouteTableId": client("CreateRouteTable", VpcId=vpc_id)["RouteTable"]["RouteTableId"]}
    target = {"GatewayId": make_internet_gateway(client, vpc_id)}
    return lambda number: ec2("CreateRoute", **table, **target, DestinationCidrBlock=f"198.18.{number}.0/24")


def _acl_rules(client: Client) -> Nth:
    acl = client("CreateNetworkAcl", VpcId=make_vpc(client))["NetworkAcl"]["NetworkAclId"]
    return lambda number: ec2("CreateNetworkAclEntry", NetworkAclId=acl, RuleNumber=number, **ANYBODY)


def _addresses_of_public_nat(client: Client) -> Nth:
    vpc_id = make_vpc(client)
    make_internet_gateway(client, vpc_id)
    addresses = [client("AllocateAddress")["AllocationId"] for _ in (0, *NUMBERS)]
    request = {"SubnetId": make_subnet(client, vpc_id), "AllocationId": addresses[0]}
    gateway = client("CreateNatGateway", **request)["NatGateway"]["NatGatewayId"]
    which = {"NatGatewayId": gateway}
    return lambda number: ec2("AssociateNatGatewayAddress", **which, AllocationIds=[addresses[number]])


def _addresses_of_private_nat(client: Client) -> Nth:
    request = {"SubnetId": make_subnet(client, make_vpc(client)), "ConnectivityType": "private"}
    gateway = client("CreateNatGateway", **request)["NatGateway"]["NatGatewayId"]
    return lambda _: ec2("AssignPrivateNatGatewayAddress", NatGatewayId=gateway, PrivateIpAddressCount=1)


def _peerings(client: Client) -> Nth:
    hub, ids = make_vpc(client, "10.20.0.0/16"), {}
    for number, vpc in _vpcs(client).items():
        made = client("CreateVpcPeeringConnection", VpcId=hub, PeerVpcId=vpc)["VpcPeeringConnection"]
        ids[number] = made["VpcPeeringConnectionId"]
    return lambda number: ec2("AcceptVpcPeeringConnection", VpcPeeringConnectionId=ids[number])


def _peering_requests(client: Client) -> Nth:
    hub, vpcs = make_vpc(client, "10.20.0.0/16"), _vpcs(client)
    return lambda number: ec2("CreateVpcPeeringConnection", VpcId=hub, PeerVpcId=vpcs[number])


def _flow_logs(client: Client) -> Nth:
    vpc_id, role = make_vpc(client), make_role(client, name=f"to-{client.region}")
    return lambda number: ec2("CreateFlowLogs", **wanted(vpc_id, role=role, LogGroupName=f"flows-{number}"))


def _versions(client: Client) -> Nth:
    data: dict[str, Any] = {"LaunchTemplateName": "web", "LaunchTemplateData": {"ImageId": IMAGE}}
    client("CreateLaunchTemplate", **data)
    return lambda _: ec2("CreateLaunchTemplateVersion", **data)


def _storage(volume_type: str) -> Limit:
    """A tebibyte each."""
    iops = {"Iops": 100} if volume_type.startswith("io") else {}
    size = {"Size": 1024, "VolumeType": volume_type} | iops
    return Limit(
        "VolumeLimitExceeded",
        lambda client: lambda _: ec2("CreateVolume", AvailabilityZone=f"{client.region}a", **size),
    )


def _snapshots(client: Client) -> Nth:
    volume = client("CreateVolume", AvailabilityZone=f"{client.region}a", Size=1)["VolumeId"]
    return lambda _: ec2("CreateSnapshot", VolumeId=volume)


def _records(client: Client) -> Nth:
    zone = zone_id_of(make_zone(client, "a.example"))

    def record(number: int) -> Request:
        row = {"Name": f"r{number}.a.example", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "10.0.0.1"}]}
        changes = [{"Action": "CREATE", "ResourceRecordSet": row}]
        return "route53", "ChangeResourceRecordSets", {"HostedZoneId": zone, "ChangeBatch": {"Changes": changes}}

    return record


def _vpcs_of_a_zone(action: str) -> Callable[[Client], Nth]:
    def prepare(client: Client) -> Nth:
        zone = zone_id_of(make_zone(client, "a.example", make_vpc(client)))
        vpcs = _vpcs(client)
        return lambda number: ("route53", action, {"HostedZoneId": zone, "VPC": zone_vpc(client, vpcs[number])})

    return prepare


def _policies_of(kind: str) -> Callable[[Client], Nth]:
    def prepare(client: Client) -> Nth:
        trust = {"AssumeRolePolicyDocument": TRUST} if kind == "Role" else {}
        client(f"Create{kind}", of="iam", **{f"{kind}Name": "it"}, **trust)
        named = [{"PolicyName": f"p{number}", "PolicyDocument": POLICY} for number in NUMBERS]
        arns = [client("CreatePolicy", of="iam", **policy)["Policy"]["Arn"] for policy in named]
        return lambda number: iam(f"Attach{kind}Policy", **{f"{kind}Name": "it"}, PolicyArn=arns[number - 1])

    return prepare


def _groups_of_a_user(client: Client) -> Nth:
    client("CreateUser", of="iam", UserName="ada")
    for number in NUMBERS:
        client("CreateGroup", of="iam", GroupName=f"g{number}")
    return lambda number: iam("AddUserToGroup", UserName="ada", GroupName=f"g{number}")


def _keys(client: Client) -> Nth:
    client("CreateUser", of="iam", UserName="ada")
    return lambda _: iam("CreateAccessKey", UserName="ada")


TRUST_SIZE = len("".join(json.dumps({**json.loads(TRUST), "Id": ""}).split()))


def _trust(number: int) -> Request:
    """A character longer each."""
    document = json.dumps({**json.loads(TRUST), "Id": "x" * number})
    return iam("CreateRole", RoleName=f"r{number}", AssumeRolePolicyDocument=document)


def _streams(client: Client) -> Nth:
    client("CreateLogGroup", of="logs", logGroupName="g")
    return lambda number: ("logs", "CreateLogStream", {"logGroupName": "g", "logStreamName": f"s{number}"})


def _parameter(number: int) -> Request:
    return "ssm", "PutParameter", {"Name": f"p{number}", "Value": "v", "Type": "String"}


def _document(number: int) -> Request:
    return "ssm", "CreateDocument", {"Name": f"doc{number}", "Content": content(), "DocumentType": "Command"}


def _zone(number: int) -> Request:
    return "route53", "CreateHostedZone", {"Name": f"z{number}.example", "CallerReference": str(number)}


def _saml(number: int) -> Request:
    metadata = f"<EntityDescriptor>{'x' * 1000}</EntityDescriptor>"
    return iam("CreateSAMLProvider", Name=f"idp{number}", SAMLMetadataDocument=metadata)


def _interface_endpoint(client: Client, vpc_id: str, _: int) -> Request:
    service = f"com.amazonaws.{client.region}.ssm"
    kind = {"VpcEndpointType": "Interface", "PrivateDnsEnabled": False}
    return ec2("CreateVpcEndpoint", VpcId=vpc_id, ServiceName=service, **kind)


def _gateway_endpoint(client: Client, vpc_id: str, _: int) -> Request:
    return ec2("CreateVpcEndpoint", VpcId=vpc_id, ServiceName=f"com.amazonaws.{client.region}.s3")


def _launch(client: Client, subnet_id: str) -> Request:
    image = AL2023.id_in(client.region)
    return ec2("RunInstances", ImageId=image, InstanceType="t3.micro", MinCount=1, MaxCount=1, SubnetId=subnet_id)


def _prefix_list(number: int) -> Request:
    return ec2("CreateManagedPrefixList", PrefixListName=f"l{number}", MaxEntries=1, AddressFamily="IPv4")


def _ipv6_blocks(client: Client) -> Nth:
    vpc_id, _ = make_dual_stack(client)
    return lambda _: ec2("AssociateVpcCidrBlock", VpcId=vpc_id, AmazonProvidedIpv6CidrBlock=True)


LIMITS: dict[Quota, Limit] = {
    **OF_BALANCING,
    quotas.VPCS_PER_REGION: Limit("VpcLimitExceeded", each(lambda _: ec2("CreateVpc", CidrBlock="10.0.0.0/16"))),
    quotas.SUBNETS_PER_VPC: Limit(
        "SubnetLimitExceeded",
        _in_vpc(lambda _, vpc, number: ec2("CreateSubnet", VpcId=vpc, CidrBlock=f"10.20.{number}.0/24")),
    ),
    quotas.CIDRS_PER_VPC: Limit(
        "CidrLimitExceeded",
        _in_vpc(lambda _, vpc, number: ec2("AssociateVpcCidrBlock", VpcId=vpc, CidrBlock=f"10.{20 + number}.0.0/16")),
        there=1,
    ),
    quotas.IPV6_CIDRS_PER_VPC: Limit("CidrLimitExceeded", _ipv6_blocks, there=1),
    quotas.INTERNET_GATEWAYS_PER_REGION: Limit(
        "InternetGatewayLimitExceeded", each(lambda _: ec2("CreateInternetGateway"))
    ),
    quotas.EGRESS_ONLY_INTERNET_GATEWAYS_PER_REGION: Limit(
        "EgressOnlyInternetGatewayLimitExceeded",
        _in_a_vpc_each(lambda vpc: ec2("CreateEgressOnlyInternetGateway", VpcId=vpc)),
    ),
    quotas.NAT_GATEWAYS_PER_ZONE: Limit(
        "NatGatewayLimitExceeded",
        _in_subnet(lambda _, subnet: ec2("CreateNatGateway", SubnetId=subnet, ConnectivityType="private")),
    ),
    quotas.ELASTIC_IPS_PER_NAT_GATEWAY: Limit("AddressLimitExceeded", _addresses_of_public_nat, there=1),
    quotas.PRIVATE_ADDRESSES_PER_NAT_GATEWAY: Limit(
        "PrivateIpAddressLimitExceeded", _addresses_of_private_nat, there=1
    ),
    quotas.GATEWAY_ENDPOINTS_PER_REGION: Limit("VpcEndpointLimitExceeded", _in_vpc(_gateway_endpoint)),
    quotas.INTERFACE_ENDPOINTS_PER_VPC: Limit("VpcEndpointLimitExceeded", _in_vpc(_interface_endpoint)),
    quotas.ROUTE_TABLES_PER_VPC: Limit(
        "RouteTableLimitExceeded", _in_vpc(lambda _, vpc, __: ec2("CreateRouteTable", VpcId=vpc)), there=1
    ),
    quotas.ROUTES_PER_TABLE: Limit("RouteLimitExceeded", _routes),
    quotas.SECURITY_GROUPS_PER_REGION: Limit(
        "SecurityGroupLimitExceeded",
        _in_vpc(lambda _, vpc, n: ec2("CreateSecurityGroup", VpcId=vpc, GroupName=f"g{n}", Description="d")),
        there=1,
    ),
    quotas.RULES_PER_SECURITY_GROUP: Limit("RulesPerSecurityGroupLimitExceeded", _rules_of_a_group),
    quotas.INTERFACES_PER_REGION: Limit(
        "NetworkInterfaceLimitExceeded", _in_subnet(lambda _, subnet: ec2("CreateNetworkInterface", SubnetId=subnet))
    ),
    quotas.SECURITY_GROUPS_PER_INTERFACE: Limit("SecurityGroupsPerInterfaceLimitExceeded", _groups_of_an_interface),
    quotas.NETWORK_ACLS_PER_VPC: Limit(
        "NetworkAclLimitExceeded", _in_vpc(lambda _, vpc, __: ec2("CreateNetworkAcl", VpcId=vpc)), there=1
    ),
    quotas.RULES_PER_NETWORK_ACL: Limit("NetworkAclEntryLimitExceeded", _acl_rules, there=1),
    quotas.PEERINGS_PER_VPC: Limit("ActiveVpcPeeringConnectionPerVpcLimitExceeded", _peerings),
    quotas.OUTSTANDING_PEERING_REQUESTS: Limit("OutstandingVpcPeeringConnectionLimitExceeded", _peering_requests),
    quotas.PREFIX_LISTS_PER_REGION: Limit("PrefixListLimitExceeded", each(_prefix_list)),
    quotas.ELASTIC_IPS_PER_REGION: Limit("AddressLimitExceeded", each(lambda _: ec2("AllocateAddress"))),
    quotas.INSTANCE_VCPUS_PER_REGION: Limit("VcpuLimitExceeded", _in_subnet(_launch), unit=2),
    quotas.LAUNCH_TEMPLATES_PER_REGION: Limit(
        "ResourceLimitExceeded",
        each(
            lambda n: ec2("CreateLaunchTemplate", LaunchTemplateName=f"web{n}", LaunchTemplateData={"ImageId": IMAGE})
        ),
    ),
    quotas.VERSIONS_PER_LAUNCH_TEMPLATE: Limit("VersionLimitExceeded", _versions, there=1),
    quotas.INSTANCE_CONNECT_ENDPOINTS_PER_REGION: Limit(
        "ResourceLimitExceeded", _subnet_of(lambda subnet: ec2("CreateInstanceConnectEndpoint", SubnetId=subnet))
    ),
    quotas.PLACEMENT_GROUPS_PER_REGION: Limit(
        "PlacementGroupLimitExceeded",
        each(lambda n: ec2("CreatePlacementGroup", GroupName=f"g{n}", Strategy="cluster")),
    ),
    **{quota: _storage(volume_type) for volume_type, quota in VOLUME_STORAGE.items()},
    quotas.SNAPSHOTS_PER_REGION: Limit("SnapshotLimitExceeded", _snapshots),
    quotas.HOSTED_ZONES_PER_ACCOUNT: Limit("TooManyHostedZones", each(_zone)),
    quotas.RECORD_SETS_PER_ZONE: Limit("InvalidChangeBatch", _records, there=2),
    quotas.VPCS_PER_HOSTED_ZONE: Limit("LimitsExceeded", _vpcs_of_a_zone("AssociateVPCWithHostedZone"), there=1),
    quotas.VPC_AUTHORIZATIONS_PER_HOSTED_ZONE: Limit(
        "TooManyVPCAssociationAuthorizations", _vpcs_of_a_zone("CreateVPCAssociationAuthorization")
    ),
    quotas.IAM_USERS: Limit("LimitExceeded", each(lambda n: iam("CreateUser", UserName=f"u{n}"))),
    quotas.IAM_GROUPS: Limit("LimitExceeded", each(lambda n: iam("CreateGroup", GroupName=f"g{n}"))),
    quotas.IAM_ROLES: Limit(
        "LimitExceeded", each(lambda n: iam("CreateRole", RoleName=f"r{n}", AssumeRolePolicyDocument=TRUST))
    ),
    quotas.INSTANCE_PROFILES: Limit(
        "LimitExceeded", each(lambda n: iam("CreateInstanceProfile", InstanceProfileName=f"p{n}"))
    ),
    quotas.CUSTOMER_POLICIES: Limit(
        "LimitExceeded", each(lambda n: iam("CreatePolicy", PolicyName=f"p{n}", PolicyDocument=POLICY))
    ),
    quotas.POLICIES_PER_ROLE: Limit("LimitExceeded", _policies_of("Role")),
    quotas.POLICIES_PER_USER: Limit("LimitExceeded", _policies_of("User")),
    quotas.POLICIES_PER_GROUP: Limit("LimitExceeded", _policies_of("Group")),
    quotas.GROUPS_PER_USER: Limit("LimitExceeded", _groups_of_a_user),
    quotas.ACCESS_KEYS_PER_USER: Limit("LimitExceeded", _keys),
    quotas.TRUST_POLICY_LENGTH: Limit("LimitExceeded", each(_trust), there=TRUST_SIZE),
    quotas.OIDC_PROVIDERS: Limit(
        "LimitExceeded", each(lambda n: iam("CreateOpenIDConnectProvider", Url=f"https://idp{n}.example"))
    ),
    quotas.SAML_PROVIDERS: Limit("LimitExceeded", each(_saml)),
    quotas.STANDARD_PARAMETERS: Limit("ParameterLimitExceeded", each(_parameter)),
    quotas.SSM_DOCUMENTS: Limit("DocumentLimitExceeded", each(_document)),
    quotas.FLOW_LOGS_PER_RESOURCE: Limit("FlowLogsLimitExceeded", _flow_logs),
    quotas.LOG_GROUPS: Limit(
        "LimitExceededException", each(lambda n: ("logs", "CreateLogGroup", {"logGroupName": f"g{n}"}))
    ),
    quotas.LOG_STREAMS: Limit("LimitExceededException", _streams),
}
