"""What there is to say of each subject, newest last."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

E = TypeVar("E")


class Listener(Generic[E]):
    """One who is told every word once.  It holds what was new when it asked last, and nothing older."""

    def __init__(self) -> None:
        self._since = 0
        self._heard: frozenset[E] = frozenset()

    def __len__(self) -> int:
        return len(self._heard)

    def news(self, said_since: Callable[[int], tuple[E, ...]], number: int) -> tuple[E, ...]:
        """What was said since it asked last, oldest first; ``number`` is the last one that is complete."""
        said = said_since(self._since)
        news = tuple(word for word in said if word not in self._heard)
        self._since, self._heard = number + 1, frozenset(said)
        return news


class Reports(Generic[E]):
    """The last word by subject, with the number of when it was said: what is new costs nothing to find."""

    def __init__(self) -> None:
        self._said: dict[str, tuple[int, E]] = {}

    def say(self, subject: str, word: E, number: int) -> None:
        """``number`` does not fall.  Who says the same again has said nothing."""
        if self.of(subject) != word:
            self._said.pop(subject, None)
            self._said[subject] = number, word

    def forget(self, subject: str) -> None:
        self._said.pop(subject, None)

    def clear(self) -> None:
        self._said.clear()

    def of(self, subject: str) -> E | None:
        said = self._said.get(subject)
        return said[1] if said else None

    def by_subject(self) -> dict[str, E]:
        return {subject: word for subject, (_, word) in self._said.items()}

    def since(self, number: int) -> tuple[E, ...]:
        """What was said with this number or a later one, oldest first."""
        return tuple(self._back_to(number))[::-1]

    def _back_to(self, number: int) -> Iterator[E]:
        for when, word in reversed(self._said.values()):
            if when < number:
                return
            yield word
