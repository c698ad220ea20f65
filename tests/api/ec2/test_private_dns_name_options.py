"""What instances are called."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from realvpc.api.machines import machine_specs
from realvpc.net.instance import InstanceState
from realvpc.net.table import put

from ..build import make_subnet, make_vpc, named, put_instance
from ..conftest import Client

DOMAIN = "ap-northeast-1.compute.internal"


def an_instance(client: Client, state: InstanceState = InstanceState.STOPPED) -> str:
    instance_id, _ = put_instance(client, make_subnet(client, make_vpc(client)), "10.20.0.7")
    row = client.service.state.network.instances[instance_id]
    client.service.report(lambda ctx: put(replace(row, state=state)), "test")
    return instance_id


def shown(client: Client) -> dict[str, Any]:
    found: dict[str, Any] = client("DescribeInstances")["Reservations"][0]["Instances"][0]
    return found


def test_a_stopped_instance_can_be_called_by_its_id(client: Client) -> None:
    instance_id = an_instance(client)
    assert shown(client)["PrivateDnsName"] == f"ip-10-20-0-7.{DOMAIN}"
    done = client(
        "ModifyPrivateDnsNameOptions",
        InstanceId=instance_id,
        PrivateDnsHostnameType="resource-name",
        EnableResourceNameDnsARecord=True,
    )
    assert done["Return"] is True
    assert shown(client)["PrivateDnsName"] == f"{instance_id}.{DOMAIN}"
    assert shown(client)["PrivateDnsNameOptions"] == {
        "HostnameType": "resource-name",
        "EnableResourceNameDnsARecord": True,
        "EnableResourceNameDnsAAAARecord": False,
    }
    [spec] = machine_specs(client.service.state)
    assert spec.hostname == instance_id
    by_name = client("DescribeInstances", Filters=named("private-dns-name", f"{instance_id}.{DOMAIN}"))
    assert by_name["Reservations"]


def test_the_record_can_be_wanted_while_the_instance_runs_the_hostname_cannot_change(client: Client) -> None:
    instance_id = an_instance(client, InstanceState.RUNNING)
    client("ModifyPrivateDnsNameOptions", InstanceId=instance_id, EnableResourceNameDnsARecord=True)
    client("ModifyPrivateDnsNameOptions", InstanceId=instance_id, PrivateDnsHostnameType="ip-name")
    assert shown(client)["PrivateDnsNameOptions"]["EnableResourceNameDnsARecord"] is True
    error = client.refused(
        "ModifyPrivateDnsNameOptions", InstanceId=instance_id, PrivateDnsHostnameType="resource-name"
    )
    assert error.code == "IncorrectInstanceState"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ({"PrivateDnsHostnameType": "name"}, "InvalidParameterValue"),
        ({"EnableResourceNameDnsAAAARecord": True}, "InvalidParameterValue"),
        ({"InstanceId": "i-00000000000000009"}, "InvalidInstanceID.NotFound"),
    ],
)
def test_bad_options_are_refused(client: Client, options: dict[str, Any], code: str) -> None:
    parameters = {"InstanceId": an_instance(client), **options}
    assert client.refused("ModifyPrivateDnsNameOptions", **parameters).code == code


def test_a_terminated_instance_stays_as_it_is(client: Client) -> None:
    instance_id = an_instance(client, InstanceState.TERMINATED)
    error = client.refused("ModifyPrivateDnsNameOptions", InstanceId=instance_id, EnableResourceNameDnsARecord=True)
    assert error.code == "IncorrectInstanceState"
