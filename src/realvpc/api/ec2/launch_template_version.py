"""The versions of launch templates (EC2 API Reference; EC2 guide, "Manage Amazon EC2 launch template versions")."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from realvpc.net.launch_template import LaunchTemplate, LaunchTemplateVersion
from realvpc.net.quotas import VERSIONS_PER_LAUNCH_TEMPLATE
from realvpc.net.table import Change, put

from ..core.context import Answer, Context, Request, Response
from ..core.effort import COMPARING, SHOWING
from ..core.errors import AwsError, invalid_parameter_value
from ..core.filter import FilterValues, no_values, passing, path
from ..core.lookup import find_all
from ..core.page import BadTokenError, page
from ..core.rendered import count_structures
from .launch_template import LAUNCH_TEMPLATE, named_template, new_version, number_in, version_of
from .launch_template_data import based_on, check_size, read_data, resolved, shown, size_of

MOST_AT_ONCE = 200  # versions of one answer, and of one request to delete
LARGEST_PAGE = 1 << 20  # bytes of their data, as JSON
_ALIASES = frozenset({"$Latest", "$Default"})
_OF_ALL_OR_OF_ONE = (
    "To describe the launch template data for all your launch templates, for ‘--versions’ specify ‘$Latest’, "
    "‘$Default’, or both, and omit ‘--launch-template-id’, ‘--launch-template-name’, and version numbers. To describe "
    "the launch template data for a specific launch template, specify ‘--launch-template-id’ or "
    "‘--launch-template-name’, and for ‘--versions’ specify one or more of the following values: ‘$Latest’, "
    "‘$Default’, or one or more version numbers."
)


def create_launch_template_version(ctx: Context, request: Request) -> Answer:
    """Raises what ``named_template``, ``version_of``, ``read_data`` and ``check_size`` raise, VersionLimitExceeded."""
    template = named_template(ctx, request)
    data = read_data(request, may_be_empty=bool(request.get("SourceVersion")))
    if request.get("SourceVersion"):
        data = based_on(version_of(ctx, template, request["SourceVersion"]).data, data)
        check_size(data)
    limit = ctx.quota(VERSIONS_PER_LAUNCH_TEMPLATE, template)
    if len(ctx.state.inventory.versions_of(template.id)) >= limit:
        raise AwsError("VersionLimitExceeded", f"You have reached the limit of {limit} versions per launch template.")
    number = template.numbered + 1
    changed = replace(template, numbered=number, latest_version=number)
    version = new_version(ctx, changed, data, request.get("VersionDescription"))
    response = {"LaunchTemplateVersion": _render(ctx, changed, version, bool(request.get("ResolveAlias")))}
    return Answer(response, put(changed, version))


def delete_launch_template_versions(ctx: Context, request: Request) -> Answer:
    """Those that can be deleted are, and of the others the answer says why not: the default version is none of them.

    Raises what ``named_template`` raises, InvalidParameterValue for more than 200.
    """
    template = named_template(ctx, request)
    wanted = dict.fromkeys(request["Versions"])
    if len(wanted) > MOST_AT_ONCE:
        raise invalid_parameter_value(f"A request may delete up to {MOST_AT_ONCE} launch template versions.")
    gone: dict[int, LaunchTemplateVersion] = {}
    kept: list[Response] = []
    for text in wanted:
        try:
            version = version_of(ctx, template, text)
        except AwsError as error:
            kept.append(_not_deleted(template, text, "launchTemplateVersionDoesNotExist", error.message))
            continue
        if version.number == template.default_version:
            why = "The default version of a launch template cannot be deleted."
            kept.append(_not_deleted(template, str(version.number), "unexpectedError", why))
        else:
            gone[version.number] = version
    change = Change(deletes=tuple(gone.values()))
    if template.latest_version in gone:
        left = (row.number for row in ctx.state.inventory.versions_of(template.id) if row.number not in gone)
        change += put(replace(template, latest_version=max(left)))
    return Answer(
        {
            "SuccessfullyDeletedLaunchTemplateVersions": [_name(template) | {"VersionNumber": each} for each in gone],
            "UnsuccessfullyDeletedLaunchTemplateVersions": kept,
        },
        change,
    )


def _name(template: LaunchTemplate) -> Response:
    return {"LaunchTemplateId": template.id, "LaunchTemplateName": template.name}


def _not_deleted(template: LaunchTemplate, text: str, code: str, message: str) -> Response:
    return _name(template) | {"VersionNumber": number_in(text), "ResponseError": {"Code": code, "Message": message}}


def describe_launch_template_versions(ctx: Context, request: Request) -> Answer:
    """Versions of one template, the newest first, or the latest and default ones of all.

    Raises what ``named_template`` and ``version_of`` raise, InvalidParameterValue, MissingParameter where neither a
    template is named nor a version.
    """
    rows = list(_asked(ctx, request))
    ctx.effort.spend(COMPARING * len(rows))
    templates = {row.template_id: ctx.state.inventory.launch_templates[row.template_id] for row in rows}
    alias = bool(request.get("ResolveAlias"))

    def render(row: LaunchTemplateVersion) -> Response:
        return _render(ctx, templates[row.template_id], row, alias)

    def values_of(name: str) -> FilterValues[LaunchTemplateVersion] | None:
        place = _FILTERS.get(name)
        if place is None or callable(place):
            return place
        pick = path(place)
        return lambda ctx, row: pick(render(row))

    found = passing(ctx, request, rows, values_of)
    try:
        part, token = page(
            found,
            _place,
            _size(request),
            request.get("NextToken"),
            backwards=True,
            bulk=lambda row: size_of(row.data),
            largest=LARGEST_PAGE,
        )
    except BadTokenError:
        raise invalid_parameter_value("Unable to parse pagination token") from None
    answers: list[Response] = []
    for row in part:
        answers.append(render(row))
        ctx.effort.spend(SHOWING * count_structures(answers[-1]))  # of each: a page of large ones is megabytes
    return Answer({"LaunchTemplateVersions": answers, "NextToken": token})


def _size(request: Request) -> int:
    size = request.get("MaxResults")
    if size is not None and not 1 <= size <= MOST_AT_ONCE:
        raise invalid_parameter_value(
            f"Value ( {size} ) for parameter maxResults is invalid. Expecting a value from 1 to {MOST_AT_ONCE}."
        )
    return size or MOST_AT_ONCE


def _place(row: LaunchTemplateVersion) -> str:
    return f"{row.template_id}/{row.number:019d}"


def _asked(ctx: Context, request: Request) -> Iterable[LaunchTemplateVersion]:
    wanted = dict.fromkeys(request.get("Versions") or ())
    if request.get("LaunchTemplateId") or request.get("LaunchTemplateName"):
        template = named_template(ctx, request)
        if wanted:
            return {row.id: row for row in (version_of(ctx, template, text) for text in wanted)}.values()
        least, most = _bound(request, "MinVersion"), _bound(request, "MaxVersion")
        rows = ctx.state.inventory.versions_of(template.id)
        return [row for row in rows if (least or 0) <= row.number and (most is None or row.number <= most)]
    if not wanted or not wanted.keys() <= _ALIASES:
        raise AwsError("InvalidParameterValue" if wanted else "MissingParameter", _OF_ALL_OR_OF_ONE)
    templates = find_all(ctx, LAUNCH_TEMPLATE)
    return {row.id: row for each in templates for row in (version_of(ctx, each, text) for text in wanted)}.values()


def _bound(request: Request, member: str) -> int | None:
    text: str | None = request.get(member)
    if not text:
        return None
    if not (text.isascii() and text.isdigit()):
        raise invalid_parameter_value(f"Value ({text}) for parameter {member} is invalid. It has to be a number.")
    return int(text[:19])


def _render(ctx: Context, template: LaunchTemplate, version: LaunchTemplateVersion, alias: bool) -> Response:
    data = resolved(ctx, version.data) if alias else version.data
    return _name(template) | {
        "VersionNumber": version.number,
        "VersionDescription": version.description,
        "CreateTime": version.created_at,
        "CreatedBy": version.created_by,
        "DefaultVersion": version.number == template.default_version,
        "LaunchTemplateData": shown(data),
        "Operator": {"Managed": False},
    }


_FILTERS: dict[str, str | FilterValues[LaunchTemplateVersion]] = {
    "create-time": "CreateTime",
    "ebs-optimized": "LaunchTemplateData.EbsOptimized",
    "host-resource-group-arn": "LaunchTemplateData.Placement.HostResourceGroupArn",
    "http-endpoint": "LaunchTemplateData.MetadataOptions.HttpEndpoint",
    "http-protocol-ipv4": no_values,  # a template cannot say
    "http-tokens": "LaunchTemplateData.MetadataOptions.HttpTokens",
    "iam-instance-profile": "LaunchTemplateData.IamInstanceProfile.Arn",
    "image-id": "LaunchTemplateData.ImageId",
    "instance-type": "LaunchTemplateData.InstanceType",
    "is-default-version": "DefaultVersion",
    "kernel-id": "LaunchTemplateData.KernelId",
    "license-configuration-arn": "LaunchTemplateData.LicenseSpecifications[].LicenseConfigurationArn",
    "network-card-index": "LaunchTemplateData.NetworkInterfaces[].NetworkCardIndex",
    "ram-disk-id": "LaunchTemplateData.RamDiskId",
}
