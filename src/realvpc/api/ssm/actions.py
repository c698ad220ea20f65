"""The table of Systems Manager's actions."""

from __future__ import annotations

from ..core.action import Action, on_all
from . import instance_information, parameter
from .resources import on_parameters

ACTIONS: dict[str, Action] = {
    "DescribeInstanceInformation": Action(instance_information.describe_instance_information, on_all),
    "GetParameter": Action(parameter.get_parameter, on_parameters),
    "GetParameters": Action(parameter.get_parameters, on_parameters),
    "GetParametersByPath": Action(parameter.get_parameters_by_path, on_parameters),
}
