"""What people name when they ask: instances, interfaces, addresses, the internet."""

from __future__ import annotations

from msgspec import Struct

from realvpc.net.addresses import Address
from realvpc.net.instance import Instance, InstanceState
from realvpc.net.network import Network
from realvpc.net.network_interface import NetworkInterface
from realvpc.net.resource import Resource
from realvpc.net.services import INTERNET_HOSTS, IPV6_INTERNET_HOSTS
from realvpc.net.trace import INTERNET

INTERNET_HOST = INTERNET_HOSTS["one.example.com"]
"""A host of the built-in internet that answers."""
INTERNET_IPV6 = IPV6_INTERNET_HOSTS["one.example.com"]


class UnknownEndpointError(Exception):
    """The name means nothing here, or more than one thing."""


class NoNameError(UnknownEndpointError):
    """It means nothing here; elsewhere it may."""


class Endpoint(Struct, frozen=True):
    """A place that packets leave from or go to.  ``interface_id`` is an id, INTERNET, or None for a bare address."""

    name: str
    interface_id: str | None
    address: Address
    instance_id: str | None = None


def resolve(network: Network, name: str, *, public: bool = False, ipv6: bool = False) -> Endpoint:
    """``name`` is an instance id, an interface id, a Name tag of either, an IP address, ``internet``, or the id of an
    interface endpoint, which stands for its first interface.

    With ``public`` the endpoint's address is its public one, with ``ipv6`` its first one of IPv6, which is both.
    Raises UnknownEndpointError.
    """
    if name == INTERNET:
        return Endpoint(name, INTERNET, INTERNET_IPV6 if ipv6 else INTERNET_HOST)
    interface = _interface(network, name)
    if interface is not None:
        return Endpoint(name, interface.id, _address(network, interface, name, public=public, ipv6=ipv6))
    try:
        return Endpoint(name, None, Address.parse(name))
    except ValueError:
        raise NoNameError(
            f"{name!r} is no instance, network interface, Name tag or IP address. `realvpc matrix` names the instances"
        ) from None


def _address(network: Network, interface: NetworkInterface, name: str, *, public: bool, ipv6: bool) -> Address:
    if ipv6:
        if not interface.ipv6_addresses:
            raise UnknownEndpointError(f"{name} has no IPv6 address")
        return interface.ipv6_addresses[0]
    address = network.public_address_of(interface) if public else interface.private_address
    if address is None:
        raise UnknownEndpointError(f"{name} has no {'public' if public else 'IPv4'} address")
    return address


def has_only_ipv6(network: Network, name: str) -> bool:
    """Whether that has addresses, and none of IPv4.  Raises UnknownEndpointError."""
    interface = _interface(network, name)
    return interface is not None and not interface.private_addresses and bool(interface.ipv6_addresses)


def label(network: Network, resource_id: str) -> str:
    """The id, with the Name of the resource where it has one: ``vpc-0a1b… (VPC-A-vpc)``.

    An interface without a Name goes by that of its instance.
    """
    rows = (network.table(kind).get(resource_id) for kind in network.TYPES)
    row = next((row for row in rows if row is not None), None)
    name = _name_of(row)
    if not name and isinstance(row, NetworkInterface):
        name = _name_of(network.instance_of(row))
    return f"{resource_id} ({name})" if name else resource_id


def _name_of(row: Resource | None) -> str | None:
    return row.tags_seen_by(row.account, row.region).get("Name") if row is not None else None


def running(network: Network, *, ipv6: bool = False) -> list[Endpoint]:
    """Every instance that has a machine, by name: the rows and columns of a matrix; with ``ipv6`` those that have an
    IPv6 address."""
    instances = [row for row in network.instances.values() if row.machine_wanted]
    endpoints = [
        Endpoint(instance.tags.get("Name", instance.id), interfaces[0].id, addresses[0], instance.id)
        for instance in instances
        if (interfaces := network.interfaces_of(instance.id))
        and (addresses := interfaces[0].ipv6_addresses if ipv6 else interfaces[0].private_addresses)
    ]
    return sorted(endpoints, key=lambda endpoint: (endpoint.name, endpoint.instance_id or ""))


def _interface(network: Network, name: str) -> NetworkInterface | None:
    if name in network.interfaces:
        return network.interfaces[name]
    if name in network.vpc_endpoints:
        return next(iter(network.interfaces_of(name)), None)
    instance = instance_called(network, name)
    if instance is None:
        return None
    interfaces = network.interfaces_of(instance.id)
    if not interfaces:
        raise UnknownEndpointError(f"{name} has no network interface (state: {instance.state})")
    return interfaces[0]


def instance_called(network: Network, name: str) -> Instance | None:
    """By id or Name tag: of those that have had the name one that runs, else one that may run again, else the last.

    Raises UnknownEndpointError where that is more than one.
    """
    if name in network.instances:
        return network.instances[name]
    named = [row for row in network.instances.values() if row.tags.get("Name") == name]
    there = [row for row in named if row.state is not InstanceState.TERMINATED]
    meant = [row for row in there if row.machine_wanted] or there
    if len(meant) > 1:
        raise UnknownEndpointError(f"{len(meant)} instances are named {name!r}: use an instance id")
    return meant[0] if meant else max(named, key=lambda row: row.launched_at, default=None)
