"""Launch templates (EC2 API Reference; EC2 guide, "Create an Amazon EC2 launch template")."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from realvpc.net.launch_template import LaunchTemplate, LaunchTemplateVersion, version_id
from realvpc.net.quotas import LAUNCH_TEMPLATES_PER_REGION
from realvpc.net.table import Change, delete, put

from ..core.context import Answer, Context, Request, Response
from ..core.describe import describe
from ..core.effort import COMPARING
from ..core.errors import AwsError, invalid_parameter_combination, missing_parameter
from ..core.lookup import get
from ..core.noun import Noun, of_row
from ..core.parameters import required
from ..core.tags import render_tags, tags_on_creation
from .launch_template_data import read_data

_NAME = re.compile(r"[a-zA-Z0-9()./_-]{3,128}", re.ASCII)


def create_launch_template(ctx: Context, request: Request) -> Answer:
    """The template with its first version, which is its default.

    Raises ``InvalidLaunchTemplateName.MalformedException``, ``InvalidLaunchTemplateName.AlreadyExistsException``, what
    ``read_data`` and ``tags_on_creation`` raise, ResourceLimitExceeded.
    """
    name = _new_name(ctx, request)
    data = read_data(request)
    limit = ctx.quota(LAUNCH_TEMPLATES_PER_REGION)
    if ctx.count(ctx.state.inventory.launch_templates) >= limit:
        raise AwsError("ResourceLimitExceeded", f"You have reached the limit of {limit} launch templates.")
    template = LaunchTemplate(
        id=ctx.new_id(LAUNCH_TEMPLATE.prefix),
        account=ctx.account,
        region=ctx.region,
        tags=tags_on_creation(request, LAUNCH_TEMPLATE.tag_type, without_tags="InvalidTagKey.Malformed"),
        name=name,
        created_at=ctx.now,
        created_by=ctx.caller.arn,
    )
    first = new_version(ctx, template, data, request.get("VersionDescription"))
    return Answer({"LaunchTemplate": _render(template)}, put(template, first))


def _new_name(ctx: Context, request: Request) -> str:
    name = required(request, "LaunchTemplateName")
    if not _NAME.fullmatch(name):
        raise AwsError(
            "InvalidLaunchTemplateName.MalformedException",
            "A launch template name must be between 3 and 128 characters, and may contain letters, numbers, and the "
            "following characters: - ( ) . / _.",
        )
    if ctx.state.inventory.launch_template_named(ctx.account, ctx.region, name) is not None:
        raise AwsError("InvalidLaunchTemplateName.AlreadyExistsException", "Launch template name already in use.")
    return name


def new_version(
    ctx: Context, template: LaunchTemplate, data: dict[str, Any], description: str | None
) -> LaunchTemplateVersion:
    """The version that ``template.numbered`` counts."""
    return LaunchTemplateVersion(
        id=version_id(template.id, template.numbered),
        account=template.account,
        region=template.region,
        template_id=template.id,
        number=template.numbered,
        description=description,
        created_at=ctx.now,
        created_by=ctx.caller.arn,
        data=data,
    )


def modify_launch_template(ctx: Context, request: Request) -> Answer:
    """Another default version.  Raises what ``named_template`` and ``find_version`` raise, MissingParameter."""
    template = named_template(
        ctx, request, both="Either provide launch template ID or launch template name to modify the template."
    )
    wanted = required(request, "DefaultVersion")
    found = find_version(
        ctx, template, wanted, f"The launch template version {wanted} is not found for the specified launch template."
    )
    changed = replace(template, default_version=found.number)
    return Answer({"LaunchTemplate": _render(changed)}, put(changed))


def delete_launch_template(ctx: Context, request: Request) -> Answer:
    """All of its versions go with it; instances keep what they were launched with.  Raises like ``named_template``."""
    template = named_template(ctx, request)
    versions = ctx.state.inventory.versions_of(template.id)
    ctx.effort.spend(COMPARING * len(versions))
    return Answer({"LaunchTemplate": _render(template)}, delete(template) + Change(deletes=tuple(versions)))


_BOTH = "Only one of launch template ID or launch template name can be specified for the request."


def named_template(ctx: Context, named: Mapping[str, Any], *, both: str = _BOTH) -> LaunchTemplate:
    """The template that a request, or a part of it, names by LaunchTemplateId or by LaunchTemplateName; ``both`` is
    what is said where it names it by both.

    Raises MissingParameter, InvalidParameterCombination, ``InvalidLaunchTemplateId.NotFound``,
    ``InvalidLaunchTemplateId.Malformed``, ``InvalidLaunchTemplateName.NotFoundException``.
    """
    template_id, name = named.get("LaunchTemplateId"), named.get("LaunchTemplateName")
    if template_id and name:
        raise invalid_parameter_combination(both)
    if template_id:
        return get(ctx, LAUNCH_TEMPLATE, template_id)
    if not name:
        raise missing_parameter("LaunchTemplateId or LaunchTemplateName")
    found = ctx.state.inventory.launch_template_named(ctx.account, ctx.region, name)
    if found is None:
        raise AwsError(
            "InvalidLaunchTemplateName.NotFoundException",
            f"The specified launch template, with template name {name}, does not exist.",
        )
    return found


def version_of(ctx: Context, template: LaunchTemplate, text: str) -> LaunchTemplateVersion:
    """The version of a number, of ``$Latest`` or of ``$Default``.  Raises InvalidLaunchTemplateId.VersionNotFound."""
    return find_version(
        ctx,
        template,
        text,
        f"Could not find the specified version {text} for the launch template with ID {template.id}.",
    )


def find_version(ctx: Context, template: LaunchTemplate, text: str, sentence: str) -> LaunchTemplateVersion:
    """The same; ``sentence`` is what is said where there is none."""
    named = {"$Latest": template.latest_version, "$Default": template.default_version}
    number = named.get(text, number_in(text))
    found = ctx.state.inventory.launch_template_versions.get(version_id(template.id, number or 0))
    if found is None:
        raise AwsError("InvalidLaunchTemplateId.VersionNotFound", sentence)
    return found


def number_in(text: str) -> int | None:
    """The number of a version that a text says, if it says one."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS else None


