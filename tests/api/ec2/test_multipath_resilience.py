"""Two Regions' VPCs may be sent traffic over several paths, when both sides allow it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from realvpc.api.core.errors import AwsError

from ..conftest import TOKYO, VIRGINIA, Client

ALLOW = {"AllowMultipathResilience": True}


class Pair:
    """A VPC in Tokyo, one in Virginia, and what Tokyo asks."""

    def __init__(self, as_account: Callable[..., Client], options: dict[str, Any] | None) -> None:
        self.tokyo, self.virginia = as_account(region=TOKYO), as_account(region=VIRGINIA)
        self.near = self.tokyo("CreateVpc", CidrBlock="10.20.0.0/16")["Vpc"]["VpcId"]
        self.far = self.virginia("CreateVpc", CidrBlock="10.30.0.0/16")["Vpc"]["VpcId"]
        asked: dict[str, Any] = {} if options is None else {"RequesterPeeringConnectionOptions": options}
        made = self.tokyo(
            "CreateVpcPeeringConnection", VpcId=self.near, PeerVpcId=self.far, PeerRegion=VIRGINIA, **asked
        )
        self.id = made["VpcPeeringConnection"]["VpcPeeringConnectionId"]

    def accept(self) -> None:
        self.virginia("AcceptVpcPeeringConnection", VpcPeeringConnectionId=self.id)

    def seen(self) -> dict[str, Any]:
        rows = self.tokyo("DescribeVpcPeeringConnections")["VpcPeeringConnections"]
        row: dict[str, Any] = rows[0]
        return row

    def modify(self, client: Client, **sides: Any) -> dict[str, Any]:
        return client("ModifyVpcPeeringConnectionOptions", VpcPeeringConnectionId=self.id, **sides)


@pytest.fixture
def pair(as_account: Callable[..., Client]) -> Callable[..., Pair]:
    return lambda options=None: Pair(as_account, options)


def test_accepting_a_request_that_allows_it_allows_it_too(pair: Callable[..., Pair]) -> None:
    both = pair(ALLOW | {"MultipathResilienceMode": "always-on"})
    assert both.seen()["MultipathResilienceStatus"] == "pending"
    both.accept()
    seen = both.seen()
    assert seen["MultipathResilienceStatus"] == "enabled"
    for side in ("RequesterVpcInfo", "AccepterVpcInfo"):
        options = seen[side]["PeeringOptions"]
        assert (options["AllowMultipathResilience"], options["MultipathResilienceMode"]) == (True, "always-on")


def test_each_side_is_modified_in_its_own_region(pair: Callable[..., Pair]) -> None:
    both = pair()
    both.accept()
    assert both.seen()["MultipathResilienceStatus"] == "disabled"
    assert "MultipathResilienceMode" not in both.seen()["RequesterVpcInfo"]["PeeringOptions"]
    answer = both.modify(both.virginia, AccepterPeeringConnectionOptions=ALLOW)
    assert answer["AccepterPeeringConnectionOptions"]["AllowMultipathResilience"] is True
    assert both.seen()["MultipathResilienceStatus"] == "pending"
    with pytest.raises(AwsError) as caught:
        both.modify(both.virginia, RequesterPeeringConnectionOptions=ALLOW)
    assert caught.value.code == "OperationNotPermitted"
    both.modify(both.tokyo, RequesterPeeringConnectionOptions=ALLOW)
    assert both.seen()["MultipathResilienceStatus"] == "enabled"
    both.modify(both.tokyo, RequesterPeeringConnectionOptions={"AllowDnsResolutionFromRemoteVpc": False})
    assert both.seen()["MultipathResilienceStatus"] == "enabled"
    both.modify(both.tokyo, RequesterPeeringConnectionOptions={"AllowMultipathResilience": False})
    assert both.seen()["MultipathResilienceStatus"] == "pending"


def test_inside_a_region_or_as_a_mode_alone_it_is_refused(client: Client, pair: Callable[..., Pair]) -> None:
    a, b = (client("CreateVpc", CidrBlock=f"10.{n}.0.0/16")["Vpc"]["VpcId"] for n in (1, 2))
    error = client.refused("CreateVpcPeeringConnection", VpcId=a, PeerVpcId=b, RequesterPeeringConnectionOptions=ALLOW)
    assert error.code == "InvalidParameterCombination"
    with pytest.raises(AwsError) as caught:
        pair({"MultipathResilienceMode": "always-on"})
    assert caught.value.code == "InvalidParameterCombination"
