"""The credential report: a line for the account itself and one for each user (IAM guide, "Get credential reports")."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from realvpc.iam.account import AccessKey
from realvpc.iam.account_settings import CredentialReport
from realvpc.iam.signing_certificate import SigningCertificate
from realvpc.iam.user import User
from realvpc.net.table import put

from ..core.context import Answer, Context, Request
from ..core.effort import SHOWING
from ..core.errors import AwsError
from .signing_certificate import MOST

_HEAD = (
    "user,arn,user_creation_time,password_enabled,password_last_used,password_last_changed,password_next_rotation,"
    "mfa_active,access_key_1_active,access_key_1_last_rotated,access_key_1_last_used_date,"
    "access_key_1_last_used_region,access_key_1_last_used_service,access_key_2_active,access_key_2_last_rotated,"
    "access_key_2_last_used_date,access_key_2_last_used_region,access_key_2_last_used_service,cert_1_active,"
    "cert_1_last_rotated,cert_2_active,cert_2_last_rotated"
)
_NO_KEY = ("false", *["N/A"] * 4)
_NO_CERTIFICATE = ("false", "N/A")
_KEYS = 2


def generate_credential_report(ctx: Context, request: Request) -> Answer:
    """Made at once; whoever asks again within four hours is told that it is there."""
    report = ctx.state.table(CredentialReport).get(ctx.account)
    if report is not None and not report.is_old_at(ctx.now):
        return Answer({"State": "COMPLETE"})
    new = CredentialReport(
        id=ctx.account, account=ctx.account, generated_at=ctx.now, content="\n".join((_HEAD, *_lines(ctx)))
    )
    description = "No report exists. Starting a new report generation task"
    return Answer({"State": "STARTED", "Description": description}, put(new))


def get_credential_report(ctx: Context, request: Request) -> Answer:
    """Raises ReportNotPresent, ReportExpired."""
    report = ctx.state.table(CredentialReport).get(ctx.account)
    if report is None:
        raise AwsError("ReportNotPresent", "No report exists. Generate a new report.", 410)
    if report.is_old_at(ctx.now):
        raise AwsError("ReportExpired", "Report has expired. Generate a new report.", 410)
    return Answer(
        {"Content": report.content.encode(), "ReportFormat": "text/csv", "GeneratedTime": report.generated_at}
    )


def _lines(ctx: Context) -> Iterator[str]:
    own = ("<root_account>", f"arn:aws:iam::{ctx.account}:root", "not_supported")
    nothing = ("not_supported", "no_information", "not_supported", "not_supported", "false")
    yield ",".join((*own, *nothing, *_NO_KEY * _KEYS, *_NO_CERTIFICATE * MOST))
    for user in sorted(ctx.visible(ctx.directory.users), key=lambda user: user.name):
        ctx.effort.spend(SHOWING)
        yield ",".join(_line(user, ctx.directory.keys_of(user.id), ctx.directory.signing_certificates_of(user.id)))


def _line(user: User, keys: list[AccessKey], certificates: list[SigningCertificate]) -> Iterator[str]:
    yield from (_text(user.name), _text(user.arn), _date(user.created_at))
    if user.login_profile is None:
        yield from ("false", "N/A", "N/A", "N/A", "false")
    else:
        yield from ("true", "no_information", _date(user.login_profile.created_at), "N/A", "false")
    for key in keys[:_KEYS]:
        yield from ("true" if key.is_active else "false", _date(key.created_at))
        yield from (_date(key.last_use.at), key.last_use.region, key.last_use.service) if key.last_use else ["N/A"] * 3
    yield from _NO_KEY * (_KEYS - len(keys[:_KEYS]))
    for certificate in certificates:
        yield from ("true" if certificate.is_active else "false", _date(certificate.uploaded_at))
    yield from _NO_CERTIFICATE * (MOST - len(certificates))


def _date(moment: datetime) -> str:
    return moment.replace(microsecond=0).isoformat()


def _text(name: str) -> str:
    """A name may have commas in it; what else would need quoting it cannot have (RFC 4180)."""
    return f'"{name}"' if "," in name else name
