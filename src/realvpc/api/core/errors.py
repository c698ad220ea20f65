"""The one exception that carries an AWS error from the rule that raised it to the wire.

Codes are AWS's own, spelled as the service spells them (EC2 API Reference, "Error codes for the Amazon EC2 API").
"""

from __future__ import annotations

MAXIMUM_MESSAGE = 4096
"""Characters of a message that are sent: what it repeats of a hostile request is not worth more."""


class AwsError(Exception):
    """A refusal: an AWS error code, AWS's sentence, and the HTTP status that goes with it."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status


def missing_parameter(name: str) -> AwsError:
    """A required parameter is absent; `name` is the parameter's wire name (`VpcId`, `Tag.1.Key`)."""
    return AwsError("MissingParameter", f"The request must contain the parameter {name}")


def unknown_parameter(name: str) -> AwsError:
    """The request carries a parameter that the action does not have."""
    return AwsError("UnknownParameter", f"The parameter {name} is not recognized")


def invalid_parameter_value(message: str) -> AwsError:
    """A parameter has a value that the action does not take."""
    return AwsError("InvalidParameterValue", message)


def invalid_parameter(message: str) -> AwsError:
    """What some actions, those of VPC endpoints and flow logs among them, say instead of InvalidParameterValue."""
    return AwsError("InvalidParameter", message)


def unknown_attribute(name: str) -> AwsError:
    """`Attribute` names nothing that the resource has."""
    return invalid_parameter_value(f"Value ({name}) for parameter attribute is invalid. Unknown attribute.")


def invalid_parameter_combination(message: str) -> AwsError:
    """Parameters that exclude each other, or that need each other, were given together or apart."""
    return AwsError("InvalidParameterCombination", message)


def unsupported_operation(message: str) -> AwsError:
    """The action is known, and asks for something that this service does not have."""
    return AwsError("UnsupportedOperation", message)


def dependency_violation(noun: str, resource_id: str) -> AwsError:
    """A resource that others still need; `noun` is as in "The subnet 'subnet-…' has dependencies"."""
    return AwsError("DependencyViolation", f"The {noun} '{resource_id}' has dependencies and cannot be deleted.")


def invalid_action(action: str) -> AwsError:
    """The service has no such action, or none that is available here."""
    return AwsError("InvalidAction", f"The action {action} is not valid for this web service.")


def dry_run_operation() -> AwsError:
    """`DryRun` was set and the request would have succeeded (HTTP 412)."""
    return AwsError("DryRunOperation", "Request would have succeeded, but DryRun flag is set.", 412)


def invalid_next_token() -> AwsError:
    """As Systems Manager says it."""
    return AwsError("InvalidNextToken", "The specified token is not valid.")
