"""The table of Systems Manager's actions."""

from __future__ import annotations

from ..core.context import Action
from . import instance_information, parameter

ACTIONS: dict[str, Action] = {
    "DescribeInstanceInformation": instance_information.describe_instance_information,
    "GetParameter": parameter.get_parameter,
    "GetParameters": parameter.get_parameters,
    "GetParametersByPath": parameter.get_parameters_by_path,
}
