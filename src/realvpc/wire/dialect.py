"""How each family of AWS services says that a request does not match its model.

EC2 has codes of its own (EC2 API Reference, "Error codes for the Amazon EC2 API"). IAM, STS and SSM are built on AWS's
common service framework, which calls a broken constraint a validation error, tells all of them at once, and calls a
broken form a serialization error (IAM and STS API References, "Common Errors"; SSM API Reference, "Common Errors").
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from realvpc.api.core.errors import (
    AwsError,
    invalid_parameter_value,
    missing_parameter,
    unknown_attribute,
    unknown_parameter,
)
from realvpc.api.core.parameters import parameter_name

from . import path
from .constraints import Constraint, Rule
from .path import Where

_SHOWN = 64  # elements of a list, before the text of them is cut


class Violation(AwsError):  # noqa: N818 - what the common framework calls it
    """A broken constraint that is told together with all others of the request; `message` is its own sentence."""


class OwnWords(AwsError):  # noqa: N818 - not an error until it is told
    """A broken pattern for which a service has a sentence of its own: told when nothing else is wrong."""


class Dialect(Protocol):
    """Builds the error for each kind of mismatch; a `Violation` is collected, anything else ends the request."""

    empty_is_missing: bool
    """Whether an empty text counts as none where a value is required."""

    def missing(self, where: Where) -> AwsError: ...
    def unknown(self, where: Where) -> AwsError | None:
        """The error for a parameter that the model does not have; None where the service ignores it."""

    def wrong_form(self, where: Where) -> AwsError:
        """A structure stands where a value should, or the other way round, or a list's index is not one."""

    def wrong_type(self, where: Where, value: Any, expected: str) -> AwsError: ...
    def broken(self, where: Where, value: Any, constraint: Constraint) -> AwsError | None:
        """The error for a value that breaks a constraint; None where the service does not check it. A value that
        should not be repeated is None."""

    def broken_element(
        self,
        where: Where,
        number: int,
        shown: tuple[list[Any], Any] | None,
        constraint: Constraint,
        constraints: tuple[Constraint, ...],
    ) -> AwsError | None:
        """The same for an element of a list of single values: the list, the element's number and the element."""


class Ec2Dialect:
    """EC2 names the parameter as it stands in the request, stops at the first break, and leaves patterns to its
    actions, which have codes for them."""

    empty_is_missing = True

    def missing(self, where: Where) -> AwsError:
        return missing_parameter(path.text(where))

    def unknown(self, where: Where) -> AwsError | None:
        return unknown_parameter(path.text(where))

    def wrong_form(self, where: Where) -> AwsError:
        return unknown_parameter(path.text(where))

    def wrong_type(self, where: Where, value: Any, expected: str) -> AwsError:
        return invalid_parameter_value(f"Invalid value '{shown(value)}' for {leaf(where)}. Expecting {expected}.")

    def broken(self, where: Where, value: Any, constraint: Constraint) -> AwsError | None:
        if constraint.rule is Rule.PATTERN:
            return None
        if constraint.rule is Rule.ENUM:
            if leaf(where) == "Attribute":
                return unknown_attribute(shown(value))
            return invalid_parameter_value(f"Invalid value '{shown(value)}' for {leaf(where)}.")
        bound = "greater" if constraint.rule is Rule.MINIMUM else "less"
        return invalid_parameter_value(
            f"Value ( {shown(value)} ) for parameter {parameter_name(leaf(where))} is invalid. "
            f"Expecting a {constraint.of} {bound} than or equal to {constraint.bound}."
        )

    def broken_element(
        self,
        where: Where,
        number: int,
        shown: tuple[list[Any], Any] | None,
        constraint: Constraint,
        constraints: tuple[Constraint, ...],
    ) -> AwsError | None:
        return self.broken((where, number), None if shown is None else shown[1], constraint)


class CommonDialect:
    """The common framework's sentences; the two codes differ between the protocols.

    `own_words` are patterns for which a service has a sentence of its own; `{}` stands for the parameter.
    `echoes` is whether what breaks a pattern is said: CloudWatch Logs keeps it to itself.
    """

    empty_is_missing = False

    def __init__(
        self, *, constraint_code: str, form_code: str, own_words: Mapping[str, str] | None = None, echoes: bool = True
    ) -> None:
        self._constraint_code = constraint_code
        self._form_code = form_code
        self._echoes = echoes
        self._own_words = own_words or {}

    def missing(self, where: Where) -> AwsError:
        return self._violation(where, " null", "Member must not be null")

    def unknown(self, where: Where) -> AwsError | None:
        return None

    def wrong_form(self, where: Where) -> AwsError:
        return AwsError(self._form_code, f"Unexpected structure or value found at '{member_path(where)}'.")

    def wrong_type(self, where: Where, value: Any, expected: str) -> AwsError:
        return AwsError(
            self._form_code, f"'{shown(value)}' at '{member_path(where)}' can not be converted to {expected}."
        )

    def broken(self, where: Where, value: Any, constraint: Constraint) -> AwsError | None:
        if constraint.rule is Rule.PATTERN and constraint.bound in self._own_words:
            words = self._own_words[constraint.bound].format(member_path(where))
            return OwnWords(self._constraint_code, words)
        said = "" if constraint.rule is Rule.PATTERN and not self._echoes else quoted(value)
        return self._violation(where, said, sentence(constraint))

    def broken_element(
        self,
        where: Where,
        number: int,
        shown: tuple[list[Any], Any] | None,
        constraint: Constraint,
        constraints: tuple[Constraint, ...],
    ) -> AwsError | None:
        values = None if shown is None else f"[{', '.join(map(str, shown[0][:_SHOWN]))}]"
        every = ", ".join(sentence(each) for each in reversed(constraints))
        return self._violation(where, quoted(values), f"Member must satisfy constraint: [{every}]")

    def _violation(self, where: Where, value: str, constraint: str) -> AwsError:
        return Violation(
            self._constraint_code, f"Value{value} at '{member_path(where)}' failed to satisfy constraint: {constraint}"
        )


def sentence(constraint: Constraint) -> str:
    """What a constraint asks, in the common framework's words."""
    if constraint.rule is Rule.ENUM:
        return f"Member must satisfy enum value set: [{', '.join(constraint.bound)}]"
    if constraint.rule is Rule.PATTERN:
        return f"Member must satisfy regular expression pattern: {constraint.bound}"
    bound = "greater" if constraint.rule is Rule.MINIMUM else "less"
    return f"Member must have {constraint.of} {bound} than or equal to {constraint.bound}"


def quoted(value: Any) -> str:
    return "" if value is None else f" '{shown(value)}'"


def leaf(where: Where) -> str:
    """The last name of a path, without list indices: `TagSpecification.1.ResourceType` -> `ResourceType`."""
    parts = path.text(where).split(".")
    return next((part for part in reversed(parts) if not part.isdigit()), path.text(where))


def member_path(where: Where) -> str:
    """A path as the common framework writes it: `Tags.member.1.Key` -> `tags.1.member.key`."""
    parts = path.text(where).split(".")
    for i in range(len(parts) - 1):
        if parts[i] == "member" and parts[i + 1].isdigit():
            parts[i], parts[i + 1] = parts[i + 1], parts[i]
    return ".".join(parameter_name(part) for part in parts)


def shown(value: Any) -> str:
    """A value as it may stand in a message: whole when short, cut when long."""
    text = value if isinstance(value, str) else str(value)
    return text if len(text) <= 256 else f"{text[:256]}..."
