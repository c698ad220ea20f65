"""What interface endpoints lead to, as data: AWS's services in every Region, the widely used (PrivateLink guide, "AWS
services that integrate with AWS PrivateLink"; the guides of the services say the private names).

AWS's endpoint answers for all of them: of those that are not here, that they are not.
"""

from __future__ import annotations

from collections.abc import Mapping

_HERE = ("ec2", "ec2messages", "elasticloadbalancing", "logs", "s3", "servicequotas", "ssm", "ssmmessages", "sts")
_ELSEWHERE = """
    access-analyzer acm-pca appconfig appconfigdata application-autoscaling appmesh apprunner appsync-api aps
    aps-workspaces athena auditmanager autoscaling autoscaling-plans backup backup-gateway batch bedrock bedrock-agent
    bedrock-agent-runtime bedrock-runtime cassandra cloudcontrolapi cloudformation cloudhsmv2 cloudtrail
    codeartifact.api codeartifact.repositories codebuild codecommit codedeploy codedeploy-commands-secure codepipeline
    comprehend config datasync datazone dms drs ebs ecr.api ecr.dkr ecs ecs-agent ecs-telemetry eks eks-auth
    elasticache elasticbeanstalk elasticbeanstalk-health elasticfilesystem elasticmapreduce
    email-smtp emr-containers emr-serverless events execute-api fis fsx git-codecommit glue guardduty-data imagebuilder
    inspector2 kendra kinesis-firehose kinesis-streams kms lakeformation lambda license-manager macie2 memory-db mgn
    monitoring organizations polly proton rds rds-data redshift redshift-data rekognition rolesanywhere
    route53resolver rum sagemaker.api sagemaker.featurestore-runtime sagemaker.runtime secretsmanager securityhub
    servicecatalog servicediscovery sns sqs ssm-contacts ssm-incidents states storagegateway swf sync-states
    synthetics textract transcribe transfer transfer.server translate verifiedpermissions vpc-lattice workspaces xray
"""
_NAMED_OTHERWISE: Mapping[str, tuple[str, ...]] = {  # in front of the Region; "*" stands for any label
    "appsync-api": ("*.appsync-api",),
    "codeartifact.repositories": ("*.d.codeartifact",),
    "ecr.dkr": ("*.dkr.ecr",),
    "ecs-agent": ("ecs-a",),
    "ecs-telemetry": ("ecs-t",),
    "execute-api": ("*.execute-api",),
    "kinesis-firehose": ("firehose",),
    "kinesis-streams": ("kinesis",),
    "s3": ("s3", "*.s3", "*.s3-accesspoint", "*.s3-control"),
}


def _private_names(label: str) -> tuple[str, ...]:
    """Those of ``ecr.api`` are ``api.ecr``: names of hosts begin with what is smallest."""
    return _NAMED_OTHERWISE.get(label) or (".".join(reversed(label.split("."))),)


INTERFACES: Mapping[str, tuple[str, ...]] = {label: _private_names(label) for label in (*_HERE, *_ELSEWHERE.split())}
"""By what the service is called behind the Region: the private names, in front of the Region."""
