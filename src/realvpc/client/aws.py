"""One account in one Region, spoken to by an unmodified AWS client."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable
from typing import Any, Literal, TypeAlias

from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError, WaiterError
from botocore.exceptions import ConnectionError as NoConnectionError
from botocore.session import Session
from msgspec import Struct

from .command import command_line

Transport: TypeAlias = Literal["botocore", "aws"]


class Profile(Struct, frozen=True):
    """Where and as whom: what ``realvpc env`` prints."""

    name: str
    account: str
    endpoint_url: str
    access_key_id: str
    secret_access_key: str
    region: str
    ca_bundle: str | None = None  # a file, where the endpoint's certificate vouches for itself

    def environment(self) -> dict[str, str]:
        """The variables that every AWS client reads."""
        return {
            **({"AWS_CA_BUNDLE": self.ca_bundle} if self.ca_bundle else {}),
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_DEFAULT_REGION": self.region,
            "AWS_REGION": self.region,
        }

    def __repr__(self) -> str:
        """Without the secret, so that no log line can carry it."""
        return f"Profile({self.name}, {self.account}, {self.region})"


class Performed(Struct, frozen=True):
    """A call that was made: the words after ``aws``, and what came back."""

    profile: Profile
    words: list[str]
    operation: str
    response: dict[str, Any] | None
    error: CallFailedError | None


Observer: TypeAlias = Callable[[Performed], None]


class CallFailedError(Exception):
    """A call was refused, or a wait ended badly; ``code`` is AWS's error code where there is one."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


class Aws:
    """``aws("ec2", "CreateVpc", CidrBlock=…)`` performs a call and returns the response.

    With the transport ``aws`` each call is a run of the ``aws`` command, else of botocore.
    Raises CallFailedError.
    """

    def __init__(
        self, profile: Profile, transport: Transport = "botocore", observe: Observer = lambda call: None
    ) -> None:
        self.profile = profile
        self._transport = transport
        self._observe = observe
        self._session = Session()
        self._clients: dict[str, Any] = {}

    def __call__(self, service: str, operation: str, /, **parameters: Any) -> dict[str, Any]:
        words = command_line(service, operation, parameters)
        perform = self._run if self._transport == "aws" else lambda _: self._ask(service, operation, parameters)
        try:
            response = perform(words)
        except CallFailedError as error:
            self._observe(Performed(self.profile, words, operation, None, error))
            raise
        self._observe(Performed(self.profile, words, operation, response, None))
        return response

    def _ask(self, service: str, operation: str, parameters: dict[str, Any]) -> dict[str, Any]:
        client = self._client(service)
        method = xform_name(operation)
        try:
            response: dict[str, Any] = getattr(client, method)(**parameters)
        except ClientError as error:
            raise CallFailedError(error.response["Error"]["Code"], error.response["Error"]["Message"]) from error
        except (HTTPClientError, NoConnectionError) as error:
            raise CallFailedError("NoAnswer", f"{error} Look at `realvpc status`") from error
        response.pop("ResponseMetadata", None)
        return response

    def wait(self, service: str, waiter: str, /, **parameters: Any) -> None:
        """``aws.wait("ec2", "InstanceRunning", InstanceIds=[…])``, polling quicker than a real Region would need."""
        name, *words = command_line(service, waiter, parameters)
        words = [name, "wait", *words]
        if self._transport == "aws":
            self._run(words)
        else:
            self._poll(service, waiter, parameters)
        self._observe(Performed(self.profile, words, waiter, {}, None))

    def _poll(self, service: str, waiter: str, parameters: dict[str, Any]) -> None:
        waiting = self._client(service).get_waiter(xform_name(waiter))
        try:
            waiting.wait(**parameters, WaiterConfig={"Delay": 0.1, "MaxAttempts": 600})
        except WaiterError as error:
            raise CallFailedError("WaiterError", str(error)) from error

    def _client(self, service: str) -> Any:
        if service not in self._clients:
            profile = self.profile
            self._clients[service] = self._session.create_client(
                service,
                region_name=profile.region,
                endpoint_url=profile.endpoint_url,
                verify=profile.ca_bundle,
                aws_access_key_id=profile.access_key_id,
                aws_secret_access_key=profile.secret_access_key,
                config=Config(retries={"total_max_attempts": 2}, proxies={}),
            )
        return self._clients[service]

    def _run(self, words: list[str]) -> dict[str, Any]:
        command = shutil.which("aws")
        if command is None:
            raise CallFailedError("NoAwsCommand", "the aws command is not installed: https://aws.amazon.com/cli/")
        environment = {**os.environ, **self.profile.environment(), "AWS_PAGER": ""}
        done = subprocess.run(
            [command, *words, "--output", "json"], env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise CallFailedError("AwsCommandFailed", done.stderr.strip())
        answer: dict[str, Any] = json.loads(done.stdout) if done.stdout.strip() else {}
        return answer
