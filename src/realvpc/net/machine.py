"""What a host is told of a workload: the machine to run and its links.  Pure data, checked where it is decoded.

The host builds paths and configuration out of these values, so every string has a pattern: `msgspec` refuses a message
in which one does not match (constructing a struct in Python does not check).
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, ClassVar, Literal, Self, TypeAlias

from msgspec import Meta, Struct

from .clients import variables_of_clients

_HEX_ID = r"(?:[0-9a-f]{8}|[0-9a-f]{17})\Z"
_IP = r"^[0-9a-fA-F:.]{2,45}\Z"
_DNS_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
MAXIMUM_DOMAIN_LENGTH = 189  # with the longest label before it, a domain name of RFC 1035

InstanceId = Annotated[str, Meta(pattern=f"^i-{_HEX_ID}")]
ConnectingId = Annotated[str, Meta(pattern=f"^(?:i|eice|nlb)-{_HEX_ID}")]  # of what connections may begin at
ApplianceId = Annotated[str, Meta(pattern=f"^(?:eice|nat|nlb|vpce|vpn)-{_HEX_ID}")]
InterfaceId = Annotated[str, Meta(pattern=f"^eni-{_HEX_ID}")]
MacAddress = Annotated[str, Meta(pattern=r"^[0-9a-f]{2}(?::[0-9a-f]{2}){5}\Z")]
IpText = Annotated[str, Meta(pattern=_IP)]
PrefixText = Annotated[str, Meta(pattern=r"^[0-9a-fA-F:.]{2,45}/[0-9]{1,3}\Z")]
ImageContent = Annotated[str, Meta(pattern=r"^image-[0-9a-f]{17}\Z")]
AuthorizedKey = Annotated[str, Meta(pattern=r"^ssh-(?:rsa|ed25519) [A-Za-z0-9+/]+=* [ -~]{1,255}\Z", max_length=2048)]
Hostname = Annotated[str, Meta(pattern=rf"^{_DNS_LABEL}\Z")]
Domain = Annotated[str, Meta(pattern=rf"^{_DNS_LABEL}(?:\.{_DNS_LABEL})*\Z", max_length=MAXIMUM_DOMAIN_LENGTH)]
Certificate = Annotated[
    str,
    Meta(pattern=r"^(?:-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\n)?\Z", max_length=8192),
]
Argument = Annotated[str, Meta(max_length=131072, pattern=r"^[^\x00]*\Z")]  # of a program

Region = Annotated[str, Meta(pattern=r"^[a-z]{2,8}(?:-[a-z]{2,16}){1,3}-[0-9]{1,2}\Z")]

MAXIMUM_DEVICE_INDEX = 63
MAXIMUM_FORWARDS, MAXIMUM_TARGETS = 4096, 1024  # of an appliance, and of a forward
DEFAULT_PIDS = 4096
DEFAULT_VOLUME_BYTES = 8 << 30  # Amazon Linux's


class LinkSpec(Struct, frozen=True, kw_only=True):
    """One network interface of a machine: `eth<device_index>` inside."""

    interface_id: InterfaceId
    mac_address: MacAddress
    address: IpText  # the primary private address, or a link-local one
    prefix_length: Annotated[int, Meta(ge=0, le=128)]  # of the subnet
    gateway: IpText | None  # the VPC's router in the subnet; None: IPv4 leads to the link-local services and no further
    mtu: Annotated[int, Meta(ge=576, le=9216)]
    device_index: Annotated[int, Meta(ge=0, le=MAXIMUM_DEVICE_INDEX)] = 0
    prefixes: Annotated[tuple[PrefixText, ...], Meta(max_length=64)] = ()  # delegated: what its root makes of them
    more_addresses: Annotated[tuple[IpText, ...], Meta(max_length=64)] = ()  # the secondary private ones
    ipv6_addresses: Annotated[tuple[IpText, ...], Meta(max_length=64)] = ()
    ipv6_prefix_length: Annotated[int, Meta(ge=0, le=128)] = 128  # of the subnet

    @property
    def device_name(self) -> str:
        return f"eth{self.device_index}"


class Wanted(StrEnum):
    """What should become of a machine."""

    RUNNING = "running"
    STOPPED = "stopped"  # its disk is kept
    TERMINATED = "terminated"  # nothing of it is kept


class WorkloadSpec(Struct, frozen=True, kw_only=True):
    """A machine that a host runs, whatever it is for.  A higher `boot` than the one that ran means: start it again.

    A machine that went down by itself stays down until `boot` grows, as a shut-down instance does.
    """

    id: str  # each kind says of what form
    hostname: Hostname  # ip-10-20-0-207
    links: tuple[LinkSpec, ...]
    vcpus: Annotated[float, Meta(gt=0, le=1024)]
    memory_bytes: Annotated[int, Meta(ge=1 << 24, le=1 << 50)]
    pids: Annotated[int, Meta(ge=16, le=1 << 22)] = DEFAULT_PIDS
    volume_bytes: Annotated[int, Meta(ge=1 << 20, le=1 << 50)] = DEFAULT_VOLUME_BYTES
    boot: Annotated[int, Meta(ge=1, le=1 << 62)] = 1
    wanted: Wanted = Wanted.RUNNING
    image: ImageContent | None = None  # of which its disk is made; None: of the host's own programs


class MachineSpec(WorkloadSpec, frozen=True, kw_only=True, tag="instance"):
    """The machine of an instance."""

    disk_is_kept: ClassVar[bool] = True  # it is a user's: deleted when somebody has asked for it, and never otherwise
    forwarding: ClassVar[None] = None  # its root decides

    id: InstanceId
    domain: Domain  # ap-northeast-1.compute.internal
    region: Region
    user_data: Annotated[bytes, Meta(max_length=16384)] | None = None  # for the first boot
    authorized_key: AuthorizedKey | None = None  # who may come in over SSH, as ec2-user
    name_servers: Annotated[tuple[IpText, ...], Meta(max_length=8)] = ()
    search: Annotated[tuple[Domain, ...], Meta(max_length=128)] = ()

    @property
    def program(self) -> tuple[str, ...]:
        """What it runs: the image's init."""
        return ("/etc/init",)

    @property
    def environment(self) -> dict[str, str]:
        """What AWS's clients in the machine need to know, besides what metadata tells them."""
        return variables_of_clients(self.region)

    @property
    def resolv_conf(self) -> str:
        """What resolv.conf(5) reads: the names are told anew at every boot, as by DHCP."""
        search = (f"search {' '.join(self.search)}",) if self.search else ()
        return "".join(f"{line}\n" for line in (*search, *(f"nameserver {server}" for server in self.name_servers)))

    @property
    def fqdn(self) -> str:
        return f"{self.hostname}.{self.domain}"


