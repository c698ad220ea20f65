"""What people name when they ask: instances, interfaces, addresses, the internet."""

from __future__ import annotations

from msgspec import Struct

from realvpc.net.addresses import Address
from realvpc.net.instance import Instance
from realvpc.net.network import Network
from realvpc.net.network_interface import NetworkInterface
from realvpc.net.resource import Resource
from realvpc.net.services import INTERNET_HOSTS
from realvpc.net.trace import INTERNET

INTERNET_HOST = INTERNET_HOSTS["one.example.com"]
"""A host of the built-in internet that answers."""


class UnknownEndpointError(Exception):
    """The name means nothing here, or more than one thing."""


class Endpoint(Struct, frozen=True):
    """A place that packets leave from or go to.  ``interface_id`` is an id, INTERNET, or None for a bare address."""

    name: str
    interface_id: str | None
    address: Address
    instance_id: str | None = None


def resolve(network: Network, name: str, *, public: bool = False) -> Endpoint:
    """``name`` is an instance id, an interface id, a Name tag of either, an IP address, or ``internet``.

    With ``public`` the endpoint's address is its public one.  Raises UnknownEndpointError.
    """
    if name == INTERNET:
        return Endpoint(name, INTERNET, INTERNET_HOST)
    interface = _interface(network, name)
    if interface is not None:
        address = interface.public_address if public else interface.private_address
        if address is None:
            raise UnknownEndpointError(f"{name} has no public address")
        return Endpoint(name, interface.id, address)
    try:
        return Endpoint(name, None, Address.parse(name))
    except ValueError:
        raise UnknownEndpointError(
            f"{name!r} is no instance, network interface, Name tag or IP address. `realvpc matrix` names the instances"
        ) from None


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


def running(network: Network) -> list[Endpoint]:
    """Every instance that has a machine, by name: the rows and columns of a matrix."""
    instances = [row for row in network.instances.values() if row.machine_wanted]
    endpoints = [
        Endpoint(instance.tags.get("Name", instance.id), interfaces[0].id, interfaces[0].private_address, instance.id)
        for instance in instances
        if (interfaces := network.interfaces_of(instance.id))
    ]
    return sorted(endpoints, key=lambda endpoint: (endpoint.name, endpoint.instance_id or ""))


def _interface(network: Network, name: str) -> NetworkInterface | None:
    if name in network.interfaces:
        return network.interfaces[name]
    instance = network.instances.get(name) or _instance_named(network, name)
    if instance is None:
        return None
    interfaces = network.interfaces_of(instance.id)
    if not interfaces:
        raise UnknownEndpointError(f"{name} has no network interface (state: {instance.state})")
    return interfaces[0]


def _instance_named(network: Network, name: str) -> Instance | None:
    named = [row for row in network.instances.values() if row.tags.get("Name") == name and row.machine_wanted]
    if len(named) > 1:
        raise UnknownEndpointError(f"{len(named)} instances are named {name!r}: use an instance id")
    return named[0] if named else None
