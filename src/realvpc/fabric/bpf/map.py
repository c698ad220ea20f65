"""One BPF map as bytes to bytes, in batches where the kernel has them."""

from __future__ import annotations

import ctypes as c
import errno
from collections.abc import Iterable, Iterator, Mapping

from . import libbpf
from .layout import MapSpec, MapType

_PER_CPU = {MapType.PERCPU_ARRAY, MapType.PERCPU_HASH}
_NO_BATCH = {errno.ENOTSUPP if hasattr(errno, "ENOTSUPP") else 524, errno.EOPNOTSUPP, errno.EINVAL}
_BATCH = 4096


def _padded(size: int) -> int:
    """Of a value in a map that has one for every CPU."""
    return (size + 7) // 8 * 8


class Map:
    """Keys and values have exactly the sizes of ``spec``; see ``layout.py``.  The kernel's refusals are OSErrors."""

    def __init__(self, spec: MapSpec, fd: int) -> None:
        self.spec = spec
        self.fd = fd
        self._library = libbpf.library()
        cpus = libbpf.check(self._library.libbpf_num_possible_cpus(), "count CPUs") if spec.type in _PER_CPU else 1
        self._value_size = _padded(spec.value.size) * cpus if spec.type in _PER_CPU else spec.value.size

    def get(self, key: bytes) -> bytes | None:
        value = c.create_string_buffer(self._value_size)
        result = self._library.bpf_map_lookup_elem(self.fd, key, value)
        if result == -errno.ENOENT:
            return None
        libbpf.check(result, f"look up in {self.spec.name}")
        return value.raw

    def of_each_cpu(self, key: bytes) -> tuple[bytes, ...]:
        """The values in a map that has one for every CPU, in their order; none when the key is missing."""
        values, size = self.get(key) or b"", _padded(self.spec.value.size)
        return tuple(values[start : start + size] for start in range(0, len(values), size))

    def total(self, key: bytes) -> int:
        """The sum over all CPUs of a counter."""
        return sum(int.from_bytes(count, "little") for count in self.of_each_cpu(key))

    def update(self, entries: Mapping[bytes, bytes]) -> None:
        """Put the entries, in their order.  Raises ValueError for one of another size than the map's: the kernel would
        read what lies behind it in memory."""
        items = list(entries.items())
        if any(len(key) != self.spec.key.size or len(value) != self._value_size for key, value in items):
            raise ValueError(f"an entry of {self.spec.name} has another size than its record")
        for start in range(0, len(items), _BATCH):
            self._update_batch(items[start : start + _BATCH])

    def delete(self, keys: Iterable[bytes]) -> None:
        """Take the entries out; one that is missing is no error."""
        left = list(keys)
        for start in range(0, len(left), _BATCH):
            self._delete_batch(left[start : start + _BATCH])

    def take(self, limit: int) -> tuple[dict[bytes, bytes], bool]:
        """Entries of a hash map, as many as ``limit`` at most, which are then gone; and whether they were the last."""
        key_size, value_size, count = self.spec.key.size, self._value_size, c.c_uint32(limit)
        keys, values = c.create_string_buffer(key_size * limit), c.create_string_buffer(value_size * limit)
        position = c.create_string_buffer(max(key_size, 8))
        result = self._library.bpf_map_lookup_and_delete_batch(
            self.fd, None, position, keys, values, c.byref(count), None
        )
        if result != -errno.ENOENT:
            libbpf.check(result, f"take from {self.spec.name}")
        read_keys, read_values = (
            c.string_at(keys, count.value * key_size),
            c.string_at(values, count.value * value_size),
        )
        taken = {
            read_keys[row * key_size : (row + 1) * key_size]: read_values[row * value_size : (row + 1) * value_size]
            for row in range(count.value)
        }
        return taken, result == -errno.ENOENT

    def __iter__(self) -> Iterator[bytes]:
        """The keys."""
        key, following = None, c.create_string_buffer(self.spec.key.size)
        while True:
            result = self._library.bpf_map_get_next_key(self.fd, key, following)
            if result == -errno.ENOENT:
                return
            libbpf.check(result, f"read the keys of {self.spec.name}")
            key = following.raw
            yield key

    def items(self) -> dict[bytes, bytes]:
        """A snapshot of everything in the map; of a map that has a value for every CPU, these one behind the other."""
        snapshot = self._lookup_batches()
        if snapshot is not None:
            return snapshot
        found = {}
        for key in list(self):
            value = self.get(key)
            if value is not None:
                found[key] = value
        return found

    def _update_batch(self, items: list[tuple[bytes, bytes]]) -> None:
        if len(items) > 1:
            keys, values = b"".join(key for key, _ in items), b"".join(value for _, value in items)
            count = c.c_uint32(len(items))
            result = self._library.bpf_map_update_batch(self.fd, keys, values, c.byref(count), None)
            if result == 0:
                return
            if -result not in _NO_BATCH:
                libbpf.check(result, f"write {self.spec.name}")
        for key, value in items:
            libbpf.check(self._library.bpf_map_update_elem(self.fd, key, value, 0), f"write {self.spec.name}")

    def _delete_batch(self, keys: list[bytes]) -> None:
        done = c.c_uint32(len(keys))
        if len(keys) > 1:
            result = self._library.bpf_map_delete_batch(self.fd, b"".join(keys), c.byref(done), None)
            if result == 0:
                return
        for key in keys:  # one that is missing has ended the batch
            result = self._library.bpf_map_delete_elem(self.fd, key)
            if result != -errno.ENOENT:
                libbpf.check(result, f"delete an entry of {self.spec.name}")

    def _lookup_batches(self) -> dict[bytes, bytes] | None:
        key_size, value_size = self.spec.key.size, self._value_size
        keys, values = c.create_string_buffer(key_size * _BATCH), c.create_string_buffer(value_size * _BATCH)
        position = c.create_string_buffer(max(key_size, 8))
        found: dict[bytes, bytes] = {}
        first = True
        while True:
            count = c.c_uint32(_BATCH)
            start = None if first else position
            result = self._library.bpf_map_lookup_batch(self.fd, start, position, keys, values, c.byref(count), None)
            if result not in (0, -errno.ENOENT):
                return None
            rows = range(count.value)
            read_keys, read_values = (
                c.string_at(keys, len(rows) * key_size),
                c.string_at(values, len(rows) * value_size),
            )
            for row in rows:
                key = read_keys[row * key_size : (row + 1) * key_size]
                found[key] = read_values[row * value_size : (row + 1) * value_size]
            if result == -errno.ENOENT:
                return found
            first = False
