"""The names that AWS gives to addresses (VPC guide, "DNS attributes for your VPC"; EC2 guide, "hostname types")."""

from __future__ import annotations

from .addresses import Address


def ip_name(address: Address) -> str:
    """``ip-10-20-0-207`` for 10.20.0.207."""
    return "ip-" + str(address).replace(".", "-")


def internal_domain(region: str) -> str:
    """The domain of private names: ``ap-northeast-1.compute.internal``; us-east-1 keeps its old ``ec2.internal``."""
    return "ec2.internal" if region == "us-east-1" else f"{region}.compute.internal"


def private_dns_name(address: Address, region: str) -> str:
    return f"{ip_name(address)}.{internal_domain(region)}"


def public_dns_name(address: Address, region: str) -> str:
    """``ec2-198-18-3-7.ap-northeast-1.compute.amazonaws.com``."""
    domain = "compute-1" if region == "us-east-1" else f"{region}.compute"
    return "ec2-" + str(address).replace(".", "-") + f".{domain}.amazonaws.com"
