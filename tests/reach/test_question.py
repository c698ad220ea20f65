"""Can this reach that, and why not."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from realvpc.net.addresses import Address
from realvpc.net.instance import InstanceState
from realvpc.net.network import Network
from realvpc.net.network_interface import Attachment
from realvpc.net.table import delete, put
from realvpc.reach.endpoint import UnknownEndpointError, has_only_ipv6, resolve
from realvpc.reach.question import Question, ask
from realvpc.reach.report import Matrix, matrix, why
from tests.packets import hosts
from tests.packets.hosts import number
from tests.worlds import NOW, instance, peering, three_vpcs, to_peering, vpc_with_instance, with_routes


def test_the_matrix_of_the_walkthrough() -> None:
    seen = matrix(three_vpcs())
    assert [row["name"] for row in seen["instances"]] == ["a-EC2", "b-EC2", "c-EC2"]
    reachable = [[cell and cell["reachable"] for cell in row] for row in seen["cells"]]
    assert reachable == [[None, True, True], [True, None, False], [True, False, None]]


def test_the_matrix_of_ipv6_has_those_that_have_an_address_of_it() -> None:
    network = three_vpcs()
    rows = (
        replace(network.interfaces[f"eni-{name}"], ipv6_addresses=(Address.parse(f"2001:db8:{name}::7"),))
        for name in ("a", "c")
    )
    whole = Matrix(network.apply(put(*rows)), ipv6=True)
    seen = whole.report(list(whole.cells()))
    assert [row["address"] for row in seen["instances"]] == ["2001:db8:a::7", "2001:db8:c::7"]
    assert [[cell and cell["reason"] for cell in row] for row in seen["cells"]] == [
        [None, "SECURITY_GROUP_EGRESS"],
        ["SECURITY_GROUP_EGRESS", None],
    ]


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


def test_an_ipv6_address_is_asked_about_from_one_of_the_same_family() -> None:
    network = three_vpcs()
    rows = [
        replace(network.interfaces[f"eni-{name}"], ipv6_addresses=(Address.parse(f"2001:db8:{name}::7"),))
        for name in ("a", "b")
    ]
    network = network.apply(put(*rows))
    source, destination = (resolve(network, f"{name}-EC2", ipv6=True) for name in ("a", "b"))
    assert (str(source.address), str(destination.address)) == ("2001:db8:a::7", "2001:db8:b::7")
    answer = why(network, source, destination, "icmp", 0)
    assert (answer["source"], answer["reachable"]) == ("2001:db8:a::7", False)
    assert why(network, source, resolve(network, "2001:db8:a::7"), "icmp", 0)["reachable"]  # its own
    assert str(resolve(network, "internet", ipv6=True).address) == "2001:db8:ffff::1"
    with pytest.raises(UnknownEndpointError, match="c-EC2 has no IPv6 address"):
        resolve(network, "c-EC2", ipv6=True)
    with pytest.raises(ValueError, match="of different families"):
        why(network, source, resolve(network, "b-EC2"), "icmp", 0)


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


@pytest.mark.parametrize("address", ["8.8.8.8", "198.18.0.78"])
def test_an_address_of_the_internet_that_nobody_has_answers_nobody(address: str) -> None:
    """The gateway lets the packet out; so it does for a public address that is associated with nothing."""
    network = three_vpcs()
    answer = why(network, resolve(network, "b-EC2"), resolve(network, address), "icmp", 0)
    assert (answer["reachable"], answer["reason"], answer["reply"]) == (False, "NOBODY_HAS_THE_ADDRESS", None)
    assert answer["arrived_at"] == "internet"
    assert answer["sentence"] == f"The packet leaves for the internet, where nobody has the address {address}."
    for host in ("internet", "198.19.0.2", "198.19.0.10"):
        assert why(network, resolve(network, "b-EC2"), resolve(network, host), "icmp", 0)["reachable"]


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


def in_state(network: Network, instance_id: str, state: InstanceState) -> Network:
    return network.apply(put(replace(network.instances[instance_id], state=state)))


@pytest.mark.parametrize("protocol", ["icmp", "tcp", "udp"])
def test_a_machine_reaches_itself_whatever_its_groups_say(protocol: str) -> None:
    network = three_vpcs()
    ends = resolve(network, "i-a"), resolve(network, "a-EC2")
    answer = why(network, *ends, protocol, 443)
    assert (answer["reachable"], answer["reason"], answer["arrived_at"]) == (True, "DELIVERED", "eni-a (a-EC2)")
    assert [hop["rule"] for hop in answer["forward"]] == ["its own address: no packet leaves the machine"]
    assert asked(network, "i-a", "10.20.0.207")["forward"] == asked(network, "eni-a", "i-a")["forward"]


def test_a_public_address_of_its_own_is_reached_by_way_of_the_gateway() -> None:
    network = three_vpcs()
    answer = why(network, resolve(network, "i-a"), resolve(network, "i-a", public=True), "tcp", 443)
    assert (answer["reachable"], answer["reason"]) == (False, "SECURITY_GROUP_INGRESS")


def test_an_address_of_its_own_that_another_machine_was_meant_to_have_is_not_reached() -> None:
    assert asked(twins(), "i-m66", "i-n66")["reason"] != "DELIVERED"


@pytest.mark.parametrize("state", [InstanceState.STOPPED, InstanceState.STOPPING, InstanceState.SHUTTING_DOWN])
@pytest.mark.parametrize(("source", "destination"), [("b-EC2", "c-EC2"), ("c-EC2", "b-EC2"), ("b-EC2", "b-EC2")])
def test_that_an_instance_does_not_run_is_said_before_anything_else(
    source: str, destination: str, state: InstanceState
) -> None:
    """Between B and C nothing is let through either."""
    answer = asked(in_state(three_vpcs(), "i-b", state), source, destination)
    assert (answer["reachable"], answer["reason"], answer["reply"]) == (False, "INSTANCE_NOT_RUNNING", None)
    assert answer["sentence"] == "Nothing that eni-b (b-EC2) belongs to takes packets now."
    assert [hop["rule"] for hop in answer["forward"]] == [f"i-b is {state}"]


def test_an_address_of_a_stopped_instance_is_nobodys() -> None:
    answer = asked(in_state(three_vpcs(), "i-b", InstanceState.STOPPED), "i-a", "10.30.4.69")
    assert (answer["reachable"], answer["reason"]) == (False, "INSTANCE_NOT_RUNNING")


def test_a_name_means_who_runs_then_who_may_run_again_then_the_last_that_had_it() -> None:
    network = in_state(three_vpcs(), "i-a", InstanceState.STOPPED)
    assert resolve(network, "a-EC2").interface_id == "eni-a"
    successor = [
        row if row.id != "i-new" else replace(row, tags={"Name": "a-EC2"})
        for row in instance("new", "10.20.0.9", vpc="a")
    ]
    assert resolve(network.apply(put(*successor)), "a-EC2").interface_id == "eni-new"
    gone = in_state(three_vpcs(), "i-a", InstanceState.TERMINATED).apply(delete(network.interfaces["eni-a"]))
    with pytest.raises(UnknownEndpointError, match="terminated"):
        resolve(gone, "a-EC2")


def test_an_ipv6_only_machine_is_asked_about_over_ipv6() -> None:
    network = Network.of(
        *hosts.vpc(1, "10.1.0.0/16", ipv6="2001:db8:1::/56"),
        hosts.ipv6_only(11, 1, "2001:db8:1:1::/64"),
        *hosts.host(1, 1, None, ipv6="2001:db8:1:1::7", subnet=11),
        *hosts.host(2, 1, "10.1.0.7", ipv6="2001:db8:1::7"),
    )
    only, dual = number("i", 1), number("i", 2)
    assert [has_only_ipv6(network, name) for name in (only, dual, "internet", "10.1.0.7")] == [
        True,
        False,
        False,
        False,
    ]
    with pytest.raises(UnknownEndpointError, match="no IPv4 address"):
        resolve(network, only)
    answer = why(network, resolve(network, only, ipv6=True), resolve(network, dual, ipv6=True), "icmp", 0)
    assert answer["reachable"]
    whole = Matrix(network)
    seen = whole.report(list(whole.cells()))
    assert ([row["id"] for row in seen["instances"]], seen["left_out"]) == ([dual], [only])
    whole = Matrix(network, ipv6=True)
    seen = whole.report(list(whole.cells()))
    assert ([row["id"] for row in seen["instances"]], seen["left_out"]) == ([only, dual], [])
