"""The life cycle of a peering connection: every event in every status, and what time alone does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from realvpc.net.peering import LIVE, REQUEST_LIFETIME, Peering, PeeringEvent, PeeringSide, PeeringStatus

S, E = PeeringStatus, PeeringEvent
NOW = datetime(2026, 11, 23, tzinfo=UTC)
REQUESTER, ACCEPTER, STRANGER = "111111111111", "222222222222", "333333333333"
TOKYO, VIRGINIA = "ap-northeast-1", "us-east-1"

EXPECTED = {
    # status: accept, reject, delete, expire, fail
    S.PENDING_ACCEPTANCE: (S.ACTIVE, S.REJECTED, S.DELETED, S.EXPIRED, S.FAILED),
    S.ACTIVE: (None, None, S.DELETED, None, None),
}
NOTHING = (None,) * len(E)


def peering(status: PeeringStatus, ended_at: datetime | None = None) -> Peering:
    return Peering(
        id="pcx-1",
        account=REQUESTER,
        region=TOKYO,
        requester=PeeringSide(account=REQUESTER, region=TOKYO, vpc_id="vpc-1"),
        accepter=PeeringSide(account=ACCEPTER, region=VIRGINIA, vpc_id="vpc-2"),
        status=status,
        requested_at=NOW,
        ended_at=ended_at,
    )


@pytest.mark.parametrize(("status", "event"), list(product(S, E)))
def test_every_event_in_every_status(status: PeeringStatus, event: PeeringEvent) -> None:
    after = peering(status).after(event, NOW, REQUESTER)
    assert (after and after.status) == EXPECTED.get(status, NOTHING)[list(E).index(event)]
    if after is not None:
        assert after.ended_at == (None if after.status is S.ACTIVE else NOW)


@pytest.mark.parametrize("event", E)
def test_a_request_that_nobody_answered_for_seven_days_knows_no_event(event: PeeringEvent) -> None:
    request = peering(S.PENDING_ACCEPTANCE)
    just_before, then = NOW + REQUEST_LIFETIME - timedelta(seconds=1), NOW + REQUEST_LIFETIME
    assert request.status_at(just_before) is S.PENDING_ACCEPTANCE
    assert request.after(event, just_before) is not None
    assert request.status_at(then) is S.EXPIRED
    assert request.after(event, then) is None
    assert not request.is_live_at(then)


def test_only_what_is_pending_or_active_stands_in_the_way() -> None:
    assert {S.PENDING_ACCEPTANCE, S.ACTIVE} == LIVE
    assert peering(S.ACTIVE).status_at(NOW + 10 * REQUEST_LIFETIME) is S.ACTIVE


@pytest.mark.parametrize("status", S)
def test_each_side_sees_the_connection_in_its_own_region_and_nobody_else_does(status: PeeringStatus) -> None:
    row = peering(status, ended_at=None if status in LIVE else NOW)
    assert row.visible_to(REQUESTER, TOKYO, NOW)
    assert row.visible_to(ACCEPTER, VIRGINIA, NOW) == (status is not S.FAILED)
    for account, region in ((REQUESTER, VIRGINIA), (ACCEPTER, TOKYO), (STRANGER, TOKYO), (STRANGER, VIRGINIA)):
        assert not row.visible_to(account, region, NOW)


def test_tags_belong_to_the_side_that_set_them() -> None:
    row = (
        peering(S.ACTIVE).retagged(REQUESTER, TOKYO, {"Name": "ours"}).retagged(ACCEPTER, VIRGINIA, {"Name": "theirs"})
    )
    assert row.tags_seen_by(REQUESTER, TOKYO) == {"Name": "ours"}
    assert row.tags_seen_by(ACCEPTER, VIRGINIA) == {"Name": "theirs"}
    assert row.tags_seen_by(STRANGER, TOKYO) == {}
