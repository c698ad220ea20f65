"""ARNs lead to what has them, whichever service is asked."""

from __future__ import annotations

import pytest

from realvpc.net.balancing_arn import Balancing, kind_of, row_at
from realvpc.net.listener import Listener
from realvpc.net.load_balancer import LoadBalancer
from realvpc.net.target_group import TargetGroup

from ..conftest import Client
from .build import Ground


@pytest.fixture
def ground(client: Client) -> Ground:
    return Ground(client)


def test_an_arn_leads_to_the_row_of_its_kind(ground: Ground) -> None:
    balancer, group = ground.balancer()["LoadBalancerArn"], ground.group()
    arns: dict[type[Balancing], str] = {
        LoadBalancer: balancer,
        TargetGroup: group,
        Listener: ground.listener(balancer, group),
    }
    network = ground.client.service.state.network
    for kind, arn in arns.items():
        assert kind_of(arn) is kind
        for asked in arns:
            row = row_at(network, asked, arn)
            assert (row.arn if row else None) == (arn if asked is kind else None)


def test_what_only_resembles_one_leads_nowhere(ground: Ground) -> None:
    arn = ground.balancer()["LoadBalancerArn"]
    digits = arn.rpartition("/")[2]
    network = ground.client.service.state.network
    for other in (
        digits,
        f"/{digits}",
        f"{arn}\n",
        arn.replace("/front/", "/rear/"),
        arn.replace("/net/", "/app/"),
        arn.replace(":loadbalancer/net/", ":targetgroup/"),
        arn.replace("arn:aws:", "arn:aws-cn:"),
    ):
        assert row_at(network, LoadBalancer, other) is None
        made = ground.client.refused("CreateVpcEndpointServiceConfiguration", NetworkLoadBalancerArns=[other])
        assert made.message == f"The load balancer {other} does not exist or is not a Network Load Balancer."
        described = ground.refused("DescribeLoadBalancers", LoadBalancerArns=[other])
        assert described[0] in {"ValidationError", "LoadBalancerNotFound"}
