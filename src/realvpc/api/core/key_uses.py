"""When access keys have last signed a request: noted with each call, written down now and then (IAM guide, "Access key
last used information")."""

from __future__ import annotations

from datetime import datetime, timedelta

from msgspec.structs import replace

from realvpc.iam.account import KeyUse
from realvpc.iam.directory import Directory
from realvpc.net.table import Change, put

from .call import Call
from .context import Context

_FINENESS = timedelta(minutes=1)  # of what is written: a key that is used all the time is written no oftener


class KeyUses:
    """What has not been written yet.  Only keys that there are get in, so that it stays small."""

    def __init__(self) -> None:
        self._uses: dict[str, KeyUse] = {}

    def note(self, directory: Directory, call: Call, now: datetime) -> None:
        """Temporary credentials are no keys."""
        key_id = call.caller.access_key_id
        if key_id in directory.access_keys:
            self._uses[key_id] = KeyUse(at=now, service=call.service, region=call.caller.region)

    def report(self, ctx: Context) -> Change:
        """Writes down what is new."""
        uses, self._uses = self._uses, {}
        keys = ((ctx.directory.access_keys.get(key_id), use) for key_id, use in uses.items())
        return put(
            *(
                replace(key, last_use=use)
                for key, use in keys
                if key is not None and (key.last_use is None or use.at >= key.last_use.at + _FINENESS)
            )
        )
