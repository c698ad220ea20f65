"""Quotas as data (VPC guide and peering guide, "Quotas"), with the raised ceilings where a default can be raised."""

PEERINGS_PER_VPC = 50  # active; adjustable to 125
OUTSTANDING_PEERING_REQUESTS = 25  # per requesting account and Region
ROUTES_PER_TABLE = 50  # per address family
ROUTE_TABLES_PER_VPC = 200
VPCS_PER_REGION = 100  # raised: the default is 5
SUBNETS_PER_VPC = 200
CIDRS_PER_VPC = 5
RULES_PER_SECURITY_GROUP = 60  # per direction and address family
SECURITY_GROUPS_PER_INTERFACE = 5
SECURITY_GROUPS_PER_REGION = 2500
INTERNET_GATEWAYS_PER_REGION = VPCS_PER_REGION  # AWS raises the two together
TAGS_PER_RESOURCE = 50
INSTANCE_VCPUS_PER_REGION = 4096  # running on-demand standard instances; AWS raises it with use
HOSTED_ZONES_PER_ACCOUNT = 500
RECORD_SETS_PER_ZONE = 10_000
VPCS_PER_HOSTED_ZONE = 300
VPC_AUTHORIZATIONS_PER_HOSTED_ZONE = 1000
