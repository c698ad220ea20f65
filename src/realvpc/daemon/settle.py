"""Holding back an answer that is about to change.

A client that waits for an instance asks, and when the answer is not final asks again after 15 seconds.  Machines start
and stop in a fraction of a second; so a description that names instances in passing states is given once the node has
reported them, or when patience ends (decision 0004).  Only what the caller may see is waited for: how long an answer
takes says nothing of anybody else's instances.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from msgspec.structs import replace

from realvpc.api.core.action import Action, Perform
from realvpc.api.core.call import Caller
from realvpc.api.core.context import Answer, Context, Request, Response
from realvpc.aside import aside
from realvpc.feed import Feed
from realvpc.net.instance import InstanceState
from realvpc.store.commit import Commit

PATIENCE = 2.0  # seconds; what takes longer is answered as it is
DESCRIPTIONS = ("DescribeInstances", "DescribeInstanceStatus")
_PASSING = frozenset({InstanceState.PENDING, InstanceState.STOPPING, InstanceState.SHUTTING_DOWN})


def settling(actions: Mapping[str, Action], context: Callable[[Caller], Context], feed: Feed) -> dict[str, Action]:
    """EC2's descriptions of instances, with this patience.  ``context`` gives the one of now, after every commit,
    as far as it is written."""
    return {
        name: replace(actions[name], perform=_patient(actions[name].perform, context, feed)) for name in DESCRIPTIONS
    }


def _patient(perform: Perform, context: Callable[[Caller], Context], feed: Feed) -> Perform:
    def described(ctx: Context, request: Request) -> Answer:
        answer = perform(ctx, request)  # which raises for ids that are not the caller's
        if not _passing(ctx, request):
            return answer

        async def later() -> Response:
            await feed.until(lambda: not _passing(context(ctx.caller), request), Commit, PATIENCE)
            return (await aside(ctx.account, perform, context(ctx.caller), request)).response

        return Answer(effect=later)

    return described


def _passing(ctx: Context, request: Request) -> bool:
    """Whether an instance that is asked for by its id, and is the caller's, is about to be in another state."""
    rows = (ctx.network.instances.get(instance_id) for instance_id in request.get("InstanceIds") or ())
    return any(row is not None and row.state in _PASSING and ctx.sees(row) for row in rows)
