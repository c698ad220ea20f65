"""The machines that hosts should run, as the state has it, and what a change makes of them."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator

from msgspec import Struct

from realvpc.net import indexes, mtu
from realvpc.net.addresses import Address, Cidr
from realvpc.net.dhcp_options import AMAZON_PROVIDED_DNS, DhcpOptions
from realvpc.net.endpoint_service import EndpointServiceConfiguration
from realvpc.net.hostnames import hostname
from realvpc.net.instance import Instance, InstanceState
from realvpc.net.instance_connect_endpoint import InstanceConnectEndpoint
from realvpc.net.instance_types import INSTANCE_TYPES
from realvpc.net.link_local import resolver_of
from realvpc.net.listener import Listener
from realvpc.net.load_balancer import LoadBalancer
from realvpc.net.load_balancing import forwards_of, links_of, size_of, users_of_group, users_of_owner, users_of_target
from realvpc.net.machine import DEFAULT_VOLUME_BYTES, ApplianceSpec, Forwarding, LinkSpec, MachineSpec, Wanted, Workload
from realvpc.net.network import Network
from realvpc.net.network_interface import NetworkInterface
from realvpc.net.peering import Peering
from realvpc.net.remains import Remains
from realvpc.net.resource import Resource
from realvpc.net.subnet import Subnet
from realvpc.net.table import Change
from realvpc.net.target_group import TargetGroup
from realvpc.net.volume import Volume
from realvpc.net.vpc import Vpc
from realvpc.net.vpc_endpoint import VpcEndpoint
from realvpc.store.state import State

_WANTED = {
    InstanceState.PENDING: Wanted.RUNNING,
    InstanceState.RUNNING: Wanted.RUNNING,
    InstanceState.STOPPING: Wanted.STOPPED,
    InstanceState.STOPPED: Wanted.STOPPED,
    InstanceState.SHUTTING_DOWN: Wanted.TERMINATED,
}


_PLACE_VCPUS, _PLACE_BYTES, _PLACE_PIDS = 0.1, 32 << 20, 16


class MachinesDelta(Struct, frozen=True):
    """What becomes of the machines that a change concerns; nothing becomes of the others."""

    machines: tuple[Workload, ...] = ()  # new, or specified otherwise
    gone: tuple[str, ...] = ()  # not to be any more
    ended: tuple[str, ...] = ()  # whose remains the host has to remove
    removed: tuple[str, ...] = ()  # whose remains it has removed

    def __bool__(self) -> bool:
        return bool(self.machines or self.gone or self.ended or self.removed)


def workload_specs(state: State) -> tuple[Workload, ...]:
    """The machines of instances, and those of appliances, by their ids."""
    network = state.network
    doors = (_door(network, row) for _, row in sorted(network.instance_connect_endpoints.items()))
    balancers = (_balancer(network, row) for _, row in sorted(network.load_balancers.items()))
    return (*machine_specs(state), *doors, *balancers)


def machine_specs(state: State) -> tuple[MachineSpec, ...]:
    """One machine per instance that is not terminated, by instance id."""
    specs = (_machine_of(state, instance_id) for instance_id in sorted(state.network.instances))
    return tuple(spec for spec in specs if spec is not None)


def machines_delta(before: State, after: State, change: Change) -> MachinesDelta:
    """What the change makes of the machines: it has led from one state to the other."""
    affected = sorted(machines_affected(before, after, change))
    specs = {name: (_spec_of(before, name), _spec_of(after, name)) for name in affected}
    return MachinesDelta(
        machines=tuple(new for old, new in specs.values() if new is not None and new != old),
        gone=tuple(name for name, (old, new) in specs.items() if old is not None and new is None),
        ended=tuple(row.id for row in change.puts if isinstance(row, Remains)),
        removed=tuple(row.id for row in change.deletes if isinstance(row, Remains)),
    )


def work_of(before: State, after: State, change: Change) -> int:
    """What `machines_delta` looks at: the rows of the change, and what load balancers concerned forward, to whom."""
    affected = machines_affected(before, after, change)
    sizes = (
        size_of(state.network, balancer)
        for state in (before, after)
        for name in affected
        if (balancer := state.network.load_balancers.get(name)) is not None
    )
    return len(change) + sum(sizes)


def machines_affected(before: State, after: State, change: Change) -> set[str]:
    """The ids of the instances and appliances whose machines, and what they forward, may follow from the change."""
    return {name for row in change.puts + change.deletes for name in _affected(before, after, row)}


def _affected(before: State, after: State, row: Resource) -> Iterator[str]:
    """The ids of the instances and appliances whose machines follow from the row."""
    for state in (before, after):
        network = state.network
        match row:
            case InstanceConnectEndpoint() | LoadBalancer():
                yield row.id
            case Instance():
                yield row.id
                yield from users_of_target(network, row.id)
            case VpcEndpoint():
                yield from users_of_owner(network, row.id)
            case EndpointServiceConfiguration():
                yield from row.load_balancer_ids
            case Listener():
                yield row.load_balancer_id
            case TargetGroup():
                yield from users_of_group(network, row.id)
            case Volume():
                yield from _holders(state.inventory.volumes.get(row.id))
            case NetworkInterface():
                interface = network.interfaces.get(row.id)
                for owner in _owners(interface):
                    yield owner
                    yield from users_of_owner(network, owner)
                for address in indexes.node_addresses(interface) if interface else ():
                    yield from users_of_target(network, str(address))
            case Peering():
                for side in (row.requester, row.accepter):
                    yield from (each.id for each in network.load_balancers.where(indexes.vpc_id, side.vpc_id))
            case Vpc() if _told(before, row.id) != _told(after, row.id):
                yield from _instances(*network.interfaces_in_vpc(row.id))
            case Subnet() if _blocks(before, row.id) != _blocks(after, row.id):
                yield from _instances(*network.interfaces_in_subnet(row.id))
                yield from (each.id for each in network.load_balancers.where(indexes.vpc_id, row.vpc_id))
            case DhcpOptions():
                for vpc in network.vpcs.where(indexes.dhcp_options_id, row.id):
                    if _told(before, vpc.id) != _told(after, vpc.id):
                        yield from _instances(*network.interfaces_in_vpc(vpc.id))


def _told(state: State, vpc_id: str) -> object:
    """What the machines of a VPC are told of it."""
    vpc = state.network.vpcs.get(vpc_id)
    if vpc is None:
        return None
    options = state.names.dhcp_options_of(vpc)
    return vpc.resolver, options.options if options else None


def _blocks(state: State, subnet_id: str) -> tuple[Cidr, ...]:
    subnet = state.network.subnets.get(subnet_id)
    return subnet.blocks if subnet else ()


def _holders(*volumes: Volume | None) -> Iterator[str]:
    return (row.instance_id for row in volumes if row is not None and row.instance_id is not None)


def _owners(*interfaces: NetworkInterface | None) -> Iterator[str]:
    attachments = (row.attachment for row in interfaces if row is not None)
    return (each.owner_id for each in attachments if each is not None)


def _instances(*interfaces: NetworkInterface | None) -> Iterator[str]:
    attachments = (row.attachment for row in interfaces if row is not None)
    return (each.instance_id for each in attachments if each is not None and each.instance_id is not None)


def _spec_of(state: State, name: str) -> Workload | None:
    network = state.network
    if (endpoint := network.instance_connect_endpoints.get(name)) is not None:
        return _door(network, endpoint)
    if (balancer := network.load_balancers.get(name)) is not None:
        return _balancer(network, balancer)
    return _machine_of(state, name)


def _machine_of(state: State, instance_id: str) -> MachineSpec | None:
    instance = state.network.instances.get(instance_id)
    return _machine(state, instance) if instance is not None and instance.state in _WANTED else None


def _machine(state: State, instance: Instance) -> MachineSpec:
    network = state.network
    interfaces = network.wanted_interfaces_of(instance.id)
    kind = INSTANCE_TYPES[instance.instance_type]
    vpc = network.vpcs[interfaces[0].vpc_id]
    options = state.names.dhcp_options_of(vpc)
    root = state.inventory.root_volume_of(instance)
    return MachineSpec(
        id=instance.id,
        hostname=hostname(instance, interfaces[0]),
        domain=state.names.domain_of(vpc),
        region=instance.region,
        links=tuple(_link(network, interface) for interface in interfaces),
        vcpus=kind.vcpus,
        memory_bytes=kind.memory_mib << 20,
        volume_bytes=root.size_gib << 30 if root else DEFAULT_VOLUME_BYTES,
        boot=instance.boot,
        wanted=_WANTED[instance.state],
        image=instance.image_content,
        user_data=base64.b64decode(instance.user_data) if instance.user_data else None,
        authorized_key=instance.authorized_key,
        name_servers=_name_servers(options, resolver_of(network, interfaces[0])),
        search=options.search_domains if options else (),
    )


def _door(network: Network, endpoint: InstanceConnectEndpoint) -> ApplianceSpec:
    """Where the endpoint's connections begin."""
    return _place(network, endpoint, "instance-connect-endpoint", network.interfaces_of(endpoint.id))


