"""The names that AWS gives to addresses and instances (VPC guide, "DNS attributes for your VPC"; EC2 guide, "EC2
instance hostnames and domains").

The API shows them and the resolver (``realvpc.dns``) answers for them: both ask here.  Text without a trailing dot.
"""

from __future__ import annotations

from .addresses import Address
from .instance import Instance
from .network_interface import NetworkInterface
from .vpc import Vpc

HOSTNAME_TYPES = IP_NAME, RESOURCE_NAME = "ip-name", "resource-name"

_OLD_REGION = "us-east-1"  # its names are older than the scheme
_IP, _EC2 = "ip-", "ec2-"


def internal_domain(region: str) -> str:
    """The domain of private names: ``ap-northeast-1.compute.internal``; us-east-1 keeps its old ``ec2.internal``."""
    return "ec2.internal" if region == _OLD_REGION else f"{region}.compute.internal"


def public_domain(region: str) -> str:
    """The domain of public names: ``ap-northeast-1.compute.amazonaws.com``, ``compute-1.amazonaws.com``."""
    return f"{'compute-1' if region == _OLD_REGION else f'{region}.compute'}.amazonaws.com"


def ip_name(address: Address) -> str:
    """``ip-10-20-0-207`` for 10.20.0.207."""
    return _label(_IP, address)


def read_ip_name(label: str) -> Address | None:
    """10.20.0.207 for ``ip-10-20-0-207``."""
    return _read(_IP, label)


def read_public_label(label: str) -> Address | None:
    """198.18.3.7 for ``ec2-198-18-3-7``."""
    return _read(_EC2, label)


def private_dns_name(address: Address, region: str) -> str:
    return f"{ip_name(address)}.{internal_domain(region)}"


def public_dns_name(address: Address, region: str) -> str:
    """``ec2-198-18-3-7.ap-northeast-1.compute.amazonaws.com``."""
    return f"{_label(_EC2, address)}.{public_domain(region)}"


def hostname(instance: Instance, primary: NetworkInterface) -> str:
    """What the machine calls itself, by the instance's hostname type: ``ip-10-20-0-207`` or ``i-…``."""
    address = primary.private_address
    return instance.id if instance.hostname_type == RESOURCE_NAME or address is None else ip_name(address)


def instance_private_name(instance: Instance, primary: NetworkInterface) -> str:
    """``PrivateDnsName`` of an instance, whether or not the VPC's resolver knows it."""
    return f"{hostname(instance, primary)}.{internal_domain(instance.region)}"


def public_name(vpc: Vpc, public: Address | None) -> str | None:
    """The name of a public address that an interface of the VPC has, where the VPC names its hosts."""
    return public_dns_name(public, vpc.region) if public is not None and vpc.names_hosts else None


def _label(prefix: str, address: Address) -> str:
    return prefix + str(address).replace(".", "-")


def _read(prefix: str, label: str) -> Address | None:
    """None for what ``_label`` does not write, as with leading zeros."""
    try:
        address = Address.parse(label.removeprefix(prefix).replace("-", "."))
    except ValueError:
        return None
    return address if address.is_ipv4 and _label(prefix, address) == label else None
