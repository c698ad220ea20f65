"""VPCs that name their hosts, for questions to their resolvers; change one thing and ask again."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from realvpc.dns.resolve import Resolution, resolve
from realvpc.net.addresses import Cidr
from realvpc.net.peering import Peering, PeeringStatus
from realvpc.net.resource import Resource
from realvpc.net.table import put
from realvpc.net.vpc import CidrAssociation, Vpc
from realvpc.store.state import State
from tests.worlds import peering, vpc_with_instance

TOKYO, VIRGINIA = "ap-northeast-1", "us-east-1"


def named_vpc(name: str, cidr: str, address: str, *, region: str = TOKYO, public: str | None = None) -> list[Resource]:
    """As ``vpc_with_instance``, with both DNS attributes on, in any Region."""
    rows = [replace(row, region=region) for row in vpc_with_instance(name, cidr, address, public=public)]
    return [replace(row, enable_dns_hostnames=True) if isinstance(row, Vpc) else row for row in rows]


def world() -> State:
    """a and b in Tokyo and v in Virginia hold private space, p in Tokyo holds space that is not; nobody is peered."""
    return State.of(
        *named_vpc("a", "10.20.0.0/16", "10.20.0.207", public="198.18.0.10"),
        *named_vpc("b", "10.30.0.0/16", "10.30.4.69", public="198.18.0.11"),
        *named_vpc("p", "100.64.0.0/16", "100.64.0.5", public="198.18.0.12"),
        *named_vpc("v", "10.99.0.0/16", "10.99.0.7", region=VIRGINIA, public="198.18.0.13"),
    )


def peered(
    state: State,
    a: str,
    b: str,
    *,
    a_allows: bool = False,
    b_allows: bool = False,
    status: PeeringStatus = PeeringStatus.ACTIVE,
) -> State:
    """With ``pcx-ab``; ``a_allows``: the side of ``vpc-a`` lets the other resolve its names."""
    row: Peering = peering(a, b, status)
    sides = [
        replace(side, region=state.network.vpcs[side.vpc_id].region, allow_dns_resolution=allows)
        for side, allows in ((row.requester, a_allows), (row.accepter, b_allows))
    ]
    return state.apply(put(replace(row, requester=sides[0], accepter=sides[1])))


def changed(world: State, kind: type[Resource], row_id: str, **values: Any) -> State:
    return world.apply(put(replace(world.table(kind)[row_id], **values)))


def with_block(state: State, vpc_id: str, cidr: str) -> State:
    vpc = state.network.vpcs[vpc_id]
    more = (*vpc.cidr_associations, CidrAssociation(f"{vpc_id}-2", Cidr.parse(cidr)))
    return changed(state, Vpc, vpc_id, cidr_associations=more)


def ask(state: State, vpc_id: str, name: str, record_type: str = "A") -> Resolution:
    return resolve(state, state.network.vpcs[vpc_id], name.lower() + ("" if name.endswith(".") else "."), record_type)


def answer(state: State, vpc_id: str, name: str, record_type: str = "A") -> str:
    """The values of the last record set, or what the answer says instead: ``NXDOMAIN``, ``NODATA``, ``SERVFAIL``."""
    found = ask(state, vpc_id, name, record_type)
    if found.outcome.value != "NOERROR":
        return found.outcome.value
    if found.authority is not None:
        return "NODATA"
    return " ".join(found.answer[-1].values)
