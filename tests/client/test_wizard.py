"""The "VPC and more" recipe: sizes and names."""

from __future__ import annotations

from itertools import count
from typing import Any

import pytest

from realvpc.client.aws import CallFailedError, Performed, Profile
from realvpc.client.command import command_line
from realvpc.client.undo import undoing
from realvpc.client.wizard import WizardError, create_vpc, plan_subnets
from realvpc.clock import Clock
from realvpc.net.addresses import Cidr
from realvpc.net.egress_only_internet_gateway import EgressOnlyInternetGateway
from tests.api.conftest import MAIN, TOKYO, Client, new_service


def planned(cidr: str, zones: list[str], public: int, private: int) -> list[str]:
    plans = plan_subnets(Cidr.parse(cidr), zones, public=public, private=private)
    return [f"{plan.name('P')} {plan.cidr}" for plan in plans]


def test_the_walkthrough() -> None:
    assert planned("10.20.0.0/16", ["ap-northeast-1a"], 1, 0) == ["P-subnet-public1-ap-northeast-1a 10.20.0.0/20"]


def test_public_from_the_start_and_private_from_the_middle() -> None:
    assert planned("10.0.0.0/16", ["a", "b"], 2, 2) == [
        "P-subnet-public1-a 10.0.0.0/20",
        "P-subnet-public2-b 10.0.16.0/20",
        "P-subnet-private1-a 10.0.128.0/20",
        "P-subnet-private2-b 10.0.144.0/20",
    ]


def test_a_subnet_is_never_smaller_than_28() -> None:
    assert planned("10.0.0.0/24", ["a"], 1, 1) == [
        "P-subnet-public1-a 10.0.0.0/28",
        "P-subnet-private1-a 10.0.0.128/28",
    ]
    assert planned("10.0.0.0/26", ["a"], 2, 2)[-1] == "P-subnet-private2-a 10.0.0.48/28"


@pytest.mark.parametrize(
    ("cidr", "public", "private"), [("10.0.0.0/27", 2, 1), ("10.0.0.0/15", 1, 0), ("10.0.0.0/28", 2, 0)]
)
def test_what_does_not_fit_is_refused(cidr: str, public: int, private: int) -> None:
    with pytest.raises(WizardError):
        planned(cidr, ["a"], public, private)