_MOST_DIGITS = 18  # of a long


def _render(template: LaunchTemplate) -> Response:
    return {
        "LaunchTemplateId": template.id,
        "LaunchTemplateName": template.name,
        "CreateTime": template.created_at,
        "CreatedBy": template.created_by,
        "DefaultVersionNumber": template.default_version,
        "LatestVersionNumber": template.latest_version,
        "Tags": render_tags(template.tags) or None,
        "Operator": {"Managed": False},
    }


LAUNCH_TEMPLATE = Noun(
    type=LaunchTemplate,
    prefix="lt",
    not_found="InvalidLaunchTemplateId.NotFound",
    malformed="InvalidLaunchTemplateId.Malformed",
    words="specified launch template, with template ID",
    sentence="The {} {}, {}.",
    tag_type="launch-template",
    ids="LaunchTemplateIds",
    result="LaunchTemplates",
    render=of_row(_render),
    filters={"create-time": ".created_at", "launch-template-name": ".name"},
)


def describe_launch_templates(ctx: Context, request: Request) -> Answer:
    """By id, name and filter.  Raises ``InvalidLaunchTemplateName.NotFoundException`` too."""
    ids = list(request.get("LaunchTemplateIds") or ())
    for name in dict.fromkeys(request.get("LaunchTemplateNames") or ()):
        found = ctx.state.inventory.launch_template_named(ctx.account, ctx.region, name)
        if found is None:
            raise AwsError(
                "InvalidLaunchTemplateName.NotFoundException",
                "At least one of the launch templates specified in the request does not exist.",
            )
        ids.append(found.id)
    return describe(ctx, request | {LAUNCH_TEMPLATE.ids: ids}, LAUNCH_TEMPLATE)
