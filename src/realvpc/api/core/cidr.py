"""CIDR blocks in requests."""

from __future__ import annotations

from realvpc.net.addresses import Cidr

from .errors import invalid_parameter_value


def parse_cidr(text: str, parameter: str, *, ipv4: bool = True) -> Cidr:
    """The block in its canonical form: 100.68.0.18/18 is 100.68.0.0/18 (VPC guide, "VPC CIDR blocks").

    ``parameter`` is the wire name; ``ipv4`` tells the family that it takes.  Raises InvalidParameterValue.
    """
    try:
        cidr = Cidr.parse(text)
    except ValueError:
        cidr = None
    if cidr is None or cidr.is_ipv4 is not ipv4:
        raise invalid_parameter_value(
            f"Value ({text}) for parameter {parameter} is invalid. This is not a valid CIDR block."
        )
    return cidr
