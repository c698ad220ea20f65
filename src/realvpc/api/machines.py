"""The machines that hosts should run, as the state has it."""

from __future__ import annotations

import base64

from realvpc.net import mtu
from realvpc.net.dhcp_options import AMAZON_PROVIDED_DNS, DhcpOptions
from realvpc.net.hostnames import hostname
from realvpc.net.instance import Instance, InstanceState
from realvpc.net.instance_types import INSTANCE_TYPES
from realvpc.net.machine import DEFAULT_VOLUME_BYTES, LinkSpec, MachineSpec, Wanted
from realvpc.net.network import Network
from realvpc.net.network_interface import NetworkInterface
from realvpc.net.vpc import Vpc
from realvpc.store.state import State

_WANTED = {
    InstanceState.PENDING: Wanted.RUNNING,
    InstanceState.RUNNING: Wanted.RUNNING,
    InstanceState.STOPPING: Wanted.STOPPED,
    InstanceState.STOPPED: Wanted.STOPPED,
    InstanceState.SHUTTING_DOWN: Wanted.TERMINATED,
}


def machine_specs(state: State) -> tuple[MachineSpec, ...]:
    """One machine per instance that is not terminated, by instance id."""
    instances = state.network.instances
    return tuple(
        _machine(state.network, instances[instance_id])
        for instance_id in sorted(instances)
        if instances[instance_id].state in _WANTED
    )


def _machine(network: Network, instance: Instance) -> MachineSpec:
    interfaces = network.interfaces_of(instance.id)
    kind = INSTANCE_TYPES[instance.instance_type]
    vpc = network.vpcs[interfaces[0].vpc_id]
    options = network.dhcp_options_of(vpc)
    volumes = network.volumes_of(instance.id)
    return MachineSpec(
        id=instance.id,
        hostname=hostname(instance, interfaces[0]),
        domain=network.domain_of(vpc),
        region=instance.region,
        links=tuple(_link(network, interface) for interface in interfaces),
        vcpus=kind.vcpus,
        memory_bytes=kind.memory_mib << 20,
        volume_bytes=volumes[0].size_gib << 30 if volumes else DEFAULT_VOLUME_BYTES,
        boot=instance.boot,
        wanted=_WANTED[instance.state],
        image=instance.image_content,
        user_data=base64.b64decode(instance.user_data) if instance.user_data else None,
        authorized_key=instance.authorized_key,
        name_servers=_name_servers(vpc, options),
        search=options.search_domains if options else (),
    )


def _name_servers(vpc: Vpc, options: DhcpOptions | None) -> tuple[str, ...]:
    servers = options.name_servers if options else ()
    return tuple(str(vpc.resolver) if server == AMAZON_PROVIDED_DNS else server for server in servers)


def _link(network: Network, interface: NetworkInterface) -> LinkSpec:
    subnet = network.subnets[interface.subnet_id]
    return LinkSpec(
        interface_id=interface.id,
        mac_address=interface.mac_address,
        address=str(interface.private_address),
        prefix_length=subnet.cidr.prefix_length,
        gateway=str(subnet.router),
        mtu=mtu.INTERFACE,
        device_index=interface.attachment.device_index if interface.attachment else 0,
    )
