"""Systems Manager: the sessions and commands of this life of the service, and the actions on them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from realvpc.api.core.action import Action
from realvpc.api.service import Service
from realvpc.config import Settings
from realvpc.dns.stub import known_address
from realvpc.session.actions import SessionActions
from realvpc.session.command_actions import CommandActions
from realvpc.session.command_runner import CommandRunner
from realvpc.session.journal import SessionJournal
from realvpc.session.server import DataChannels
from realvpc.session.sessions import Limits, Sessions
from realvpc.session.table import session_actions
from realvpc.session.transcript import Transcripts

from .instances import NodeInstances


class SystemsManager:
    """``actions`` are those of ``realvpc.session``; ``data_channels`` serves the websockets that they name."""

    def __init__(self, settings: Settings, service: Service, now: Callable[[], datetime]) -> None:
        times = settings.sessions
        limits = Limits(timedelta(minutes=times.idle_minutes), timedelta(minutes=times.maximum_minutes))
        journal = SessionJournal(settings.session_journal, now())
        self.instances = instances = NodeInstances(
            settings.node_socket, lambda *host: known_address(service.state, *host)
        )
        transcripts = Transcripts(settings.transcripts_dir) if settings.sessions.transcripts else None
        self._sessions = Sessions(now, limits, journal, journal.history)
        self._commands = CommandRunner(instances, now)
        self.data_channels = DataChannels(
            self._sessions, instances, service.handle, transcripts.open if transcripts else lambda session: None
        )
        self.actions: dict[str, Action] = session_actions(
            SessionActions(self._sessions, urlsplit(settings.endpoint_url).netloc), CommandActions(self._commands)
        )

    def sweep(self) -> None:
        """End the sessions whose time is over."""
        self._sessions.sweep()

    def stop(self) -> None:
        """End everything."""
        self._sessions.end_all("The service is stopping.")
        self._commands.cancel_all()
