"""Loads the BPF program, and keeps its maps in a bpffs."""

from __future__ import annotations

import ctypes as c
import errno
import os
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from msgspec import Struct

from realvpc.net.trace import AWS, ENDPOINTS, INTERNET, SERVICES

from .bpf import libbpf
from .bpf.build import OBJECT
from .bpf.constants import CB_IFINDEX, CB_REASON
from .bpf.layout import MAPS
from .bpf.libbpf import TestRunOptions, check, library
from .bpf.map import Map
from .errors import FabricError

FROM_INTERFACE, FROM_INTERNET, FROM_SERVICES = "from_interface", "from_internet", "from_services"
FROM_EDGES = {INTERNET: FROM_INTERNET, SERVICES: FROM_SERVICES, ENDPOINTS: "from_endpoints", AWS: FROM_INTERNET}
START_SWEEPER = "start_sweeper"

_CONTEXT_SIZE = 192  # struct __sk_buff of linux/bpf.h; its fields by offset
_LEAST_FRAME = 14  # bytes
_IFINDEX, _CB, _GSO_SIZE = 40, 48, 176


class Run(Struct, frozen=True):
    """What the program did with one packet: its verdict, the reason and ifindex that it noted, the bytes after it."""

    action: int
    reason: int
    ifindex: int
    data: bytes
    nanoseconds: int


class Object:
    """The loaded program and its maps.

    With ``pins`` (a directory in a bpffs) the maps are pinned there, or found there again with all they hold.
    ``max_entries`` makes maps smaller, for tests.  Raises FabricError.
    """

    def __init__(self, pins: Path | None = None, max_entries: Mapping[str, int] | None = None) -> None:
        if not OBJECT.exists():
            raise FabricError(f"{OBJECT} is missing: make it with python -m realvpc.fabric.bpf.build")
        self._library = library()
        libbpf.take_messages()
        self._handle = self._library.bpf_object__open_file(os.fsencode(OBJECT), None)
        if not self._handle:
            raise FabricError(f"{OBJECT} cannot be read: {libbpf.take_messages()}")
        for spec in MAPS:
            handle = self._library.bpf_object__find_map_by_name(self._handle, spec.name.encode())
            if pins is not None:
                check(self._library.bpf_map__set_pin_path(handle, os.fsencode(pins / spec.name)), "set a pin path")
            if max_entries and spec.name in max_entries:
                check(self._library.bpf_map__set_max_entries(handle, max_entries[spec.name]), "set a map's size")
        result = self._library.bpf_object__load(self._handle)
        if result < 0:
            self.close()
            raise _load_error(-result)
        self.maps = {spec.name: Map(spec, self._map_fd(spec.name)) for spec in MAPS}
        error = -self.test_run(START_SWEEPER, bytes(_LEAST_FRAME)).action
        if error:
            self.close()
            raise FabricError(f"the timer that ends flows does not start: {os.strerror(error)}")

    def _map_fd(self, name: str) -> int:
        handle = self._library.bpf_object__find_map_by_name(self._handle, name.encode())
        return check(self._library.bpf_map__fd(handle), f"find the map {name}")

    def program(self, name: str) -> int:
        """The file descriptor of a program; it belongs to this object."""
        handle = self._library.bpf_object__find_program_by_name(self._handle, name.encode())
        return check(self._library.bpf_program__fd(handle), f"find the program {name}")

    def test_run(self, program: str, frame: bytes, *, ifindex: int = 0, gso_size: int = 0, repeat: int = 1) -> Run:
        """Run ``program`` on one Ethernet frame that nobody receives (BPF_PROG_TEST_RUN).

        ``ifindex`` must be that of a device in the caller's network namespace; ``gso_size`` stands for a packet that
        the kernel will cut into segments of this size.  ``nanoseconds`` is the mean time of ``repeat`` runs.
        """
        context = bytearray(_CONTEXT_SIZE)
        context[_IFINDEX : _IFINDEX + 4] = ifindex.to_bytes(4, "little")
        context[_GSO_SIZE : _GSO_SIZE + 4] = gso_size.to_bytes(4, "little")
        context_in = (c.c_char * _CONTEXT_SIZE).from_buffer(context)
        context_out = c.create_string_buffer(_CONTEXT_SIZE)
        data_out = c.create_string_buffer(len(frame) + 256)
        options = TestRunOptions(
            sz=c.sizeof(TestRunOptions),
            data_in=c.cast(c.c_char_p(frame), c.c_void_p),
            data_out=c.cast(data_out, c.c_void_p),
            data_size_in=len(frame),
            data_size_out=len(data_out),
            ctx_in=c.cast(context_in, c.c_void_p),
            ctx_out=c.cast(context_out, c.c_void_p),
            ctx_size_in=_CONTEXT_SIZE,
            ctx_size_out=_CONTEXT_SIZE,
            repeat=repeat,
        )
        check(self._library.bpf_prog_test_run_opts(self.program(program), c.byref(options)), "test-run the program")
        noted = context_out.raw[_CB : _CB + 20]
        return Run(
            action=c.c_int32(options.retval).value,
            reason=int.from_bytes(noted[4 * CB_REASON : 4 * CB_REASON + 4], "little"),
            ifindex=int.from_bytes(noted[4 * CB_IFINDEX : 4 * CB_IFINDEX + 4], "little"),
            data=data_out.raw[: options.data_size_out],
            nanoseconds=options.duration,
        )

    def close(self) -> None:
        """Let go of the object.  What is pinned or attached stays."""
        if self._handle:
            self._library.bpf_object__close(self._handle)
            self._handle = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()


def _load_error(code: int) -> FabricError:
    if code in (errno.EPERM, errno.EACCES) and os.geteuid() != 0:
        return FabricError("loading BPF programs takes root (CAP_BPF, CAP_NET_ADMIN)")
    return FabricError(f"the kernel refuses the BPF program ({os.strerror(code)}):\n{libbpf.take_messages()}")
