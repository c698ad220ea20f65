"""``libbpf.so.1`` through ctypes: the functions that the loader uses, typed, and errors as OSError.

No compiler and no build step at the user's; libbpf 1.1 (Debian 12) is enough.
"""

from __future__ import annotations

import ctypes as c
import errno
import os
from functools import cache
from typing import Any

from realvpc.fabric.errors import FabricError

BPF_TCX_INGRESS = 46  # enum bpf_attach_type; bpf_link_create() hands on what it does not know

_P, _S, _I, _U32, _U64 = c.c_void_p, c.c_char_p, c.c_int, c.c_uint32, c.c_uint64
_SIGNATURES: dict[str, tuple[Any, list[Any]]] = {
    "bpf_object__open_file": (_P, [_S, _P]),
    "bpf_object__load": (_I, [_P]),
    "bpf_object__close": (None, [_P]),
    "bpf_object__find_map_by_name": (_P, [_P, _S]),
    "bpf_object__find_program_by_name": (_P, [_P, _S]),
    "bpf_map__fd": (_I, [_P]),
    "bpf_map__set_pin_path": (_I, [_P, _S]),
    "bpf_map__set_max_entries": (_I, [_P, _U32]),
    "bpf_program__fd": (_I, [_P]),
    "bpf_obj_pin": (_I, [_I, _S]),
    "bpf_obj_get": (_I, [_S]),
    "bpf_obj_get_info_by_fd": (_I, [_I, _P, _P]),
    "bpf_map_update_elem": (_I, [_I, _P, _P, _U64]),
    "bpf_map_lookup_elem": (_I, [_I, _P, _P]),
    "bpf_map_delete_elem": (_I, [_I, _P]),
    "bpf_map_get_next_key": (_I, [_I, _P, _P]),
    "bpf_map_update_batch": (_I, [_I, _P, _P, _P, _P]),
    "bpf_map_delete_batch": (_I, [_I, _P, _P, _P]),
    "bpf_map_lookup_batch": (_I, [_I, _P, _P, _P, _P, _P, _P]),
    "bpf_map_lookup_and_delete_batch": (_I, [_I, _P, _P, _P, _P, _P, _P]),
    "bpf_link_create": (_I, [_I, _I, _I, _P]),
    "bpf_link_update": (_I, [_I, _I, _P]),
    "bpf_link_detach": (_I, [_I]),
    "bpf_link_get_next_id": (_I, [_U32, _P]),
    "bpf_link_get_fd_by_id": (_I, [_U32]),
    "bpf_prog_query": (_I, [_I, _I, _U32, _P, _P, _P]),
    "bpf_prog_test_run_opts": (_I, [_I, _P]),
    "libbpf_num_possible_cpus": (_I, []),
    "libbpf_set_print": (_P, [_P]),
}

_PRINTER = c.CFUNCTYPE(_I, _I, _S, _P)
_messages: list[str] = []
_MESSAGE_SIZE = 1 << 16


class TestRunOptions(c.Structure):
    """``struct bpf_test_run_opts`` of libbpf."""

    _fields_ = (
        ("sz", c.c_size_t),
        ("data_in", _P),
        ("data_out", _P),
        ("data_size_in", _U32),
        ("data_size_out", _U32),
        ("ctx_in", _P),
        ("ctx_out", _P),
        ("ctx_size_in", _U32),
        ("ctx_size_out", _U32),
        ("retval", _U32),
        ("repeat", _I),
        ("duration", _U32),
        ("flags", _U32),
        ("cpu", _U32),
        ("batch_size", _U32),
    )


@cache
def library() -> Any:
    """The library, its functions typed.  Raises FabricError when it is missing."""
    try:
        loaded = c.CDLL("libbpf.so.1", use_errno=True)
    except OSError as error:
        raise FabricError("libbpf.so.1 is missing: install the package libbpf1 (apt-get install libbpf1)") from error
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(loaded, name)
        function.restype, function.argtypes = result, arguments
    loaded.libbpf_set_print(_printer)
    return loaded


def check(result: int | None, what: str) -> int:
    """Pass a good result on.  Raises OSError with the kernel's error and ``what`` was tried."""
    if result is None or result < 0:
        code = c.get_errno() if result is None or result == -1 else -result
        code = code or errno.EINVAL
        raise OSError(code, f"{what}: {os.strerror(code)}")
    return result


def take_messages() -> str:
    """What libbpf (and through it the kernel's verifier) has said since the last call."""
    text = "".join(_messages)
    _messages.clear()
    return text


def _keep_message(level: int, template: bytes, arguments: int) -> int:
    if level == 0 and template:  # LIBBPF_WARN
        text = c.create_string_buffer(_MESSAGE_SIZE)
        c.CDLL(None).vsnprintf(text, c.c_size_t(_MESSAGE_SIZE), template, c.c_void_p(arguments))
        _messages.append(text.value.decode(errors="replace"))
    return 0


_printer = _PRINTER(_keep_message)  # must live as long as the library
