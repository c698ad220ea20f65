"""Who asks the services by which number (``net/services.py``).

Nobody may be answered with what is another's, his credentials among it: a number that two interfaces have belongs to
neither, and that is a fault to be shown.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from realvpc.net.services import identity_number

from .bpf import layout
from .bpf.layout import number_of


class Identities:
    """The interfaces by their numbers."""

    def __init__(self) -> None:
        self._by_number: defaultdict[int, set[str]] = defaultdict(set)
        self._shared: set[int] = set()

    def change(self, added: Iterable[str], removed: Iterable[str]) -> tuple[dict[bytes, bytes], set[bytes]]:
        """Take note of interfaces that come and go: the entries to put, and the keys to delete."""
        touched = set()
        for interface_id in removed:
            self._by_number[identity_number(interface_id)].discard(interface_id)
            touched.add(identity_number(interface_id))
        for interface_id in added:
            self._by_number[identity_number(interface_id)].add(interface_id)
            touched.add(identity_number(interface_id))
        puts, deletes = {}, set()
        for number in touched:
            key, owners = layout.IDENTITY_KEY.pack(number), self._by_number[number]
            if len(owners) == 1:
                puts[key] = layout.ID.pack(number_of(next(iter(owners))))
            else:
                deletes.add(key)
            if not owners:
                del self._by_number[number]
            (self._shared.add if len(owners) > 1 else self._shared.discard)(number)
        return puts, deletes

    @property
    def faults(self) -> tuple[str, ...]:
        """A sentence for each number that several interfaces have."""
        return tuple(
            f"{' and '.join(sorted(self._by_number[number]))} look the same to the services, which answer none of them"
            for number in sorted(self._shared)
        )