def test_with_ipv6_each_subnet_has_a_block_and_private_ones_only_get_out() -> None:
    client = Client(new_service(Clock()), MAIN, TOKYO)

    def aws(service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        return client(operation, of=service, **parameters)

    block = Cidr.parse("10.60.0.0/16")
    subnets = plan_subnets(block, [f"{TOKYO}a", f"{TOKYO}c"], public=2, private=2)
    made = create_vpc(aws, "six", block, subnets, ipv6=True)  # type: ignore[arg-type]  # called alike
    network = client.service.state.network
    [whole] = network.vpcs[made.vpc_id].ipv6_cidrs
    rows = [network.subnets[subnet_id] for subnet_id in (*made.public_subnet_ids, *made.private_subnet_ids)]
    assert [row.ipv6_cidr for row in rows] == [whole.subnet(place, 64) for place in range(4)]
    assert all(row.assign_ipv6_address_on_creation for row in rows)
    out = {
        row.route.target.id.partition("-")[0]
        for subnet in rows
        for row in network.routes_in(network.route_table_for(subnet).id)
        if not row.route.destination.is_ipv4
    }
    assert out == {"igw", "eigw"}


class Calls:
    """An account of a service in memory, called as the command line calls it."""

    def __init__(self) -> None:
        self.client = Client(new_service(Clock()), MAIN, TOKYO)

    def __call__(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        return self.client(operation, of=service, **parameters)

    def wait(self, service: str, waiter: str, **parameters: Any) -> None:
        """What is waited for has happened: see to it that it has."""
        assert waiter == "NatGatewayAvailable"
        [row] = self.client("DescribeNatGateways", **parameters)["NatGateways"]
        assert row["State"] == "available"


@pytest.mark.parametrize(("nat", "zones"), [("none", []), ("one", ["a"]), ("per-zone", ["a", "c"])])
def test_private_subnets_get_out_through_nat_gateways(nat: str, zones: list[str]) -> None:
    aws = Calls()
    subnets = plan_subnets(Cidr.parse("10.70.0.0/16"), [f"{TOKYO}a", f"{TOKYO}c"], public=2, private=2)
    made = create_vpc(aws, "n", Cidr.parse("10.70.0.0/16"), subnets, nat=nat)  # type: ignore[arg-type]  # called alike
    network = aws.client.service.state.network
    gateways = sorted(network.nat_gateways.values(), key=lambda row: row.tags["Name"])
    assert [row.tags["Name"] for row in gateways] == [
        f"n-nat-public{number}-{TOKYO}{zone}" for number, zone in enumerate(zones, 1)
    ]
    assert sorted(row.tags["Name"] for row in network.elastic_ips.values()) == [
        f"n-eip-{TOKYO}{zone}" for zone in zones
    ]
    targets = [
        [row.route.target.id for row in network.routes_in(table_id)] for table_id in made.private_route_table_ids
    ]
    ids = [row.id for row in gateways]
    assert targets == {0: [[], []], 1: [ids, ids], 2: [ids[:1], ids[1:]]}[len(ids)]


def test_a_nat_gateway_needs_a_public_subnet() -> None:
    block = Cidr.parse("10.70.0.0/16")
    subnets = plan_subnets(block, [f"{TOKYO}a"], public=0, private=1)
    with pytest.raises(WizardError, match="needs a public subnet"):
        create_vpc(Calls(), "n", block, subnets, nat="one")  # type: ignore[arg-type]  # called alike


PROFILE = Profile("main", MAIN, "http://127.0.0.1:1", "key", "secret", TOKYO)


class Refusing(Calls):
    """Refuses the call of a number, and remembers what was done before."""

    def __init__(self, refused: int) -> None:
        super().__init__()
        self.done: list[Performed] = []
        self._left = refused

    def __call__(self, service: str, operation: str, **parameters: Any) -> dict[str, Any]:
        self._left -= 1
        if not self._left:
            raise CallFailedError("InternalError", "")
        response = super().__call__(service, operation, **parameters)
        words = command_line(service, operation, parameters)
        self.done.append(Performed(PROFILE, words, operation, response, None))
        return response

    def there_is(self) -> list[int]:
        network = self.client.service.state.network
        tables = (network.subnets, network.route_tables, network.internet_gateways, network.elastic_ips)
        available = network.available_nat_gateways(MAIN, TOKYO)
        return [len(rows) for rows in (network.vpcs, *tables, network.table(EgressOnlyInternetGateway), available)]


def test_whatever_call_fails_the_said_commands_take_away_what_was_made_before() -> None:
    block = Cidr.parse("10.70.0.0/16")
    subnets = plan_subnets(block, [f"{TOKYO}a", f"{TOKYO}c"], public=2, private=2)
    for refused in count(1):
        aws = Refusing(refused)
        aws.client("DescribeVpcs")
        before = aws.there_is()
        try:
            create_vpc(aws, "n", block, subnets, nat="one", ipv6=True)  # type: ignore[arg-type]  # called alike
        except CallFailedError:
            for service, verb, *options in undoing(aws.done):
                if verb != "wait":
                    names = (option.removeprefix("--") for option in options[::2])
                    aws.client(camel(verb), of=service, **dict(zip(map(camel, names), options[1::2], strict=True)))
            assert aws.there_is() == before, aws.done[-1].operation
        else:
            assert len(undoing(aws.done)) > 12
            break


def camel(words: str) -> str:
    """As the API has it what the command line has with hyphens."""
    return "".join(map(str.capitalize, words.split("-")))
