"""`realvpc env` and `realvpc accounts`."""

from __future__ import annotations

import os
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from realvpc.config import DEFAULT_REGION, LARGEST_PEM, SettingsError
from realvpc.daemon.client import ServiceError
from realvpc.net.zones import REGIONS
from realvpc.regular_file import read_regular

from .terminal import (
    COMPLETION_SECONDS,
    ask_service,
    json_option,
    print_json,
    print_table,
    service,
    state_option,
    word,
)

if TYPE_CHECKING:
    from realvpc.client.aws import Profile


def _complete_account(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    try:
        found = ask_service(ctx.params.get("state"), "GET", "accounts", timeout=COMPLETION_SECONDS)
    except (ServiceError, SettingsError, OSError):
        return []
    return [each["name"] for each in found if each["access_keys"] and each["name"].startswith(incomplete)]


def _complete_region(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    return sorted(name for name in REGIONS if name.startswith(incomplete))


account_option = click.option(
    "--account",
    type=word,
    metavar="NAME",
    default="main",
    help="Name or id of the account [main].",
    shell_complete=_complete_account,
)
region_option = click.option(
    "--region", type=word, default=DEFAULT_REGION, help=f"Region [{DEFAULT_REGION}].", shell_complete=_complete_region
)


@click.command("env")
@state_option
@account_option
@region_option
@click.option("--format", "form", type=click.Choice(["sh", "json"]), default="sh", help="How to print [sh].")
def env_command(state: Path | None, account: str, region: str, form: str) -> None:
    """Print the exports that point AWS clients at this service.

    \b
    Examples:
      eval "$(realvpc env)"
      eval "$(realvpc env --account other --region us-east-1)"
    """
    from realvpc.client.aws import past_proxies

    chosen = profile(state, account, region)
    variables = chosen.environment()
    if form == "json":
        print_json(variables)
        return
    for name, value in (variables | past_proxies(chosen.endpoint_url, os.environ)).items():
        click.echo(f"export {name}={shlex.quote(value)}")
    click.echo("unset AWS_SESSION_TOKEN AWS_PROFILE")


def profile(state: Path | None, account: str, region: str) -> Profile:
    """How a client is this account.  Raises SettingsError for an account or a Region that is not there."""
    from realvpc.client.aws import Profile

    if region not in REGIONS:
        raise SettingsError(f"there is no Region {region}. There are: {', '.join(sorted(REGIONS))}")
    found: list[dict[str, Any]] = ask_service(state, "GET", "accounts")
    wanted = next((each for each in found if account in (each["name"], each["id"]) and each["access_keys"]), None)
    if wanted is None:
        names = ", ".join(each["name"] for each in found if each["access_keys"])
        raise SettingsError(f"there is no account {account} with an access key. There are: {names}")
    key, settings = wanted["access_keys"][0], service(state)
    return Profile(
        name=wanted["name"],
        account=wanted["id"],
        endpoint_url=settings.endpoint_url,
        access_key_id=key["id"],
        secret_access_key=key["secret"],
        region=region,
        ca_bundle=_ca_bundle(settings.tls_certificate),
    )


def _ca_bundle(certificate: Path | None) -> str | None:
    """The certificate, where nobody else has signed it: clients would not believe it otherwise.

    Raises SettingsError.
    """
    if certificate is None:
        return None
    from cryptography import x509

    try:
        first = x509.load_pem_x509_certificate(read_regular(certificate, LARGEST_PEM))
    except (OSError, ValueError) as error:
        raise SettingsError(f"{certificate} cannot be used: {error}") from error
    return str(certificate) if first.issuer == first.subject else None


@click.command("accounts", short_help="List the accounts of this service.")
@state_option
@json_option
def accounts_command(state: Path | None, as_json: bool) -> None:
    """List the accounts of this service, with the access keys that `realvpc env` hands out.

    \b
    Examples:
      realvpc accounts
      realvpc accounts --json | jq -r '.[] | select(.name == "other") | .id'
    """
    found: list[dict[str, Any]] = ask_service(state, "GET", "accounts")
    if as_json:
        print_json(found)
        return
    rows = [[each["name"], each["id"], ", ".join(key["id"] for key in each["access_keys"]) or None] for each in found]
    print_table(["NAME", "ACCOUNT", "ACCESS KEY"], rows)
