"""Zone names and zone ids."""

from __future__ import annotations

import json
from pathlib import Path

import botocore

from realvpc.net.zones import REGIONS, find_zone, other_partition, zones


def test_the_usual_mapping_of_tokyo() -> None:
    seen = {zone.name: zone.id for zone in zones(REGIONS["ap-northeast-1"], 0)}
    assert seen == {"ap-northeast-1a": "apne1-az4", "ap-northeast-1c": "apne1-az1", "ap-northeast-1d": "apne1-az2"}


def test_another_account_maps_names_otherwise_in_old_regions_only() -> None:
    for region in REGIONS.values():
        usual, other = zones(region, 0), zones(region, 1)
        assert {zone.id for zone in usual} == {zone.id for zone in other}
        same = [ours.id == theirs.id for ours, theirs in zip(usual, other, strict=True)]
        assert not any(same) if region.mapped_per_account else all(same)


def test_a_zone_is_found_by_name_or_id() -> None:
    tokyo = REGIONS["ap-northeast-1"]
    assert find_zone(tokyo, 0, "ap-northeast-1a") == find_zone(tokyo, 0, "apne1-az4")
    assert find_zone(tokyo, 0, "ap-northeast-1b") is None


def test_every_region_of_the_standard_partition_is_there_and_the_others_are_of_others() -> None:
    endpoints = json.loads((Path(botocore.__file__).parent / "data/partitions.json").read_text())
    for partition in endpoints["partitions"]:
        regions = {name: row["description"] for name, row in partition["regions"].items() if "-global" not in name}
        if partition["id"] == "aws":
            assert {region.name: region.long_name for region in REGIONS.values()} == regions
        assert {other_partition(name) for name in regions} == {None if partition["id"] == "aws" else partition["id"]}


def test_zone_ids_are_named_after_their_region_and_unique() -> None:
    ids = [zone_id for region in REGIONS.values() for zone_id in region.zone_ids]
    assert len(ids) == len(set(ids))
    assert {"ape1-az1", "apse7-az3", "euc2-az2", "mxc1-az1", "ilc1-az3", "afs1-az2"} <= set(ids)
