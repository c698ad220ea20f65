"""SSM's actions on commands: SendCommand and what becomes of it (SSM API Reference).

The document is AWS-RunShellScript, or one of the account's own that runs a shell script.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable
from datetime import datetime
from typing import Any

from realvpc.api.core.context import Answer, Context, Request, Response
from realvpc.api.core.errors import AwsError
from realvpc.api.ssm.agent import is_online
from realvpc.api.ssm.document import own_document, version_of
from realvpc.api.ssm.paging import paged
from realvpc.net.instance import Instance
from realvpc.net.parameter import parameter_id

from .command import Command, Invocation
from .command_runner import CommandRunner
from .documents import RUN_SHELL_SCRIPT
from .listing import moment_of, place
from .own_command import PLUGIN, step_of_script, steps_of
from .step import Result, Step

PATIENCE = 2.0  # seconds that an answer waits for a command to end, as for instances (decision 0004)
_DEFAULT_TIMEOUT = 3600  # seconds
_MOST_INSTANCES = 50
_LONGEST_TARGET = 256  # characters, as the longest value of a tag


class CommandActions:
    """What has been sent, and what becomes of it."""

    def __init__(self, runner: CommandRunner) -> None:
        self._runner = runner

    def send_command(self, ctx: Context, request: Request) -> Answer:
        """Raises InvalidDocument, InvalidDocumentVersion, InvalidParameters, InvalidInstanceId, DuplicateInstanceId,
        InvalidTarget, ServiceQuotaExceededException, UnsupportedOperation, ValidationException."""
        name = request["DocumentName"].rpartition("/")[2]
        given = request.get("Parameters") or {}
        steps = _steps(ctx, request, name)
        instances = _chosen(ctx, request)
        now = ctx.now
        command = Command(
            id=str(uuid.UUID(bytes=ctx.random.randbytes(16), version=4)),
            account=ctx.account,
            region=ctx.region,
            document=name,
            comment=request.get("Comment", ""),
            steps=steps,
            version=request.get("DocumentVersion", "$DEFAULT"),
            given=given,
            instance_ids=request.get("InstanceIds") or [],
            targets=request.get("Targets") or [],
            requested_at=now,
            timeout=request.get("TimeoutSeconds", _DEFAULT_TIMEOUT),
            concurrency=_amount(request, "MaxConcurrency", "50"),
            errors=_amount(request, "MaxErrors", "0"),
            invocations={
                row.id: Invocation(
                    instance_id=row.id,
                    instance_name=row.tags.get("Name", ""),
                    requested_at=now,
                    results=(Result(),) * len(steps),
                )
                for row in instances
            },
        )
        return Answer({"Command": _render(command)}, effect=lambda: self._send(command))

    def _send(self, command: Command) -> None:
        """Asked here, and not before: others may have been sent meanwhile.  Raises ServiceQuotaExceededException."""
        if full := self._runner.full(command):
            raise AwsError("ServiceQuotaExceededException", full)
        self._runner.send(command)

    def cancel_command(self, ctx: Context, request: Request) -> Answer:
        """Raises InvalidCommandId, InvalidInstanceId, DuplicateInstanceId."""
        command = self._find(ctx, request["CommandId"])
        instance_ids = _distinct(request.get("InstanceIds") or [])
        if strange := [each for each in instance_ids if each not in command.invocations]:
            raise AwsError("InvalidInstanceId", f"The command was not sent to {', '.join(strange)}.")
        return Answer(effect=lambda: self._runner.cancel(command.id, instance_ids or None))

    def get_command_invocation(self, ctx: Context, request: Request) -> Answer:
        """Raises InvocationDoesNotExist, InvalidPluginName."""
        command_id, instance_id = request["CommandId"], request["InstanceId"]
        command = self._runner.find(command_id)
        if command is None or not command.visible_to(ctx.account, ctx.region) or not _has(command, instance_id):
            raise AwsError("InvocationDoesNotExist", "")
        place = command.place_of(request.get("PluginName"))
        if place is None:
            raise AwsError("InvalidPluginName", "")
        return Answer(effect=lambda: self._settled(command_id, instance_id, place))

    async def _settled(self, command_id: str, instance_id: str, place: int) -> Response:
        """An invocation when it is over, or as it is when patience ends.  Raises InvocationDoesNotExist."""
        await self._runner.settle(command_id, instance_id, PATIENCE)
        command = self._runner.find(command_id)
        if command is None:  # forgotten meanwhile
            raise AwsError("InvocationDoesNotExist", "")
        return _render_result(command, command.invocations[instance_id], place)

    def list_commands(self, ctx: Context, request: Request) -> Answer:
        """The newest first.  Raises InvalidCommandId, InvalidFilterKey, InvalidNextToken, ValidationException."""
        rows = [command for command in self._visible(ctx, request) if _has(command, request.get("InstanceId"))]
        page, token = paged(rows, lambda row: place(row.requested_at, row.id), request, newest_first=True)
        return Answer({"Commands": [_render(row) for row in page], "NextToken": token})

    def list_command_invocations(self, ctx: Context, request: Request) -> Answer:
        """The newest first.  Raises as ListCommands."""
        rows = [
            (command, row)
            for command in self._visible(ctx, request)
            for row in command.invocations.values()
            if request.get("InstanceId") in (None, row.instance_id)
        ]
        page, token = paged(
            rows, lambda pair: place(pair[0].requested_at, pair[0].id, pair[1].instance_id), request, newest_first=True
        )
        details = request.get("Details", False)
        rendered = [_render_invocation(*pair, details=details) for pair in page]
        return Answer({"CommandInvocations": rendered, "NextToken": token})

    def _visible(self, ctx: Context, request: Request) -> list[Command]:
        if command_id := request.get("CommandId"):
            rows = [self._find(ctx, command_id)]
        else:
            rows = [row for row in self._runner.commands() if row.visible_to(ctx.account, ctx.region)]
        tests = [_test(each["key"], each["value"]) for each in request.get("Filters") or []]
        return [row for row in rows if all(test(row) for test in tests)]

    def _find(self, ctx: Context, command_id: str) -> Command:
        command = self._runner.find(command_id)
        if command is None or not command.visible_to(ctx.account, ctx.region):
            raise AwsError("InvalidCommandId", "")
        return command


def _steps(ctx: Context, request: Request, name: str) -> tuple[Step, ...]:
    """What the document runs with these parameters: AWS-RunShellScript, or one of the account's own.

    Raises InvalidDocument, InvalidDocumentVersion, InvalidParameters, UnsupportedOperation.
    """
    given = request.get("Parameters") or {}
    if name == RUN_SHELL_SCRIPT.name:
        if request.get("DocumentVersion", "1") not in ("1", "$DEFAULT", "$LATEST"):
            raise AwsError("InvalidDocumentVersion", "The document has one version, 1.")
        return (step_of_script(PLUGIN, given),)
    own = own_document(ctx, name)
    if own.type != "Command":
        raise AwsError("InvalidDocument", f"Document {name} is of the type {own.type}, not Command.")
    version = version_of(ctx, own, request.get("DocumentVersion"))
    return steps_of(name, version.json, given, lambda parameter: _parameter(ctx, parameter))


def _parameter(ctx: Context, name: str) -> str | None:
    """The value of a parameter that is no secret: those a document may not name (Systems Manager guide)."""
    inventory = ctx.state.inventory
    parameter = inventory.parameters.get(parameter_id(ctx.account, ctx.region, name))
    version = inventory.selected_version(parameter, "") if parameter else None
    return version.value if version is not None and not version.is_secret else None


def _chosen(ctx: Context, request: Request) -> list[Instance]:
    """The instances that are named, which have to be managed; or those of the targets that are."""
    named = _distinct(request.get("InstanceIds") or [])
    targets = request.get("Targets") or []
    if bool(named) == bool(targets):
        raise AwsError("ValidationException", "Specify either InstanceIds or Targets.")
    online = [row for row in ctx.visible(ctx.network.instances) if ctx.options.has_fabric and is_online(ctx, row)]
    online.sort(key=lambda row: row.id)
    if any(len(value) > _LONGEST_TARGET for each in targets for value in each.get("Values") or []):
        raise AwsError("InvalidTarget", f"No tag has a value of more than {_LONGEST_TARGET} characters.")
    if targets:
        tests = [_matcher(each.get("Key") or "", each.get("Values") or []) for each in targets]
        return [row for row in online if all(test(row) for test in tests)]
    found = {row.id: row for row in online}
    if any(each not in found for each in named):
        raise AwsError(
            "InvalidInstanceId", f"Instances [[{', '.join(named)}]] not in a valid state for account {ctx.account}"
        )
    if len(named) > _MOST_INSTANCES:
        raise AwsError("ValidationException", f"At most {_MOST_INSTANCES} instances can be named.")
    return [found[each] for each in named]


def _matcher(key: str, values: list[str]) -> Callable[[Instance], bool]:
    """Raises InvalidTarget."""
    if key.lower() == "instanceids":
        return lambda row: "*" in values or row.id in values
    if key.startswith("tag:"):
        return lambda row: row.tags.get(key.removeprefix("tag:")) in values
    if key == "tag-key":
        return lambda row: not row.tags.keys().isdisjoint(values)
    raise AwsError("InvalidTarget", f"Targets are chosen by tag:NAME, tag-key or InstanceIds, not by {key}.")


def _distinct(instance_ids: list[str]) -> list[str]:
    if len(set(instance_ids)) < len(instance_ids):
        raise AwsError("DuplicateInstanceId", "You can't specify an instance ID in more than one association.")
    return instance_ids


def _amount(request: Request, name: str, default: str) -> str:
    value: str = request.get(name, default)
    if not re.fullmatch(r"[0-9]{1,6}|(?:100|[0-9]{1,2})%", value):
        raise AwsError("ValidationException", f"{name} is a number or a percentage, not {value}.")
    return value


def _has(command: Command, instance_id: str | None) -> bool:
    return instance_id is None or instance_id in command.invocations


def _test(key: str, value: str) -> Callable[[Command], bool]:
    """Raises InvalidFilterKey and ValidationException."""
    if key in ("InvokedAfter", "InvokedBefore"):
        moment = moment_of(value)
        return lambda row: (row.requested_at > moment) == (key == "InvokedAfter")
    if key == "Status":
        return lambda row: row.status == value
    if key == "ExecutionStage":
        return lambda row: ("Executing" if row.running else "Complete") == value
    if key == "DocumentName":
        return lambda row: row.document == value
    raise AwsError("InvalidFilterKey", f"The filter key {key} is not valid.")


def _stamp(moment: datetime | None) -> str:
    return f"{moment.isoformat(timespec='milliseconds').removesuffix('+00:00')}Z" if moment else ""


def _elapsed(row: Result) -> str:
    """ISO 8601, as `PT0.016S`; empty until it is over."""
    if row.started_at is None or row.ended_at is None:
        return ""
    return f"PT{max(0.0, (row.ended_at - row.started_at).total_seconds()):g}S"


def _render(command: Command) -> dict[str, Any]:
    rows = command.invocations.values()
    return {
        "CommandId": command.id,
        "DocumentName": command.document,
        "DocumentVersion": command.version,
        "Comment": command.comment,
        "ExpiresAfter": command.expires_after,
        "Parameters": command.given,
        "InstanceIds": command.instance_ids,
        "Targets": command.targets,
        "RequestedDateTime": command.requested_at,
        "Status": command.status,
        "StatusDetails": command.status_details,
        "OutputS3BucketName": "",
        "OutputS3KeyPrefix": "",
        "MaxConcurrency": command.concurrency,
        "MaxErrors": command.errors,
        "TargetCount": len(rows),
        "CompletedCount": sum(not row.running for row in rows),
        "ErrorCount": command.failed,
        "DeliveryTimedOutCount": 0,
        "ServiceRole": "",
        "TimeoutSeconds": command.timeout,
    }


def _render_result(command: Command, invocation: Invocation, place: int) -> Response:
    row = invocation.results[place]
    return {
        "CommandId": command.id,
        "InstanceId": invocation.instance_id,
        "Comment": command.comment,
        "DocumentName": command.document,
        "DocumentVersion": command.version,
        "PluginName": command.steps[place].name,
        "ResponseCode": row.code,
        "ExecutionStartDateTime": _stamp(row.started_at),
        "ExecutionElapsedTime": _elapsed(row),
        "ExecutionEndDateTime": _stamp(row.ended_at),
        "Status": row.status,
        "StatusDetails": row.status_details,
        "StandardOutputContent": row.stdout,
        "StandardOutputUrl": "",
        "StandardErrorContent": row.stderr,
        "StandardErrorUrl": "",
        "CloudWatchOutputConfig": {"CloudWatchLogGroupName": "", "CloudWatchOutputEnabled": False},
    }


def _render_invocation(command: Command, row: Invocation, *, details: bool) -> dict[str, Any]:
    return {
        "CommandId": command.id,
        "InstanceId": row.instance_id,
        "InstanceName": row.instance_name,
        "Comment": command.comment,
        "DocumentName": command.document,
        "DocumentVersion": command.version,
        "RequestedDateTime": row.requested_at,
        "Status": row.status,
        "StatusDetails": row.status_details,
        "StandardOutputUrl": "",
        "StandardErrorUrl": "",
        "CommandPlugins": list(map(_render_plugin, command.steps, row.results)) if details else [],
        "ServiceRole": "",
    }


def _render_plugin(step: Step, result: Result) -> dict[str, Any]:
    return {
        "Name": step.name,
        "Status": result.status,
        "StatusDetails": result.status_details,
        "ResponseCode": result.code,
        "ResponseStartDateTime": result.started_at,
        "ResponseFinishDateTime": result.ended_at,
        "Output": result.summary(),
        "StandardOutputUrl": "",
        "StandardErrorUrl": "",
    }
