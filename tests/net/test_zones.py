"""Zone names and zone ids."""

from __future__ import annotations

from realvpc.net.zones import REGIONS, find_zone, zones


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
