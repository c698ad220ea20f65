"""OpenDataChannel: what the websocket of a session asks for, in the place of who has started it (Service Authorization
Reference, "Actions, resources, and condition keys for Amazon Message Gateway Service")."""

from __future__ import annotations

import uuid

from realvpc.api.core.action import Action
from realvpc.api.core.call import Call, Caller, Through
from realvpc.api.core.context import Answer, Context, Request

from .resources import on_session
from .sessions import Session

SERVICE, OPEN_DATA_CHANNEL = "ssmmessages", "OpenDataChannel"


def open_data_channel(ctx: Context, request: Request) -> Answer:
    """Whether it may be, the door has asked; which session it is, the token tells."""
    return Answer({})


CHANNEL_ACTIONS = {OPEN_DATA_CHANNEL: Action(open_data_channel, on_session)}
"""What no other request can ask for."""


def opening(session: Session, scheme: str, through: Through | None) -> Call:
    owner = Caller(
        session.account, session.region, session.owner, session.user_id, access_key_id="", session=session.credentials
    )
    params = {"SessionId": session.id}
    return Call(SERVICE, OPEN_DATA_CHANNEL, params, owner, str(uuid.uuid4()), scheme=scheme, through=through)
