"""The table of Systems Manager's actions on sessions, commands and documents, which work on what is in memory."""

from __future__ import annotations

from realvpc.api.core.action import Action, on_all
from realvpc.api.core.service_questions import asking
from realvpc.api.ssm.questions import of_start
from realvpc.api.ssm.resources import on_document

from . import document_actions as documents
from .actions import SessionActions
from .command_actions import CommandActions
from .resources import on_command, on_session, on_start, on_target


def session_actions(sessions: SessionActions, commands: CommandActions) -> dict[str, Action]:
    """SSM's actions of these rooms."""
    return {
        # Sessions
        "DescribeSessions": Action(sessions.describe_sessions, on_all),
        "GetConnectionStatus": Action(sessions.get_connection_status, on_target),
        "ResumeSession": Action(sessions.resume_session, on_session),
        "StartSession": Action(sessions.start_session, on_start, asks=asking(of_start)),
        "TerminateSession": Action(sessions.terminate_session, on_session),
        # Commands
        "CancelCommand": Action(commands.cancel_command, on_all),
        "GetCommandInvocation": Action(commands.get_command_invocation, on_all),
        "ListCommandInvocations": Action(commands.list_command_invocations, on_all),
        "ListCommands": Action(commands.list_commands, on_all),
        "SendCommand": Action(commands.send_command, on_command),
        # Documents
        "DescribeDocument": Action(documents.describe_document, on_document),
        "GetDocument": Action(documents.get_document, on_document),
        "ListDocumentVersions": Action(documents.list_document_versions, on_document),
        "ListDocuments": Action(documents.list_documents, on_all),
    }
