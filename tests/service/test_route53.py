"""Route 53 with AWS's own clients, which are told nothing but AWS_ENDPOINT_URL."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.running import REGION, Running

pytestmark = pytest.mark.e2e


def test_a_private_zone_with_the_aws_command(service: Running) -> None:
    vpc = service.aws("ec2", "create-vpc", "--cidr-block", "10.20.0.0/16")["Vpc"]["VpcId"]
    made = service.aws(
        *("route53", "create-hosted-zone", "--name", "corp.example", "--caller-reference", "one"),
        *("--vpc", f"VPCRegion={REGION},VPCId={vpc}"),
    )
    zone_id = made["HostedZone"]["Id"]
    batch = {
        "Comment": "<&>",
        "Changes": [
            {
                "Action": "UPSERT",
                "ResourceRecordSet": {
                    "Name": "*.corp.example",
                    "Type": "A",
                    "TTL": 60,
                    "ResourceRecords": [{"Value": "10.20.0.10"}],
                },
            }
        ],
    }
    change = ("route53", "change-resource-record-sets", "--hosted-zone-id", zone_id, "--change-batch")
    info = service.aws(*change, json.dumps(batch))["ChangeInfo"]
    service.aws("route53", "wait", "resource-record-sets-changed", "--id", info["Id"])
    rows = service.aws("route53", "list-resource-record-sets", "--hosted-zone-id", zone_id)["ResourceRecordSets"]
    assert [row["Name"] for row in rows] == ["corp.example.", "corp.example.", "\\052.corp.example."]
    by_name = service.aws("route53", "list-hosted-zones-by-name", "--dns-name", "corp.example", "--max-items", "1")
    assert by_name["HostedZones"][0]["Id"] == zone_id
    complaint = service.aws("route53", "delete-hosted-zone", "--id", zone_id, code=255)
    assert "(HostedZoneNotEmpty) when calling the DeleteHostedZone operation" in complaint


def test_boto3_reads_the_errors_as_its_own_exceptions(service: Running) -> None:
    route53: Any = service.client("route53")
    with pytest.raises(route53.exceptions.NoSuchHostedZone, match="No hosted zone found with ID: Z1"):
        route53.get_hosted_zone(Id="Z1")
    made = route53.create_hosted_zone(Name="a.example", CallerReference="two")
    assert made["ResponseMetadata"]["HTTPStatusCode"] == 201
    assert made["Location"].endswith(made["HostedZone"]["Id"])
    record = {"Name": "w.b.example", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "10.0.0.1"}]}
    batch = {"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    with pytest.raises(route53.exceptions.InvalidChangeBatch, match=r"not permitted in zone a\.example\."):
        route53.change_resource_record_sets(HostedZoneId=made["HostedZone"]["Id"], ChangeBatch=batch)
    changes = [{"Action": "CREATE", "ResourceRecordSet": record | {"Name": f"w{i}.a.example"}} for i in range(5)]
    route53.change_resource_record_sets(HostedZoneId=made["HostedZone"]["Id"], ChangeBatch={"Changes": changes})
    pages = route53.get_paginator("list_resource_record_sets").paginate(
        HostedZoneId=made["HostedZone"]["Id"], PaginationConfig={"PageSize": 2}
    )
    assert len([row for page in pages for row in page["ResourceRecordSets"]]) == 7
