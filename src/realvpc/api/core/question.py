"""What policies are asked about a call: an action on a resource, and what the two say of condition keys."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TypeAlias

from msgspec import Struct

from realvpc.iam.evaluate import Conditions
from realvpc.net.resource import Resource

from .context import Answer
from .errors import AwsError

Knows: TypeAlias = Callable[[str], bool]
"""Whether it is known of a condition key, in small letters, that there are no more values of it than are told."""

Tells: TypeAlias = Callable[[], Iterable[Conditions]]
"""All condition keys that there are, by the names that AWS gives them; None is as in ``iam.condition.circumstances``.

There are several such answers where several resources are made, which have no ARNs of their own yet.  Never raises.
"""


def knows_nothing(key: str) -> bool:
    return False


def tells_nothing() -> Iterable[Conditions]:
    return ({},)


class Question(Struct, frozen=True):
    """``action`` is as policies write it; ``resource`` is an ARN or ``*``.  Resources of one kind share ``knows``."""

    action: str
    resource: str
    knows: Knows = knows_nothing
    tells: Tells = tells_nothing


class Prospect:
    """What a call would come to, found out when somebody wants to know: condition keys tell of what is to be made.

    That changes nothing: actions are functions of the state.  What was found out is not worked out again.
    """

    def __init__(self, perform: Callable[[], Answer]) -> None:
        self._perform = perform
        self._answer: Answer | None = None
        self._failure: AwsError | None = None

    def answer(self) -> Answer:
        """Raises what the action raises."""
        if self._answer is None and self._failure is None:
            try:
                self._answer = self._perform()
            except AwsError as error:
                self._failure = error
        if self._answer is None:
            assert self._failure is not None
            raise self._failure
        return self._answer

    def puts(self) -> Sequence[Resource] | None:
        """The rows that it would write; None when it would fail."""
        try:
            return self.answer().change.puts
        except AwsError:
            return None
