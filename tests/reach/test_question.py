"""Can this reach that, and why not."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from realvpc.net.addresses import Address
from realvpc.net.network import Network
from realvpc.net.network_interface import Attachment
from realvpc.net.table import put
from realvpc.reach.endpoint import UnknownEndpointError, resolve
from realvpc.reach.question import Question, ask
from realvpc.reach.report import matrix, why
from tests.worlds import NOW, instance, peering, three_vpcs, to_peering, vpc_with_instance, with_routes


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


def twins() -> Network:
    """L is peered with M and N, which have the same block.  L's route to 10.0.0.77 leads to M, to the rest to N."""
    back = {name: (to_peering("172.16.0.0/16", f"pcx-l{name}"),) for name in "mn"}
    return Network.of(
        *vpc_with_instance(
            "l",
            "172.16.0.0/16",
            "172.16.0.88",
            routes=(to_peering("10.0.0.77/32", "pcx-lm"), to_peering("10.0.0.0/16", "pcx-ln")),
        ),
        *vpc_with_instance("m", "10.0.0.0/16", "10.0.0.77", routes=back["m"]),
        *instance("m66", "10.0.0.66", vpc="m"),
        *vpc_with_instance("n", "10.0.0.0/16", "10.0.0.99", routes=back["n"]),
        *instance("n66", "10.0.0.66", vpc="n"),
        peering("l", "m"),
        peering("l", "n"),
    )


def asked(network: Network, source: str, destination: str) -> dict[str, Any]:
    return why(network, resolve(network, source), resolve(network, destination), "icmp", 0)


def test_a_reply_that_goes_to_another_machine_is_no_answer() -> None:
    answer = asked(twins(), "i-m66", "i-l")
    assert (answer["reachable"], answer["direction"], answer["reason"]) == (False, "reply", "REPLY_GOES_TO_ANOTHER")
    assert answer["sentence"] == (
        "The reply arrives at eni-n66 (n66-EC2): seen from 172.16.0.88, the address 10.0.0.66 is not that of "
        "eni-m66 (m66-EC2)."
    )
    assert asked(twins(), "i-m", "i-l")["reachable"]  # the longer prefix leads back to it
    assert asked(twins(), "i-n66", "i-l")["reachable"]


def test_the_machine_that_was_asked_about_is_not_whoever_has_its_address() -> None:
    answer = asked(twins(), "i-m", "i-n66")
    assert (answer["reachable"], answer["direction"]) == (False, "forward")
    assert (answer["reason"], answer["arrived_at"]) == ("ANOTHER_HAS_THE_ADDRESS", "eni-m66 (m66-EC2)")
    assert asked(twins(), "i-l", "i-n66")["reachable"]
    assert asked(twins(), "i-l", "i-m66")["reason"] == "ANOTHER_HAS_THE_ADDRESS"


def test_a_bare_address_means_whoever_has_it() -> None:
    answer = asked(twins(), "i-l", "10.0.0.66")
    assert (answer["reachable"], answer["arrived_at"]) == (True, "eni-n66 (n66-EC2)")


def test_an_instance_is_reached_at_each_of_its_interfaces() -> None:
    network = three_vpcs()
    second = replace(
        network.interfaces["eni-a"],
        id="eni-a2",
        private_addresses=(Address.parse("10.20.0.208"),),
        public_address=None,
        attachment=Attachment(id="eni-attach-a2", owner_id="i-a", device_index=1, attached_at=NOW),
    )
    network = network.apply(put(second))
    question = Question(
        at="eni-b",
        source=Address.parse("10.30.4.69"),
        destination=Address.parse("10.20.0.208"),
        receiver="eni-a",
    )
    assert ask(network, question).reachable


def test_the_matrix_tells_namesakes_of_an_address_apart() -> None:
    seen = matrix(twins())
    names = [row["name"] for row in seen["instances"]]
    reached = {
        (source, destination)
        for source, row in zip(names, seen["cells"], strict=True)
        for destination, cell in zip(names, row, strict=True)
        if cell and cell["reachable"]
    }
    within = {("m-EC2", "m66-EC2"), ("n-EC2", "n66-EC2")}
    with_l = {("m-EC2", "l-EC2"), ("n-EC2", "l-EC2"), ("n66-EC2", "l-EC2")}
    assert reached == {pair for a, b in within | with_l for pair in ((a, b), (b, a))}
