"""The Names: an immutable snapshot of what resolvers answer from, and of what DHCP tells machines."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from .dhcp_options import DhcpOptions, default_options, default_options_id
from .domain_name import WILDCARD, ancestors
from .hosted_zone import HostedZone, RecordSet
from .hostnames import internal_domain
from .table import Snapshot, Table
from .vpc import Vpc

AWS_DOMAIN = "amazonaws.com."


class Names(Snapshot):
    """Hosted zones with their records, and sets of DHCP options."""

    TYPES = (HostedZone, RecordSet, DhcpOptions)

    __slots__ = ()

    @property
    def hosted_zones(self) -> Table[HostedZone]:
        return self.table(HostedZone)

    @property
    def record_sets(self) -> Table[RecordSet]:
        return self.table(RecordSet)

    @property
    def dhcp_options(self) -> Table[DhcpOptions]:
        return self.table(DhcpOptions)

    def hosted_zones_of(self, vpc_id: str) -> Collection[HostedZone]:
        """The private zones that answer in the VPC, whoever owns them."""
        return self.hosted_zones.where(_zone_vpc_ids, vpc_id)

    def hosted_zone_for(self, vpc_id: str, name: str) -> HostedZone | None:
        """The private zone that answers for a canonical name in the VPC: of those that hold it, the most specific one.

        What such a zone does not have does not exist in the VPC, whatever the internet says (Route 53 developer guide,
        "Considerations when working with a private hosted zone").
        """
        zones = {zone.name: zone for zone in self.hosted_zones_of(vpc_id)}
        return next((zones[domain] for domain in ancestors(name) if domain in zones), None)

    def public_hosted_zone_for(self, name: str) -> HostedZone | None:
        """The public zone that answers for a canonical name on the built-in internet: the most specific one.

        Of several with the same name it is the first one, as if that had been registered.  A stranger takes no part of
        a domain that was somebody's before, unless that has an NS record for it (RFC 1034, section 4.2.1); a top-level
        domain is nobody's, and AWS's own has no zones here.
        """
        domains = list(ancestors(name))
        if AWS_DOMAIN in domains:
            return None
        zones = [zone for domain in domains if (zone := self._registered(domain))]
        return next((zone for zone in zones if not any(self._keeps(other, zone) for other in zones)), None)

    def _registered(self, domain: str) -> HostedZone | None:
        zones = self.hosted_zones.where(_public_zone_name, domain)
        return min(zones, key=lambda zone: (zone.created_at, zone.id), default=None)

    def _keeps(self, zone: HostedZone, part: HostedZone) -> bool:
        """Whether ``part``, below ``zone`` or the same, would be taken from whoever had ``zone`` before."""
        older = zone.created_at < part.created_at and zone.account != part.account and zone.name.count(".") > 1
        if not older or not part.name.endswith(f".{zone.name}"):
            return False
        return not any(row.type == "NS" for row in self.record_sets.where(_zone_id_and_name, (zone.id, part.name)))

    def record_sets_of(self, zone_id: str) -> Collection[RecordSet]:
        return self.record_sets.where(_zone_id, zone_id)

    def record_sets_at(self, zone: HostedZone, name: str) -> Collection[RecordSet] | None:
        """The record sets that answer for a canonical name of the zone: its own, or else the wildcard's (RFC 4592).

        Empty when the name exists and has no records, because there are names under it.  None when it does not exist.
        """
        for domain in ancestors(name):
            if self.record_sets.where(_names_at_or_above, (zone.id, domain)):
                if domain != name:  # the closest encloser: its wildcard stands for all that is not there
                    return self.record_sets.where(_zone_id_and_name, (zone.id, f"{WILDCARD}.{domain}")) or None
                return self.record_sets.where(_zone_id_and_name, (zone.id, name))
            if domain == zone.name:
                break
        return None

    def dhcp_options_of(self, vpc: Vpc) -> DhcpOptions | None:
        """The VPC's set, if it has one."""
        stored = self.dhcp_options.get(vpc.dhcp_options_id)
        if stored is None and vpc.dhcp_options_id == default_options_id(vpc.account, vpc.region):
            return default_options(vpc.account, vpc.region)
        return stored

    def domain_of(self, vpc: Vpc) -> str:
        """The domain in which the VPC's machines believe themselves."""
        options = self.dhcp_options_of(vpc)
        return options.search_domains[0] if options and options.search_domains else internal_domain(vpc.region)


# The functions below name the tables' indexes.


def _zone_vpc_ids(row: HostedZone) -> Iterable[str]:
    return (vpc.vpc_id for vpc in row.vpcs)


def _public_zone_name(row: HostedZone) -> Iterable[str]:
    return () if row.is_private else (row.name,)


def _zone_id(row: RecordSet) -> Iterable[str]:
    return (row.zone_id,)


def _zone_id_and_name(row: RecordSet) -> Iterable[tuple[str, str]]:
    return ((row.zone_id, row.name),)


def _names_at_or_above(row: RecordSet) -> Iterable[tuple[str, str]]:
    return ((row.zone_id, domain) for domain in ancestors(row.name))
