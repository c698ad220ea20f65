"""A node that is told of every commit, for tests that change the state: it must hold what it would be told whole."""

from __future__ import annotations

from realvpc.api.service import Service
from realvpc.feed import Feed
from realvpc.node.desired import KeptDesired
from realvpc.node.messages import DesiredDelta, decode_request, encode
from realvpc.node_view import NodeView
from realvpc.store.commit import Commit
from realvpc.store.state import State


class ToldNode(Feed):
    """In the place of the service's feed."""

    def __init__(self, service: Service) -> None:
        super().__init__()
        self.view = NodeView(service.state, service.revision, service.state_id)
        self._held = KeptDesired()
        self._held.take(self.view.whole())
        self.told: list[DesiredDelta] = []
        service.feed = self

    def publish(self, event: object) -> None:
        if isinstance(event, Commit) and (delta := self.view.follow(event)) is not None:
            request = decode_request(encode(delta))
            assert isinstance(request, DesiredDelta)
            self._held.take(request)
            self.told.append(request)

    def check(self, state: State) -> None:
        """Raises AssertionError."""
        whole = NodeView(state, 0, "").whole()
        assert self._held.specs == {spec.id: spec for spec in whole.machines}
        assert self._held.ended == {*whole.ended}
        self._held.apply_again()
        assert self._held.next_tables() == whole.plan
