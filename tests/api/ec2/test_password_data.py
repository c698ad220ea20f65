"""The password of Windows, which no instance has."""

from __future__ import annotations

from ..build import make_subnet, make_vpc
from ..conftest import START, Client
from .test_run_instances import run


def test_an_instance_that_does_not_run_windows_has_an_empty_password(client: Client) -> None:
    (instance,) = run(client, make_subnet(client, make_vpc(client)))
    answer = client("GetPasswordData", InstanceId=instance["InstanceId"])
    assert answer == {"InstanceId": instance["InstanceId"], "PasswordData": "", "Timestamp": START}
    assert client.refused("GetPasswordData", InstanceId="i-00000000").code == "InvalidInstanceID.NotFound"