def _balancer(network: Network, balancer: LoadBalancer) -> ApplianceSpec:
    """Where connections arrive and go on."""
    forwarding = Forwarding.of(forwards_of(network, balancer))
    return _place(network, balancer, "load-balancer", links_of(network, balancer), forwarding)


def _place(
    network: Network,
    owner: InstanceConnectEndpoint | LoadBalancer,
    hostname: str,
    interfaces: Iterable[NetworkInterface],
    forwarding: Forwarding | None = None,
) -> ApplianceSpec:
    """Nothing runs there, but what keeps the place."""
    return ApplianceSpec(
        id=owner.id,
        hostname=hostname,
        links=tuple(_link(network, interface) for interface in interfaces),
        vcpus=_PLACE_VCPUS,
        memory_bytes=_PLACE_BYTES,
        pids=_PLACE_PIDS,
        volume_bytes=_PLACE_BYTES,
        boot=owner.boot,
        wanted=Wanted.TERMINATED if owner.is_leaving else Wanted.RUNNING,
        program=("/bin/sleep", "infinity"),
        forwarding=forwarding,
    )


def _name_servers(options: DhcpOptions | None, resolver: Address) -> tuple[str, ...]:
    servers = options.name_servers if options else ()
    return tuple(str(resolver) if server == AMAZON_PROVIDED_DNS else server for server in servers)


def _link(network: Network, interface: NetworkInterface) -> LinkSpec:
    subnet = network.subnets[interface.subnet_id]
    return LinkSpec(
        interface_id=interface.id,
        mac_address=interface.mac_address,
        address=str(interface.ipv4_on_link),
        prefix_length=subnet.ipv4_link.prefix_length,
        gateway=None if subnet.is_ipv6_native else str(subnet.router),
        mtu=mtu.INTERFACE,
        device_index=interface.attachment.device_index if interface.attachment else 0,
        more_addresses=tuple(map(str, interface.private_addresses[1:])),
        prefixes=tuple(map(str, (*interface.ipv4_prefixes, *interface.ipv6_prefixes))),
        ipv6_addresses=tuple(map(str, interface.ipv6_addresses)),
        ipv6_prefix_length=subnet.ipv6_cidr.prefix_length if subnet.ipv6_cidr else 128,
    )
