"""The program on a link: a TCX link pinned in the bpffs, or on kernels before 6.6 a filter of a clsact qdisc.

Both outlive the process that made them.
"""

from __future__ import annotations

import errno
from contextlib import closing
from pathlib import Path

from pyroute2 import IPRoute

from . import namespace
from .loader import create_link, update_link

_INGRESS = "ffff:fff2"
_PRIORITY = _HANDLE = 1


class Attachments:
    """The programs of the devices in the fabric's namespace.  ``pins`` is a directory in the bpffs."""

    def __init__(self, fabric: Path, pins: Path, *, use_tcx: bool = True) -> None:
        self._fabric = fabric
        self._pins = pins
        self._use_tcx = use_tcx

    def attach(self, name: str, ifindex: int, program: int) -> None:
        """Attach, or put the new program in the old one's place between two packets.  Raises OSError, NetlinkError."""
        pin = self._pins / name
        if pin.exists():
            try:
                update_link(pin, program)
            except OSError as error:
                if error.errno != errno.ENOLINK:  # of a device that is gone
                    raise
                pin.unlink()
            else:
                return
        if self._use_tcx:
            self._use_tcx = namespace.run_in(self._fabric, lambda: create_link(program, ifindex, pin))
        if not self._use_tcx:
            namespace.run_in(self._fabric, lambda: _replace_filter(ifindex, program))

    def detach(self, name: str) -> None:
        """Forget a device that goes; a filter goes with it."""
        (self._pins / name).unlink(missing_ok=True)


def _replace_filter(ifindex: int, program: int) -> None:
    with closing(IPRoute()) as netlink:
        if not any(row.get("kind") == "clsact" for row in netlink.get_qdiscs(index=ifindex)):
            netlink.tc("add", "clsact", ifindex)
        netlink.tc(
            "replace-filter",
            "bpf",
            ifindex,
            _HANDLE,
            fd=program,
            name="realvpc",
            parent=_INGRESS,
            prio=_PRIORITY,
            classid=1,
            direct_action=True,
        )
