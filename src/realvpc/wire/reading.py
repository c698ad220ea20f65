"""One request while it is read: what it breaks of its model."""

from __future__ import annotations

from typing import Any

from realvpc.api.core.errors import AwsError

from .constraints import Constraint
from .dialect import Dialect, OwnWords, Violation
from .path import Where

MAXIMUM_SENTENCES = 20  # of violations that an answer tells; all are counted


class Reading:
    """Some services stop at the first break, some tell all of them at the end: that is the dialect's affair."""

    __slots__ = ("_code", "_count", "_own_words", "_sentences", "dialect")

    def __init__(self, dialect: Dialect) -> None:
        self.dialect = dialect
        self._code = ""
        self._count = 0
        self._sentences: list[str] = []
        self._own_words: AwsError | None = None

    def missing(self, where: Where) -> None:
        if self._is_full():
            return
        self._tell(self.dialect.missing(where))

    def check(self, value: Any, where: Where, constraints: tuple[Constraint, ...], *, sensitive: bool = False) -> None:
        for constraint in constraints:
            if not constraint.holds(value) and not self._is_full():
                error = self.dialect.broken(where, None if sensitive else value, constraint)
                if error is not None:
                    self._tell(error)

    def check_elements(
        self, values: list[Any], where: Where, constraints: tuple[Constraint, ...], *, sensitive: bool = False
    ) -> None:
        """The elements of a list of single values; the first that breaks a limit is told."""
        for number, value in enumerate(values, 1):
            for constraint in constraints:
                if not constraint.holds(value):
                    shown = None if sensitive else (values, value)
                    error = self.dialect.broken_element(where, number, shown, constraint, constraints)
                    if error is not None:
                        return self._tell(error)
        return None

    def end(self) -> None:
        """Raises what has been found and not been raised at once."""
        if self._count:
            errors = "error" if self._count == 1 else "errors"
            raise AwsError(self._code, f"{self._count} validation {errors} detected: {'; '.join(self._sentences)}")
        if self._own_words is not None:
            raise self._own_words

    def _is_full(self) -> bool:
        """Whether enough has been told: what else is wrong is only counted."""
        if self._count < MAXIMUM_SENTENCES:
            return False
        self._count += 1
        return True

    def _tell(self, error: AwsError) -> None:
        if isinstance(error, OwnWords):
            self._own_words = self._own_words or error
            return
        if not isinstance(error, Violation):
            raise error
        self._code = error.code
        self._count += 1
        self._sentences.append(error.message)
