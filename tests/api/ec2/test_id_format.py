"""The lengths of ids."""

from __future__ import annotations

from ..conftest import Client


def test_all_ids_are_long(client: Client) -> None:
    everything = client("DescribeIdFormat")["Statuses"]
    assert all(row["UseLongIds"] for row in everything)
    assert client("DescribeIdFormat", Resource="vpc") == {"Statuses": [{"Resource": "vpc", "UseLongIds": True}]}
    assert client("DescribeIdentityIdFormat", PrincipalArn="all")["Statuses"] == everything
    assert client("DescribeAggregateIdFormat") == {"UseLongIdsAggregated": True, "Statuses": everything}
    assert client.refused("DescribeIdFormat", Resource="moon").code == "InvalidResourceType.Unknown"
