"""What AWS's clients in an instance read to find AWS's endpoint and to trust it (SDKs and Tools Reference Guide,
"Service-specific endpoints")."""

from __future__ import annotations

from .services import ENDPOINT_URL

_SERVICES_OF_CLIENTS = {  # by their names in settings
    "CLOUDWATCH_LOGS": "logs.{region}",
    "EC2": "ec2.{region}",
    "IAM": "iam",
    "ROUTE_53": "route53",
    "SERVICE_QUOTAS": "servicequotas.{region}",
    "SSM": "ssm.{region}",
    "STS": "sts.{region}",
}
BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
_BUNDLE_VARIABLES = ("AWS_CA_BUNDLE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")


def variables_of_clients(region: str) -> dict[str, str]:
    """What programs in an instance read to find AWS's endpoint, by the names that it has everywhere, and to trust it.

    What is not here is asked for at ENDPOINT_NAME, where another emulator may answer.
    """
    endpoints = {
        f"AWS_ENDPOINT_URL_{name}": f"https://{label.format(region=region)}.amazonaws.com"
        for name, label in _SERVICES_OF_CLIENTS.items()
    }
    return {
        "AWS_DEFAULT_REGION": region,
        "AWS_ENDPOINT_URL": ENDPOINT_URL,
        **endpoints,
        "AWS_REGION": region,
        **dict.fromkeys(_BUNDLE_VARIABLES, BUNDLE),
    }


def is_of_clients(name: str) -> bool:
    return name.startswith("AWS_") or name in _BUNDLE_VARIABLES
