"""The changes of one batch, worked out on a zone's records: all of them or none (Route 53 API Reference,
ChangeResourceRecordSets)."""

from __future__ import annotations

from collections.abc import Iterable

from realvpc.net.domain_name import canonical, is_within
from realvpc.net.hosted_zone import HostedZone, RecordSet
from realvpc.net.table import Change

from ..core.context import Request
from ..core.errors import AwsError
from .common import invalid_input, name_problem
from .record_data import value_problem

MAXIMUM_RECORDS, MAXIMUM_CHARACTERS = 1000, 32_000  # in one batch; what an UPSERT brings counts twice
_ONE_RECORD_ONLY = ("CNAME", "SOA")
_NOT_HERE = (
    "AliasTarget",
    "CidrRoutingConfig",
    "Failover",
    "GeoLocation",
    "GeoProximityLocation",
    "HealthCheckId",
    "MultiValueAnswer",
    "Region",
    "SetIdentifier",
    "TrafficPolicyInstanceId",
    "Weight",
)

_Key = tuple[str, str]


class ChangeBatch:
    """Takes changes one after the other, and collects what is wrong with them; ``largest``: record sets of a zone."""

    def __init__(self, zone: HostedZone, rows: Iterable[RecordSet], largest: int) -> None:
        self._largest = largest
        self._zone = zone
        self._before = {(row.name, row.type): row for row in rows}
        self._after = dict(self._before)
        self._actions: dict[_Key, str] = {}
        self._problems: list[str] = []

    def result(self, changes: list[Request]) -> Change:
        """The change of the state.  Raises InvalidInput, InvalidChangeBatch."""
        for change in changes:
            _check_form(change)
        self._check_size(changes)
        for change in changes:
            self._take(change["Action"], change["ResourceRecordSet"])
        self._check_zone()
        if self._problems:
            raise AwsError("InvalidChangeBatch", f"[{', '.join(dict.fromkeys(self._problems))}]")
        return Change(
            puts=tuple(row for key, row in self._after.items() if self._before.get(key) != row),
            deletes=tuple(row for key, row in self._before.items() if key not in self._after),
        )

    def _check_size(self, changes: list[Request]) -> None:
        records = characters = 0
        for change in changes:
            times = 2 if change["Action"] == "UPSERT" else 1
            values = change["ResourceRecordSet"]["ResourceRecords"]
            records += times * len(values)
            characters += times * sum(len(value["Value"]) for value in values)
        if records > MAXIMUM_RECORDS:
            self._problems.append(f"Number of records limit of {MAXIMUM_RECORDS} exceeded.")
        if characters > MAXIMUM_CHARACTERS:
            self._problems.append(f"Number of characters limit of {MAXIMUM_CHARACTERS} exceeded.")

    def _take(self, action: str, wanted: Request) -> None:
        record_type, values = wanted["Type"], tuple(record["Value"] for record in wanted["ResourceRecords"])
        try:
            name = canonical(wanted["Name"])
        except ValueError:
            self._problems.append(name_problem(wanted["Name"]))
            return
        row = self._zone.record_set(name, record_type, wanted["TTL"], values)
        problems = [*self._name_problems(row), *_value_problems(row), *self._order_problems(row, action)]
        problems = problems or self._action_problems(row, action)
        if problems:
            self._problems += problems
        elif action == "DELETE":
            del self._after[name, record_type]
        else:
            self._after[name, record_type] = row

    def _name_problems(self, row: RecordSet) -> Iterable[str]:
        if not is_within(row.name, self._zone.name):
            yield f"RRSet with DNS name {row.name} is not permitted in zone {self._zone.name}"
        elif row.type == "SOA" and row.name != self._zone.name:
            yield f"RRSet of type SOA with DNS name {row.name} is not permitted in zone {self._zone.name}"
        elif row.type == "CNAME" and row.name == self._zone.name:
            yield f"RRSet of type CNAME with DNS name {row.name} is not permitted at apex in zone {self._zone.name}"

    def _order_problems(self, row: RecordSet, action: str) -> Iterable[str]:
        """A record set comes once in a batch, or is deleted and then created anew."""
        earlier = self._actions.get((row.name, row.type))
        self._actions[row.name, row.type] = action
        if earlier is not None and (earlier, action) != ("DELETE", "CREATE"):
            yield (f"The request contains an invalid set of changes for a resource record set '{row.type} {row.name}'")

    def _action_problems(self, row: RecordSet, action: str) -> list[str]:
        current = self._after.get((row.name, row.type))
        named = f"resource record set [name='{row.name}', type='{row.type}']"
        if action == "CREATE" and current is not None:
            return [f"Tried to create {named} but it already exists"]
        if action == "DELETE" and current is None:
            return [f"Tried to delete {named} but it was not found"]
        if action == "DELETE" and current is not None and not _same(current, row):
            return [f"Tried to delete {named} but the values provided do not match the current values"]
        return []

    def _check_zone(self) -> None:
        """What holds for the zone as a whole once the batch is through."""
        if (self._zone.name, "SOA") not in self._after:
            self._problems.append("A HostedZone must contain exactly one SOA record.")
        if (self._zone.name, "NS") not in self._after:
            self._problems.append("A HostedZone must contain at least one NS record for the zone itself.")
        if len(self._after) > max(self._largest, len(self._before)):
            self._problems.append(f"The hosted zone would have more than {self._largest} records.")
        aliases = {name for name, record_type in self._after if record_type == "CNAME"}
        for name, record_type in self._after:
            if record_type != "CNAME" and name in aliases:
                culprit = record_type if (name, record_type) in self._actions else "CNAME"
                self._problems.append(
                    f"RRSet of type {culprit} with DNS name {name} is not permitted as it conflicts with other records "
                    f"with the same DNS name in zone {self._zone.name}"
                )


def _value_problems(row: RecordSet) -> Iterable[str]:
    seen: set[str] = set()
    for value in row.values:
        if value in seen:
            yield f"Duplicate Resource Record: '{value}'"
        elif problem := value_problem(row.type, value):
            yield problem
        seen.add(value)
    if row.type in _ONE_RECORD_ONLY and len(row.values) > 1:
        yield f"RRSet of type {row.type} with DNS name {row.name} may have one record only"


def _same(current: RecordSet, given: RecordSet) -> bool:
    return current.ttl == given.ttl and set(current.values) == set(given.values)


def _check_form(change: Request) -> None:
    """Raises InvalidInput for a change without TTL or values; and for aliases and routing policies, which nobody serves
    here."""
    wanted = change["ResourceRecordSet"]
    where = (
        f"in Change with [Action={change['Action']}, Name={wanted['Name']}, Type={wanted['Type']}, "
        f"SetIdentifier={wanted.get('SetIdentifier') or 'null'}]"
    )
    for member in _NOT_HERE:
        if wanted.get(member) is not None:
            raise invalid_input(f"Invalid request: {member} is not available here, {where}")
    if wanted.get("TTL") is None or not wanted.get("ResourceRecords"):
        raise invalid_input(
            "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and ResourceRecords], or "
            f"TrafficPolicyInstanceId], but found none {where}"
        )
