"""SendSSHPublicKey: a key that an instance takes for a minute, by way of its metadata."""

from __future__ import annotations

from realvpc.iam.evaluate import Conditions
from realvpc.net.instance import Instance, InstanceState
from realvpc.net.offered_key import OfferedKey
from realvpc.net.table import put

from ..core.arn import arn
from ..core.context import Answer, Context, Request
from ..core.errors import AwsError
from ..ec2.ssh_key import KeyFormatError, SshKey, read_public_key

KEYS_MAXIMUM = 20
"""Of one instance at the same time; AWS bounds how often somebody may ask."""


def send_ssh_public_key(ctx: Context, request: Request) -> Answer:
    """The key is good for 60 seconds.

    Raises EC2InstanceNotFoundException, EC2InstanceStateInvalidException unless the instance runs, InvalidArgsException
    for what is no key and for a zone that is not the instance's, ThrottlingException for more keys than it may have.
    """
    instance = _running(ctx, request)
    if request.get("AvailabilityZone") not in (None, instance.zone_name):
        raise AwsError("InvalidArgsException", "The instance is not in the Availability Zone of the request.")
    key, user = _read(request["SSHPublicKey"]), request["InstanceOSUser"]
    name = OfferedKey.name(instance.id, user, key.fingerprint)
    good = [row for row in ctx.state.inventory.keys_offered_to(instance.id) if row.is_good_at(ctx.now)]
    if len(good) >= KEYS_MAXIMUM and all(row.id != name for row in good):
        raise AwsError("ThrottlingException", "The instance was sent too many keys. Wait a while and try again.")
    offered = OfferedKey(
        id=name,
        account=ctx.account,
        region=ctx.region,
        instance_id=instance.id,
        os_user=user,
        line=key.line,
        offered_at=ctx.now,
        caller_arn=ctx.caller.arn,
    )
    return Answer({"RequestId": _request_id(ctx), "Success": True}, put(offered))


def send_serial_console_ssh_public_key(ctx: Context, request: Request) -> Answer:
    """Always refused: no account here has access to the serial console (GetSerialConsoleAccessStatus says so, too).

    Raises EC2InstanceNotFoundException, EC2InstanceStateInvalidException, SerialConsoleAccessDisabledException.
    """
    _running(ctx, request)
    raise AwsError(
        "SerialConsoleAccessDisabledException",
        "Your account is not authorized to use the EC2 Serial Console, which does not exist here.",
    )


def on_instance(ctx: Context, request: Request) -> tuple[str]:
    return (arn("ec2", ctx.region, ctx.account, f"instance/{request['InstanceId']}"),)


def os_user(ctx: Context, request: Request, resource: str) -> Conditions:
    """The condition key of the action (Service Authorization Reference, "Amazon EC2 Instance Connect")."""
    return {"ec2:osuser": request["InstanceOSUser"]}


def _running(ctx: Context, request: Request) -> Instance:
    instance = ctx.network.instances.get(request["InstanceId"])
    if instance is None or not ctx.sees(instance):
        raise AwsError("EC2InstanceNotFoundException", "The specified instance was not found.")
    if instance.state is not InstanceState.RUNNING:
        raise AwsError(
            "EC2InstanceStateInvalidException",
            "Unable to connect because the instance is not in a valid state. Connecting to a stopped or terminated "
            "instance is not supported. If the instance is stopped, start your instance, and try to connect again.",
        )
    return instance


def _read(text: str) -> SshKey:
    try:
        return read_public_key(text.encode())
    except KeyFormatError:
        raise AwsError("InvalidArgsException", "The SSH public key is not valid: RSA or Ed25519 is needed.") from None


def _request_id(ctx: Context) -> str:
    number = ctx.random.getrandbits(128)
    digits = f"{number:032x}"
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))
