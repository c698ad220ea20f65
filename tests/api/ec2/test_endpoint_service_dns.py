"""Private names of endpoint services of one's own: proven, had by endpoints that are connected, and by no other."""

from __future__ import annotations

from typing import Any

from realvpc.dns.resolve import resolve

from ..conftest import Client
from .test_endpoint_service import Consumer, Provider

NAME = "api.example.org"


class Named:
    """A provider with a private name, and a consumer in whose VPC hosts have names."""

    def __init__(self, client: Client, *, acceptance: bool) -> None:
        self.client = client
        self.provider = Provider(client, AcceptanceRequired=acceptance, PrivateDnsName=NAME)
        self.consumer = Consumer(client.service)
        attribute: dict[str, Any] = {"EnableDnsHostnames": {"Value": True}}
        self.consumer.client("ModifyVpcAttribute", VpcId=self.consumer.vpc_id, **attribute)
        self.provider.permit()

    def check(self) -> str:
        """Has the record looked for, and what is found then."""
        self.client("StartVpcEndpointServicePrivateDnsVerification", ServiceId=self.provider.id)
        [shown] = self.client("DescribeVpcEndpointServiceConfigurations")["ServiceConfigurations"]
        return shown["PrivateDnsNameConfiguration"]["State"]  # type: ignore[no-any-return]

    def prove(self) -> str:
        proof = self.provider.shown["PrivateDnsNameConfiguration"]
        assert (proof["State"], proof["Type"]) == ("pendingVerification", "TXT")
        made = self.client("CreateHostedZone", of="route53", Name="example.org", CallerReference="x")["HostedZone"]
        record = {
            "Name": f"{proof['Name']}.{NAME}",
            "Type": "TXT",
            "TTL": 60,
            "ResourceRecords": [{"Value": f'"{proof["Value"]}"'}],
        }
        batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
        zone_id = made["Id"].rpartition("/")[2]
        self.client("ChangeResourceRecordSets", of="route53", HostedZoneId=zone_id, ChangeBatch=batch)
        return self.check()

    def shown(self) -> tuple[bool, bool]:
        """Whether the endpoint has private DNS, and the name among its entries."""
        [row] = self.consumer.client("DescribeVpcEndpoints")["VpcEndpoints"]
        return row["PrivateDnsEnabled"], NAME in [each["DnsName"] for each in row["DnsEntries"]]

    def resolves(self) -> bool:
        """In the consumer's VPC."""
        state = self.client.service.state
        found = resolve(state, state.network.vpcs[self.consumer.vpc_id], f"{NAME}.", "A")
        return bool(found.answer)


def test_a_private_name_counts_once_its_domain_is_proven(client: Client) -> None:
    house = Named(client, acceptance=False)
    provider = house.provider
    reason = "has not verified the private DNS name."  # as users of Terraform saw it
    assert house.consumer.refused(provider.name, PrivateDnsEnabled=True) == (
        "InvalidParameter",
        f"Private DNS can't be enabled because the service {provider.name} {reason}",
    )
    assert house.check() == "failed"
    assert house.prove() == "verified"
    made = house.consumer.endpoint(provider.name, PrivateDnsEnabled=True)
    assert made["DnsEntries"][-1]["DnsName"] == NAME
    assert house.resolves()
    client("ModifyVpcEndpointServiceConfiguration", ServiceId=provider.id, RemovePrivateDnsName=True)
    assert house.shown() == (False, False)
    assert not house.resolves()


def test_a_service_without_a_private_name_has_none_to_prove(client: Client) -> None:
    wanted: dict[str, Any] = {"ServiceId": Provider(client).id}
    error = client.refused("StartVpcEndpointServicePrivateDnsVerification", **wanted)
    assert error.code == "InvalidParameter"


def test_an_endpoint_has_it_while_it_is_connected(client: Client) -> None:
    """Who enables it before has to wait: crossplane-contrib/provider-aws, issue 1363."""
    house = Named(client, acceptance=True)
    provider, consumer = house.provider, house.consumer
    house.prove()
    sentence = f"Private DNS can't be enabled because the service {provider.name} has not accepted the VPC endpoint."
    assert consumer.refused(provider.name, PrivateDnsEnabled=True) == ("InvalidParameter", sentence)
    endpoint_id = consumer.endpoint(provider.name)["VpcEndpointId"]
    wanted: dict[str, Any] = {"VpcEndpointId": endpoint_id, "PrivateDnsEnabled": True}
    assert consumer.client.refused("ModifyVpcEndpoint", **wanted).message == sentence
    assert (house.shown(), house.resolves()) == ((False, False), False)
    provider.answers("Accept", endpoint_id)
    assert (house.shown(), house.resolves()) == ((False, False), False)
    consumer.client("ModifyVpcEndpoint", **wanted)
    assert (house.shown(), house.resolves()) == ((True, True), True)
    provider.answers("Reject", endpoint_id)
    assert (house.shown(), house.resolves()) == ((False, False), False)
    assert consumer.client.refused("ModifyVpcEndpoint", **wanted).message == sentence
    assert client("DeleteVpcEndpointServiceConfigurations", ServiceIds=[provider.id])["Unsuccessful"] == []
    assert (house.shown(), house.resolves()) == ((False, False), False)
    assert consumer.client.refused("ModifyVpcEndpoint", **wanted).code == "InvalidParameter"


def test_a_name_that_was_proven_later_can_be_had_as_well(client: Client) -> None:
    house = Named(client, acceptance=False)
    endpoint_id = house.consumer.endpoint(house.provider.name)["VpcEndpointId"]
    house.prove()
    assert (house.shown(), house.resolves()) == ((False, False), False)
    house.consumer.client("ModifyVpcEndpoint", VpcEndpointId=endpoint_id, PrivateDnsEnabled=True)
    assert (house.shown(), house.resolves()) == ((True, True), True)
