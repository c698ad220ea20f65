"""What policies are asked about EC2's actions: each on every resource that it concerns, with the condition keys that
the reference has for the two; CreateTags, where what is made is tagged; PassRole, where a role is handed over (EC2
guide, "Grant permission to tag resources during creation", "Identity-based policies for Amazon EC2")."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from realvpc.iam.evaluate import EVERYTHING, Conditions
from realvpc.net.resource import Resource

from ..core.action import Action
from ..core.arn import arn
from ..core.context import Context, Request
from ..core.errors import AwsError
from ..core.lookup import find
from ..core.noun import Noun
from ..core.passed_role import passing
from ..core.question import Prospect, Question
from .condition_keys import keys_of
from .condition_values import IDS, NOTHING_HAS, READS, text_of
from .key_pair import key_pair_named
from .launch import RESOLVE, find_profile
from .launch_questions import launched, of_template
from .nouns import NOUNS
from .request_values import GIVEN, attributes, tags_for

_BY_TYPE: Mapping[str, Noun[Any]] = {noun.tag_type: noun for noun in NOUNS.values()}
_NEW = "*"
_CREATE_TAGS = "CreateTags"
_PROFILES = frozenset({"RunInstances", "AssociateIamInstanceProfile", "ReplaceIamInstanceProfileAssociation"})
"""Actions that hand the role of an instance profile to EC2."""

_LAUNCH = "RunInstances"


def asking(rows: Mapping[str, Action]) -> Mapping[str, Action]:
    """The actions, with what policies are asked about them."""
    return {name: replace(row, asks=partial(_asks, name)) for name, row in rows.items()}


class _Subject(Struct, frozen=True, kw_only=True):
    """A resource that an action concerns.  ``name`` is how its ARN ends, ``*`` of what is to be made."""

    ctx: Context
    action: str
    kind: str
    name: str
    request: Request
    prospect: Prospect
    creating: str = ""  # the action that makes what CreateTags tags
    template: Mapping[str, str] = {}

    def tells(self, keys: frozenset[str] | None) -> Sequence[Conditions]:
        """See ``core.question``."""
        known = keys_of(self.action, self.kind)
        if keys is None:
            return [self._told(known, row) for row in self._rows() or (None,)]
        fixed: dict[str, tuple[str, ...] | None] = {}
        of_rows: dict[str, str] = {}
        for key in keys:
            prefix, slash, rest = key.partition("/")
            name = known.get(key) or known.get(prefix + slash)
            if name is None:
                if _is_ours(key):
                    fixed[key] = ()
            elif self._needs_row(name):
                of_rows[key] = name
            elif (value := self._given(name, rest)) is not None:
                fixed[key] = value
        if not of_rows:
            return (fixed,)
        rows = self._rows()
        if rows is None:  # it would fail: what it says then is told to whom these keys alone might not let
            return ({**fixed, **dict.fromkeys(of_rows)},)
        return [
            {**fixed, **{key: self._read(name, key.partition("/")[2], row) for key, name in of_rows.items()}}
            for row in rows or (None,)
        ]

    def _told(self, known: Mapping[str, str], row: Resource | None) -> Conditions:
        told: dict[str, tuple[str, ...]] = {}
        for name in known.values():
            if name.endswith("ResourceTag/"):
                told |= {name + key: (value,) for key, value in self._tags_of(row).items()}
            elif name == "aws:RequestTag/":
                told |= {name + key: (value,) for key, value in self._tags().items()}
            elif name == "ec2:Attribute/":
                told |= {name + key: value for key, value in attributes(self.request).items() if value}
            elif value := self._read(name, "", row) if self._needs_row(name) else self._given(name, ""):
                told[name] = value
        return told

    def _given(self, name: str, rest: str) -> tuple[str, ...] | None:
        """What needs no row to be known; None is what nobody here knows."""
        if IDS.get(name) == self.kind:
            return (self.name,)
        if name in self.template:
            return (self.template[name],)
        if name == "aws:RequestTag/":
            return tuple(value for key, value in self._tags().items() if key.lower() == rest)
        if name == "aws:TagKeys":
            return tuple(self._tags())
        if name == "ec2:Attribute/":
            return next((value for key, value in attributes(self.request).items() if key.lower() == rest), ())
        if name == "ec2:CreateAction":
            return (self.creating,) if self.creating else ()
        if name in GIVEN:
            return GIVEN[name](self.ctx, self.request)
        return () if name in NOTHING_HAS or name.endswith("ResourceTag/") else None

    def _read(self, name: str, rest: str, row: Resource | None) -> tuple[str, ...]:
        if name.endswith("ResourceTag/"):
            return tuple(value for key, value in self._tags_of(row).items() if key.lower() == rest)
        return text_of(READS[name](self.ctx, row)) if row is not None else ()

    def _needs_row(self, name: str) -> bool:
        if name.endswith("ResourceTag/"):
            return self.name != _NEW
        return name in READS and IDS.get(name) != self.kind

    def _tags_of(self, row: Resource | None) -> Mapping[str, str]:
        """What is to be made has none yet."""
        if row is None or self.name == _NEW:
            return {}
        return row.tags_seen_by(self.ctx.account, self.ctx.region)

    def _tags(self) -> Mapping[str, str]:
        return tags_for(self.action if not self.creating else "", self.kind, self.request)

    def _rows(self) -> Sequence[Resource] | None:
        """The resource itself, or all of its type that are to be made; None when that would fail."""
        noun = _BY_TYPE.get(self.kind)
        if noun is None:
            return ()
        if self.name != _NEW:
            row = _find(self.ctx, noun, self.kind, self.name)
            return (row,) if row is not None else ()
        puts = self.prospect.puts()
        if puts is None:
            return None
        table = self.ctx.state.table(noun.type)
        return [row for row in puts if type(row) is noun.type and row.id not in table]


def _find(ctx: Context, noun: Noun[Any], kind: str, name: str) -> Resource | None:
    """By what its ARN ends with."""
    if kind == "key-pair":
        return key_pair_named(ctx, name)
    if kind == "placement-group":
        return ctx.state.inventory.placement_group_named(ctx.account, ctx.region, name)
    return find(ctx, noun, name)


def _is_ours(key: str) -> bool:
    """Whether EC2 says which of its actions have it."""
    return key.startswith(("ec2:", "aws:resourcetag/", "aws:requesttag/")) or key == "aws:tagkeys"


def _asks(action: str, ctx: Context, request: Request, arns: Sequence[str], prospect: Prospect) -> Iterator[Question]:
    template: Mapping[str, Mapping[str, str]] = {}
    if action == _LAUNCH:
        template = of_template(ctx, request)
        arns, request = launched(ctx, request, arns, prospect)

    def subject(resource: str, *, creating: str = "") -> Question:
        kind, _, name = resource.split(":", 5)[-1].partition("/") if resource != EVERYTHING else ("", "", "")
        asked = _CREATE_TAGS if creating else action
        return Question(
            f"ec2:{asked}",
            resource,
            _Subject(
                ctx=ctx,
                action=asked,
                kind=kind,
                name=name,
                request=request,
                prospect=prospect,
                creating=creating,
                template=template.get(kind) or template.get("", {}),
            ).tells,
        )

    yield from map(subject, arns)
    for kind in dict.fromkeys(_tagged_kinds(request)):
        yield subject(arn("ec2", ctx.region, ctx.account, f"{kind}/*"), creating=action)
    yield from _passed(action, ctx, request)


def _tagged_kinds(request: Request) -> Iterator[str]:
    for specification in request.get("TagSpecifications") or ():
        if specification.get("Tags") and specification.get("ResourceType"):
            yield specification["ResourceType"]


def _passed(action: str, ctx: Context, request: Request) -> Iterator[Question]:
    if action in _PROFILES and request.get("IamInstanceProfile"):
        with suppress(AwsError):  # there is none: the action says so
            profile = find_profile(ctx, request["IamInstanceProfile"])
            if profile.role_arn:
                yield passing(ctx, profile.role_arn, "ec2.amazonaws.com")
    if action == "CreateFlowLogs" and request.get("DeliverLogsPermissionArn"):
        yield passing(ctx, request["DeliverLogsPermissionArn"], "vpc-flow-logs.amazonaws.com")
    image: str = request.get("ImageId") or ""
    if action == _LAUNCH and image.startswith(RESOLVE):
        yield Question("ssm:GetParameters", _parameter(ctx, image.removeprefix(RESOLVE)), lambda keys: ({},))


def _parameter(ctx: Context, asked: str) -> str:
    """The ARN of a parameter, named with a version or without; AWS's own are of no account."""
    name = asked.partition(":")[0]
    account = "" if name.startswith("/aws/") else ctx.account
    return arn("ssm", ctx.region, account, f"parameter/{name.lstrip('/')}")
