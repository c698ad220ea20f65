"""botocore's own service models, loaded on first use: the single source of what requests and responses look like."""

from __future__ import annotations

from functools import cache
from typing import Any, TypeAlias, cast

from botocore.loaders import Loader
from botocore.model import ServiceModel

Shape: TypeAlias = Any
"""A `botocore.model.Shape`; botocore has no type annotations."""

SERVICES = (
    "ec2",
    "ec2-instance-connect",
    "elasticloadbalancing",
    "iam",
    "logs",
    "route53",
    "servicequotas",
    "ssm",
    "sts",
)
"""By their names in signatures and policies."""

_NAMES = {"elasticloadbalancing": "elbv2", "servicequotas": "service-quotas"}
"""What botocore calls a service, where it has another name for it."""


@cache
def service_model(service: str) -> ServiceModel:
    """The newest model that botocore has of one of `SERVICES`."""
    name = _NAMES.get(service, service)
    return ServiceModel(Loader().load_service_model(name, "service-2"), name)


def has_operation(service: str, action: str) -> bool:
    """Whether the model has an operation of exactly this name."""
    return action in _operation_names(service)


def input_shape(service: str, action: str) -> Shape | None:
    """The structure of an operation's parameters; None where it has none."""
    return service_model(service).operation_model(action).input_shape


def output_shape(service: str, action: str) -> Shape | None:
    """The structure of an operation's response; None where it has none."""
    return service_model(service).operation_model(action).output_shape


def metadata(service: str, key: str) -> str:
    """A line of the model's metadata, such as `apiVersion`, `xmlNamespace` or `targetPrefix`."""
    return cast("str", service_model(service).metadata[key])


@cache
def _operation_names(service: str) -> frozenset[str]:
    return frozenset(service_model(service).operation_names)
