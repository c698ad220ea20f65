"""What policies are asked about EC2's actions: each on every resource that it concerns, with the condition keys that
the reference has for the two; CreateTags, where what is made is tagged; PassRole, where a role is handed over (EC2
guide, "Grant permission to tag resources during creation", "Identity-based policies for Amazon EC2")."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from realvpc.iam.evaluate import EVERYTHING, Conditions
from realvpc.net.machine_image import DiskSnapshot
from realvpc.net.resource import Resource

from ..core.action import Action
from ..core.arn import arn
from ..core.context import Answer, Context, Request
from ..core.errors import AwsError
from ..core.lookup import find
from ..core.noun import Noun
from ..core.passed_role import passing
from ..core.question import Knows, Prospect, Question
from ..core.verdict import may
from .condition_keys import keys_of
from .condition_values import IDS, READS, UNKNOWN, text_of
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
_RESOURCE_TAGS = ("ec2:resourcetag/", "aws:resourcetag/")
_OURS = ("ec2:", "aws:resourcetag/", "aws:requesttag/")


def asking(rows: Mapping[str, Action]) -> dict[str, Action]:
    """The actions, with what policies are asked about them."""
    return {name: replace(row, asks=_asks) for name, row in rows.items()}


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
    tags: Mapping[str, str]  # that the request gives to resources of the kind

    def tells(self) -> Iterator[Conditions]:
        """See ``core.question``."""
        names = keys_of(self.action, self.kind).values()
        given = self._given(names)
        rows = self._rows()
        if rows is None:  # it would fail: what it says then is told to whom these keys alone might not let
            owner = {"aws:ResourceAccount": (self.ctx.account,)}
            yield {**given, **owner, **{name: None for name in names if self._is_of_row(name)}}
            return
        if self._is_untold():
            yield {name: value for name, value in given.items() if name not in IDS}
            return
        reads = [(name, READS[name]) for name in names if self._is_of_row(name)]
        has_tags = self.name != _NEW  # what is to be made has none yet
        prefixes = [name for name in names if name.endswith("ResourceTag/")]
        for row in rows or (None,):
            own = {**given, "aws:ResourceAccount": (row.account if row is not None else self.ctx.account,)}
            if row is not None:
                own |= {name: text for name, read in reads if (text := text_of(read(self.ctx, row)))}
            if row is not None and has_tags and prefixes:
                tags = row.tags_seen_by(self.ctx.account, self.ctx.region)
                own |= {prefix + key: (value,) for prefix in prefixes for key, value in tags.items()}
            yield own

    def knows(self) -> Knows:
        """Of all keys but those of what was not told, as long as the action would find it."""
        known = _knows(self.action, self.kind if self.kind in _BY_TYPE else "")
        if not self._is_untold():
            return known
        names = keys_of(self.action, self.kind)

        def knows(key: str) -> bool:
            is_its_own = key.startswith(_RESOURCE_TAGS) or names.get(key) in (*READS, *IDS)
            return known(key) and (not is_its_own or self.prospect.puts() is None)

        return knows

    def _is_untold(self) -> bool:
        """Whether it is there, and the request does not tell which it is: what is to be made has no tags yet that
        policies could ask for."""
        is_made = self.creating or "aws:resourcetag/" not in keys_of(self.action, self.kind)
        return self.name == _NEW and self.kind in _BY_TYPE and not is_made

    def _is_of_row(self, name: str) -> bool:
        return name in READS and IDS.get(name) != self.kind

    def _given(self, names: Iterable[str]) -> dict[str, tuple[str, ...] | None]:
        """What is known without any row."""
        found: dict[str, tuple[str, ...] | None] = {}
        for name in names:
            if IDS.get(name) == self.kind:
                found[name] = (self.name,)
            elif name in self.template:
                found[name] = (self.template[name],)
            elif name == "ec2:CreateAction" and self.creating:
                found[name] = (self.creating,)
            elif name == "aws:TagKeys" and self.tags:
                found[name] = tuple(self.tags)
            elif name == "aws:RequestTag/":
                found |= {name + key: (value,) for key, value in self.tags.items()}
            elif name == "ec2:Attribute/":
                found |= {name + key: value for key, value in attributes(self.request).items() if value}
            elif name in GIVEN and (value := GIVEN[name](self.ctx, self.request)):
                found[name] = value
        return found

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
        rows = [row for row in puts if type(row) is noun.type]  # of what is no row of its own there are none
        return [row for row in rows if row.id not in self.ctx.state.table(noun.type)]


def _find(ctx: Context, noun: Noun[Any], kind: str, name: str) -> Resource | None:
    """By what its ARN ends with."""
    if kind == "key-pair":
        return key_pair_named(ctx, name)
    if kind == "placement-group":
        return ctx.state.inventory.placement_group_named(ctx.account, ctx.region, name)
    return find(ctx, noun, name)


@cache
def _knows(action: str, kind: str) -> Knows:
    """Of all keys that EC2 says which of its actions have; of some that it has nobody here knows the values."""
    names = keys_of(action, kind)

    def knows(key: str) -> bool:
        prefix, slash, _ = key.partition("/")
        if not (key.startswith(_OURS) or key == "aws:tagkeys"):
            return False
        return names.get(key) not in UNKNOWN and names.get(prefix + slash) not in UNKNOWN

    return knows


def _asks(name: str, ctx: Context, request: Request, arns: Sequence[str], prospect: Prospect) -> Iterator[Question]:
    action = name.partition(":")[2]
    template: Mapping[str, Mapping[str, str]] = {}
    if action == _LAUNCH:
        template = of_template(ctx, request)
        arns, request = launched(ctx, request, arns, prospect)
    tags: dict[str, Mapping[str, str]] = {}

    def question(resource: str, *, creating: str = "") -> Question:
        kind, _, name = resource.split(":", 5)[-1].partition("/") if resource != EVERYTHING else ("", "", "")
        asked = _CREATE_TAGS if creating else action
        if kind not in tags:
            tags[kind] = tags_for(action, kind, request)
        subject = _Subject(
            ctx=ctx,
            action=asked,
            kind=kind,
            name=name,
            request=request,
            prospect=prospect,
            creating=creating,
            template=template.get(kind) or template.get("", {}),
            tags=tags[kind],
        )
        return Question(f"ec2:{asked}", resource, subject.knows(), subject.tells)

    yield from map(question, arns)
    for kind in dict.fromkeys(_tagged_kinds(request)):
        yield question(arn("ec2", ctx.region, ctx.account, f"{kind}/*"), creating=action)
    yield from _passed(action, ctx, request)


def may_delete_snapshot(ctx: Context, row: DiskSnapshot) -> bool:
    """Whether the caller might."""
    request = {"SnapshotId": row.id}
    arns = (arn("ec2", row.region, "", f"snapshot/{row.id}"),)
    return may(ctx, request, list(_asks("ec2:DeleteSnapshot", ctx, request, arns, Prospect(Answer))))


def _tagged_kinds(request: Request) -> Iterator[str]:
    """Of what there is here: for others the action fails, or makes nothing.  Copies may have the tags of their sources
    (EC2 guide, "Copy an Amazon EC2 AMI")."""
    if request.get("CopyImageTags"):
        yield "image"
    if request.get("CopyTagsFromSource"):
        yield "snapshot"
    for specification in request.get("TagSpecifications") or ():
        if specification.get("Tags") and specification.get("ResourceType") in _BY_TYPE:
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
        yield Question("ssm:GetParameters", _parameter(ctx, image.removeprefix(RESOLVE)))


def _parameter(ctx: Context, asked: str) -> str:
    """The ARN of a parameter, named with a version or without; AWS's own are of no account."""
    name = asked.partition(":")[0]
    account = "" if name.startswith("/aws/") else ctx.account
    return arn("ssm", ctx.region, account, f"parameter/{name.lstrip('/')}")
