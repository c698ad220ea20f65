"""Each Region's names of load balancers are in a zone of their own."""

from __future__ import annotations

import re

from realvpc.net.balancing_zone import balancing_zone_id
from realvpc.net.zones import REGIONS


def test_each_region_has_a_zone_of_its_own() -> None:
    ids = {region: balancing_zone_id(region) for region in REGIONS}
    assert len({*ids.values()}) == len(ids)
    assert all(re.fullmatch("Z[0-9A-Z]{11,20}", each) for each in ids.values())
    assert (ids["us-east-1"], ids["eu-central-1"]) == ("Z26RNL4JYFTOTI", "Z3F0SRJ5LGBH90")
