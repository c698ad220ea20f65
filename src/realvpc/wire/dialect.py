"""How each family of AWS services says that a request does not match its model.

EC2 has codes of its own (EC2 API Reference, "Error codes for the Amazon EC2 API"). IAM, STS and SSM are built on AWS's
common service framework, which calls a broken constraint a validation error and a broken form a serialization error
(IAM and STS API References, "Common Errors"; SSM API Reference, "Common Errors").
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Protocol

from realvpc.api.core.errors import AwsError, invalid_parameter_value, missing_parameter, unknown_parameter
from realvpc.api.core.parameters import parameter_name


class Dialect(Protocol):
    """Builds the error for each kind of mismatch. `path` is the parameter's name on the wire: `Tag.1.Key`."""

    def missing(self, path: str) -> AwsError: ...
    def unknown(self, path: str) -> AwsError | None:
        """The error for a parameter that the model does not have; None where the service ignores it."""

    def wrong_form(self, path: str) -> AwsError:
        """A structure stands where a value should, or the other way round, or a list's index is not one."""

    def wrong_type(self, path: str, value: Any, expected: str) -> AwsError: ...
    def not_in_enum(self, path: str, value: str, allowed: Collection[str]) -> AwsError: ...
    def below_minimum(self, path: str, value: Any, minimum: float, what: str) -> AwsError:
        """`what` is measured: "value" of a number, or "length" of a string, list or map."""

    def above_maximum(self, path: str, value: Any, maximum: float, what: str) -> AwsError: ...


class Ec2Dialect:
    """EC2 names the parameter as it stands in the request."""

    def missing(self, path: str) -> AwsError:
        return missing_parameter(path)

    def unknown(self, path: str) -> AwsError | None:
        return unknown_parameter(path)

    def wrong_form(self, path: str) -> AwsError:
        return unknown_parameter(path)

    def wrong_type(self, path: str, value: Any, expected: str) -> AwsError:
        return invalid_parameter_value(f"Invalid value '{shown(value)}' for {leaf(path)}. Expecting {expected}.")

    def not_in_enum(self, path: str, value: str, allowed: Collection[str]) -> AwsError:
        return invalid_parameter_value(f"Invalid value '{shown(value)}' for {leaf(path)}.")

    def below_minimum(self, path: str, value: Any, minimum: float, what: str) -> AwsError:
        return self._outside(path, value, f"greater than or equal to {minimum}", what)

    def above_maximum(self, path: str, value: Any, maximum: float, what: str) -> AwsError:
        return self._outside(path, value, f"less than or equal to {maximum}", what)

    def _outside(self, path: str, value: Any, bound: str, what: str) -> AwsError:
        name = parameter_name(leaf(path))
        return invalid_parameter_value(
            f"Value ( {shown(value)} ) for parameter {name} is invalid. Expecting a {what} {bound}."
        )


class CommonDialect:
    """The common framework's sentences; the two codes differ between the query and the JSON protocol."""

    def __init__(self, *, constraint_code: str, form_code: str) -> None:
        self._constraint_code = constraint_code
        self._form_code = form_code

    def missing(self, path: str) -> AwsError:
        return self._violation(path, "null", "Member must not be null", quoted=False)

    def unknown(self, path: str) -> AwsError | None:
        return None

    def wrong_form(self, path: str) -> AwsError:
        return AwsError(self._form_code, f"Unexpected structure or value found at '{member_path(path)}'.")

    def wrong_type(self, path: str, value: Any, expected: str) -> AwsError:
        return AwsError(
            self._form_code, f"'{shown(value)}' at '{member_path(path)}' can not be converted to {expected}."
        )

    def not_in_enum(self, path: str, value: str, allowed: Collection[str]) -> AwsError:
        return self._violation(path, value, f"Member must satisfy enum value set: [{', '.join(allowed)}]")

    def below_minimum(self, path: str, value: Any, minimum: float, what: str) -> AwsError:
        return self._violation(path, value, f"Member must have {what} greater than or equal to {minimum}")

    def above_maximum(self, path: str, value: Any, maximum: float, what: str) -> AwsError:
        return self._violation(path, value, f"Member must have {what} less than or equal to {maximum}")

    def _violation(self, path: str, value: Any, constraint: str, *, quoted: bool = True) -> AwsError:
        shown_value = f"'{shown(value)}'" if quoted else value
        return AwsError(
            self._constraint_code,
            f"1 validation error detected: Value {shown_value} at '{member_path(path)}' "
            f"failed to satisfy constraint: {constraint}",
        )


def leaf(path: str) -> str:
    """The last name of a path, without list indices: `TagSpecification.1.ResourceType` -> `ResourceType`."""
    return next((part for part in reversed(path.split(".")) if not part.isdigit()), path)


def member_path(path: str) -> str:
    """A path as the common framework writes it: `Tags.member.1.Key` -> `tags.1.member.key`."""
    parts = path.split(".")
    for i in range(len(parts) - 1):
        if parts[i] == "member" and parts[i + 1].isdigit():
            parts[i], parts[i + 1] = parts[i + 1], parts[i]
    return ".".join(parameter_name(part) for part in parts)


def shown(value: Any) -> str:
    """A value as it may stand in a message: whole when short, cut when long."""
    text = str(value)
    return text if len(text) <= 256 else f"{text[:256]}..."
