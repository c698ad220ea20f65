"""The networks of a service on a fabric: a namespace for each instance, and real packets between them."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from pathlib import Path

from realvpc.api.machines import machine_specs
from realvpc.api.service import Service
from realvpc.fabric import namespace
from realvpc.fabric.fabric import Fabric
from realvpc.net import aws_hosts
from realvpc.net.services import ENDPOINT_IDENTITIES, endpoint_identity_of
from realvpc.net.trace import AWS, ENDPOINTS, INTERNET
from realvpc.node_view import NodeView
from realvpc.store.commit import Commit

from .measured import Place
from .predicted import INTERNET_ADDRESSES

_FORWARDING = {  # what makes a machine a router that says nothing about it
    "ipv4/ip_forward": "1",
    "ipv4/conf/all/send_redirects": "0",
    "ipv4/conf/eth0/send_redirects": "0",
    "ipv4/conf/all/rp_filter": "0",
    "ipv4/conf/eth0/rp_filter": "0",
    "ipv6/conf/all/forwarding": "1",
}


class Host:
    """Follows the service's commits as the node does; what it has brought up it takes down again."""

    def __init__(self, fabric: Fabric, service: Service) -> None:
        self.fabric, self.service = fabric, service
        self.view = NodeView(service.state, service.revision, "state")
        self.places: dict[str, Place] = {}
        fabric.apply(self.view.whole().plan)
        self._open(Place(INTERNET, fabric.namespace(INTERNET), INTERNET_ADDRESSES))
        self._open(Place(AWS, fabric.namespace(AWS), [*aws_hosts.ADDRESSES], named={}))
        self._commits = service.feed.subscribe(Commit)

    def bring_up(self, routers: set[str], endpoints: Iterable[str]) -> None:
        """A namespace for each instance, whose interfaces go by their ids, as do these of endpoints."""
        network = self.service.state.network
        for spec in machine_specs(self.service.state):
            path = self.fabric.ensure_machine(spec.id, spec.links)
            if routers & {link.interface_id for link in spec.links}:
                namespace.run_in(path, _forward)
            for link in spec.links:
                self._open(Place(link.interface_id, path, network.interfaces[link.interface_id].addresses))
        named = {str(endpoint_identity_of(each)): each for each in endpoints}
        self._open(Place(ENDPOINTS, self.fabric.namespace(ENDPOINTS), [ENDPOINT_IDENTITIES.at(1)], named))

    def follow(self) -> None:
        """Let the data plane follow what was committed since."""
        asyncio.run(self._follow())

    async def _follow(self) -> None:
        while self.view.revision < self.service.revision:
            commit = await anext(self._commits)
            assert isinstance(commit, Commit)
            delta = self.view.follow(commit)
            if delta is not None:
                self.fabric.apply_delta(delta.plan.puts, delta.plan.deletes)

    def _open(self, place: Place) -> None:
        namespace.run_in(place.path, place.open)
        self.places[place.name] = place

    def close(self) -> None:
        self._commits.close()
        for place in self.places.values():
            place.close()


def _forward() -> None:
    _set(Path("/proc/sys/net"), _FORWARDING)


def _set(directory: Path, values: Mapping[str, str]) -> None:
    for name, value in values.items():
        (directory / name).write_text(value)
