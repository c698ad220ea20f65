"""Can this reach that, and why not."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from realvpc.net.table import put
from realvpc.reach.endpoint import UnknownEndpointError, resolve
from realvpc.reach.report import matrix, why
from tests.worlds import instance, three_vpcs, with_routes


def test_the_matrix_of_the_walkthrough() -> None:
    seen = matrix(three_vpcs())
    assert [row["name"] for row in seen["instances"]] == ["a-EC2", "b-EC2", "c-EC2"]
    reachable = [[cell and cell["reachable"] for cell in row] for row in seen["cells"]]
    assert reachable == [[None, True, True], [True, None, False], [True, False, None]]


def test_why_tells_the_reason_in_a_plain_sentence_with_names() -> None:
    network = three_vpcs()
    network = network.apply(put(replace(network.vpcs["vpc-a"], tags={"Name": "VPC-A-vpc"})))
    answer = why(network, resolve(network, "b-EC2"), resolve(network, "c-EC2"), "icmp", 0)
    assert answer["reason"] == answer["explanation_code"] == "PCX_REQUIRES_ADDRESS_IN_VPC_CIDR"
    assert answer["sentence"] == (
        "pcx-ab delivers only to addresses inside vpc-a (VPC-A-vpc), and 10.120.3.14 is not one: "
        "VPC peering is not transitive."
    )
    assert answer["direction"] == "forward"


def test_a_missing_return_route_is_found_on_the_way_back() -> None:
    network = three_vpcs()
    network = with_routes(network, "rtb-b")
    answer = why(network, resolve(network, "i-a"), resolve(network, "10.30.4.69"), "icmp", 0)
    assert (answer["reachable"], answer["direction"], answer["reason"]) == (False, "reply", "NO_ROUTE")


def test_a_tcp_question_names_the_port() -> None:
    network = three_vpcs()
    answer = why(network, resolve(network, "eni-a"), resolve(network, "b-EC2"), "tcp", 443)
    assert answer["sentence"] == (
        "No inbound rule of the security groups of eni-b (b-EC2) allows TCP port 443 from 10.20.0.207."
    )


def test_the_internet_reaches_a_public_address() -> None:
    network = three_vpcs()
    assert why(network, resolve(network, "internet"), resolve(network, "a-EC2", public=True), "icmp", 0)["reachable"]
    assert not why(network, resolve(network, "internet"), resolve(network, "a-EC2"), "icmp", 0)["reachable"]


def test_names_must_mean_one_thing() -> None:
    network = three_vpcs()
    with pytest.raises(UnknownEndpointError, match="no instance"):
        resolve(network, "nobody")
    twin = [
        row if row.id != "i-twin" else replace(row, tags={"Name": "a-EC2"})
        for row in instance("twin", "10.20.0.9", vpc="a")
    ]
    with pytest.raises(UnknownEndpointError, match="2 instances"):
        resolve(network.apply(put(*twin)), "a-EC2")
