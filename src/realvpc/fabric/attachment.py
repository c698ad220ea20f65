"""The program on a link: a TCX link pinned in the bpffs, or on kernels before 6.6 a filter of a clsact qdisc.

Both outlive the process that made them.
"""

from __future__ import annotations

import errno
import time
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from pyroute2 import IPRoute

from . import namespace
from .pin import PinnedLink, pinned_link
from .rtnetlink import Listing
from .tcx import create_link, detach_links, update_link

_INGRESS = "ffff:fff2"
_PRIORITY = _HANDLE = 1
_DETACHING_SECONDS = 1.0


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
            self._use_tcx = namespace.run_in(self._fabric, lambda: _create_link(program, ifindex, pin))
        if not self._use_tcx:
            namespace.run_in(self._fabric, lambda: _replace_filter(ifindex, program))

    def attached(self, devices: Mapping[str, int]) -> dict[str, PinnedLink | None]:
        """What is attached to devices of the fabric's namespace (ifindex by name).  For any thread.  Raises OSError."""
        if self._use_tcx:
            return {name: pinned_link(self._pins / name) for name in devices}

        def read() -> dict[str, PinnedLink | None]:
            with Listing() as listing:
                return {name: _filter(listing, ifindex) for name, ifindex in devices.items()}

        return namespace.run_in(self._fabric, read)

    def detach(self, name: str) -> None:
        """Forget a device that goes; a filter goes with it."""
        (self._pins / name).unlink(missing_ok=True)


def _create_link(program: int, ifindex: int, pin: Path) -> bool:
    """As `create_link`, instead of what is attached; a link that nobody holds any more may take the kernel a moment."""
    detach_links(ifindex)
    deadline = time.monotonic() + _DETACHING_SECONDS
    while True:
        try:
            return create_link(program, ifindex, pin)
        except FileExistsError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.01)


def _filter(listing: Listing, ifindex: int) -> PinnedLink | None:
    try:
        programs = listing.ingress_programs(ifindex)
    except OSError:  # the device is gone, or has no clsact any more
        return None
    return PinnedLink(min(programs), ifindex) if programs else None


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