_Port = Annotated[int, Meta(ge=1, le=65535)]


class Target(Struct, frozen=True):
    """Where a connection may go on to."""

    address: IpText
    port: _Port


_Targets: TypeAlias = Annotated[tuple[Target, ...], Meta(max_length=MAXIMUM_TARGETS)]


class _Arrival(Struct, frozen=True, kw_only=True):
    """What arrives by a link for an address and port of it, and from where it goes on."""

    protocol: Literal["tcp", "udp"]
    interface_id: InterfaceId  # the link by which it comes
    address: IpText
    port: _Port
    source_interface_id: InterfaceId  # the link by which it goes on
    source: IpText


class Forward(_Arrival, frozen=True, kw_only=True):
    """What arrives goes on to one of `targets`, from `source`.

    All addresses are of one family.  Those of two links may be equal, so each comes with its link.  Without targets,
    connections are refused.  Those by TCP to a target that has `ended` are reset with the next that their client says,
    unless it is among the targets of any forward; to one that is not named any more they go on.
    """

    targets: _Targets
    ended: _Targets = ()


_Place = Annotated[int, Meta(ge=0, lt=2 * MAXIMUM_FORWARDS)]


class ToldForward(_Arrival, frozen=True, kw_only=True):
    """A `Forward` as it is told: its targets are named by their place in the lists beside it."""

    targets: _Place
    ended: _Place


class Forwarding(Struct, frozen=True):
    """All that a balancer forwards.  Forwards that share a tuple of targets are told it once."""

    told: Annotated[tuple[ToldForward, ...], Meta(max_length=MAXIMUM_FORWARDS)] = ()
    lists: Annotated[tuple[_Targets, ...], Meta(max_length=2 * MAXIMUM_FORWARDS)] = ()

    def __post_init__(self) -> None:
        if any(max(each.targets, each.ended) >= len(self.lists) for each in self.told):
            raise ValueError("targets that are named are not told")

    @classmethod
    def of(cls, forwards: Iterable[Forward]) -> Self:
        """Looks at no target: that two tuples are the same is seen by their being one."""
        given = tuple(forwards)
        lists = {id(targets): targets for each in given for targets in (each.targets, each.ended)}
        places = {name: place for place, name in enumerate(lists)}
        told = (
            ToldForward(
                **{name: getattr(each, name) for name in _Arrival.__struct_fields__},
                targets=places[id(each.targets)],
                ended=places[id(each.ended)],
            )
            for each in given
        )
        return cls(tuple(told), tuple(lists.values()))

    def forwards(self) -> tuple[Forward, ...]:
        """With the lists that they share."""
        return tuple(
            Forward(
                **{name: getattr(each, name) for name in _Arrival.__struct_fields__},
                targets=self.lists[each.targets],
                ended=self.lists[each.ended],
            )
            for each in self.told
        )


class ApplianceSpec(WorkloadSpec, frozen=True, kw_only=True, tag="appliance"):
    """The machine of a gateway or an endpoint: one program between its links, which ends with it."""

    disk_is_kept: ClassVar[bool] = False  # nothing is on it that somebody could miss

    id: ApplianceId
    program: Annotated[tuple[Argument, ...], Meta(min_length=1)]
    forwarding: Forwarding | None = None  # None: no balancer

    @property
    def environment(self) -> dict[str, str]:
        return {}

    @property
    def resolv_conf(self) -> str:
        return ""


Workload: TypeAlias = MachineSpec | ApplianceSpec
