"""Service-linked roles that accounts may ask for by themselves, as data (IAM guide, "Service-linked roles"; the guides
of the services)."""

from __future__ import annotations

from msgspec import Struct


class ServiceLinked(Struct, frozen=True):
    """The role and the policy of AWS's that it carries; ``takes_suffix``: an account may have several."""

    role: str
    policy: str
    takes_suffix: bool = False


SERVICE_LINKED: dict[str, ServiceLinked] = {
    "autoscaling.amazonaws.com": ServiceLinked(
        "AWSServiceRoleForAutoScaling", "AutoScalingServiceRolePolicy", takes_suffix=True
    ),
    "batch.amazonaws.com": ServiceLinked("AWSServiceRoleForBatch", "BatchServiceRolePolicy"),
    "cloudtrail.amazonaws.com": ServiceLinked("AWSServiceRoleForCloudTrail", "CloudTrailServiceRolePolicy"),
    "config.amazonaws.com": ServiceLinked("AWSServiceRoleForConfig", "AWSConfigServiceRolePolicy"),
    "ec2-instance-connect.amazonaws.com": ServiceLinked(
        "AWSServiceRoleForEC2InstanceConnect", "Ec2InstanceConnectEndpoint"
    ),
    "ec2fleet.amazonaws.com": ServiceLinked("AWSServiceRoleForEC2Fleet", "AWSEC2FleetServiceRolePolicy"),
    "ecs.amazonaws.com": ServiceLinked("AWSServiceRoleForECS", "AmazonECSServiceRolePolicy"),
    "eks.amazonaws.com": ServiceLinked("AWSServiceRoleForAmazonEKS", "AmazonEKSServiceRolePolicy"),
    "elasticache.amazonaws.com": ServiceLinked("AWSServiceRoleForElastiCache", "ElastiCacheServiceRolePolicy"),
    "elasticfilesystem.amazonaws.com": ServiceLinked(
        "AWSServiceRoleForAmazonElasticFileSystem", "AmazonElasticFileSystemServiceRolePolicy"
    ),
    "elasticloadbalancing.amazonaws.com": ServiceLinked(
        "AWSServiceRoleForElasticLoadBalancing", "AWSElasticLoadBalancingServiceRolePolicy"
    ),
    "es.amazonaws.com": ServiceLinked(
        "AWSServiceRoleForAmazonElasticsearchService", "AmazonElasticsearchServiceRolePolicy"
    ),
    "guardduty.amazonaws.com": ServiceLinked("AWSServiceRoleForAmazonGuardDuty", "AmazonGuardDutyServiceRolePolicy"),
    "ipam.amazonaws.com": ServiceLinked("AWSServiceRoleForIPAM", "AWSIPAMServiceRolePolicy"),
    "delivery.logs.amazonaws.com": ServiceLinked("AWSServiceRoleForLogDelivery", "AWSServiceRoleForLogDeliveryPolicy"),
    "network-firewall.amazonaws.com": ServiceLinked(
        "AWSServiceRoleForNetworkFirewall", "AWSNetworkFirewallServiceRolePolicy"
    ),
    "networkmanager.amazonaws.com": ServiceLinked(
        "AWSServiceRoleForNetworkManager", "AWSNetworkManagerServiceRolePolicy"
    ),
    "opensearchservice.amazonaws.com": ServiceLinked(
        "AWSServiceRoleForAmazonOpenSearchService", "AmazonOpenSearchServiceRolePolicy"
    ),
    "ram.amazonaws.com": ServiceLinked(
        "AWSServiceRoleForResourceAccessManager", "AWSResourceAccessManagerServiceRolePolicy"
    ),
    "rds.amazonaws.com": ServiceLinked("AWSServiceRoleForRDS", "AmazonRDSServiceRolePolicy"),
    "reachabilityanalyzer.networkinsights.amazonaws.com": ServiceLinked(
        "AWSServiceRoleForReachabilityAnalyzer", "AWSReachabilityAnalyzerServiceRolePolicy"
    ),
    "route53resolver.amazonaws.com": ServiceLinked(
        "AWSServiceRoleForRoute53Resolver", "Route53ResolverServiceRolePolicy"
    ),
    "s2svpn.amazonaws.com": ServiceLinked("AWSServiceRoleForVPCS2SVPN", "AWSVPCS2SVpnServiceRolePolicy"),
    "spot.amazonaws.com": ServiceLinked("AWSServiceRoleForEC2Spot", "AWSEC2SpotServiceRolePolicy"),
    "spotfleet.amazonaws.com": ServiceLinked("AWSServiceRoleForEC2SpotFleet", "AWSEC2SpotFleetServiceRolePolicy"),
    "ssm.amazonaws.com": ServiceLinked("AWSServiceRoleForAmazonSSM", "AmazonSSMServiceRolePolicy"),
    "support.amazonaws.com": ServiceLinked("AWSServiceRoleForSupport", "AWSSupportServiceRolePolicy"),
    "transitgateway.amazonaws.com": ServiceLinked(
        "AWSServiceRoleForVPCTransitGateway", "AWSVPCTransitGatewayServiceRolePolicy"
    ),
    "vpc-lattice.amazonaws.com": ServiceLinked("AWSServiceRoleForVpcLattice", "AWSVpcLatticeServiceRolePolicy"),
}
"""By the service's principal."""
