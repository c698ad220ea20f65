"""A namespace that forwards connections: its rules for nftables, its settings, and whether both are as they were made.

The kernel numbers the states of a namespace's rules: whoever changes one is noticed by that, without reading them.
"""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
from collections.abc import Collection, Iterable, Mapping
from contextlib import closing
from pathlib import Path

from msgspec import Struct
from pyroute2 import NFCTSocket
from pyroute2.netlink.exceptions import NetlinkError
from pyroute2.netlink.nfnetlink.nftsocket import NFT_MSG_GETGEN, NFTSocket, nft_gen_msg

from realvpc.net.machine import Forward

from .errors import FabricError
from .forwards import Way, ruleset
from .rtnetlink import HAS_IPV6

_NFT_SECONDS = 60
_OF_THREAD = Path("/proc/sys/net")

_SETTINGS = {
    "ipv4/ip_forward": "1",
    "ipv4/conf/all/rp_filter": "0",  # a client's address may be one that another link leads to,
    "ipv4/conf/all/accept_local": "1",  # or one of the balancer's own
    "ipv4/conf/all/src_valid_mark": "1",
    "ipv4/conf/all/send_redirects": "0",
    "ipv4/fwmark_reflect": "1",  # a reset leaves by the link that the mark of what it answers says
    "netfilter/nf_conntrack_tcp_loose": "0",  # what is in the midst of no known connection begins none
    "netfilter/nf_conntrack_tcp_be_liberal": "1",  # nor is it reset for being late
    "netfilter/nf_conntrack_tcp_timeout_established": "350",  # seconds: NLB guide, "Connection idle timeout"
    "netfilter/nf_conntrack_udp_timeout_stream": "120",
    "netfilter/nf_conntrack_tcp_timeout_syn_sent": "20",  # a flood of these keeps ports from others
    "netfilter/nf_conntrack_tcp_timeout_syn_recv": "20",
}
_IPV6_SETTINGS = {"ipv6/conf/all/forwarding": "1", "ipv6/fwmark_reflect": "1"}
_LINK_SETTINGS = {"rp_filter": "0", "send_redirects": "0"}


class Balancing(Struct, frozen=True):
    """``generation``: the number of the rules' state; ``settings`` by their paths below /proc/sys/net."""

    generation: int
    settings: Mapping[str, str]


def balance(forwards: Collection[Forward], ways: Mapping[str, Way]) -> Balancing:
    """Let the namespace of the calling thread forward this and nothing else; connections that there are go on.

    Rules come first, so that what passes is decided before anything does.  Raises OSError and FabricError.
    """
    _replace_rules(ruleset(forwards, ways))
    settings = _SETTINGS | (_IPV6_SETTINGS if HAS_IPV6 else {})
    for way in ways.values():
        settings |= {f"ipv4/conf/{way.device}/{name}": value for name, value in _LINK_SETTINGS.items()}
    for name, value in settings.items():
        (_OF_THREAD / name).write_text(value)
    return Balancing(_generation(), settings)


def forget(marks: Iterable[tuple[int, int]]) -> None:
    """Let the kernel forget, in the namespace of the calling thread, the connections that have one of these where its
    mask is in their marks: what comes of them next is new, or of none.  Raises NetlinkError."""
    with closing(NFCTSocket()) as netlink:
        for mark, mask in marks:
            netlink.flush(mark=mark, mark_mask=mask)


def look(names: Iterable[str]) -> Balancing:
    """What there is in the namespace of the calling thread, with these settings.  Raises OSError."""
    found = {}
    for name in names:
        with contextlib.suppress(FileNotFoundError):  # of a link that is gone
            found[name] = (_OF_THREAD / name).read_text().strip()
    return Balancing(_generation(), found)


def own_socket(family: socket.AddressFamily, device: str) -> socket.socket:
    """A TCP socket of the balancer's own in the namespace of the calling thread: by this link.  Raises OSError."""
    made = socket.socket(family)
    try:
        way = Way(device, socket.if_nametoindex(device))
        made.setsockopt(socket.SOL_SOCKET, socket.SO_MARK, way.mark_on)
    except BaseException:
        made.close()
        raise
    return made


def _replace_rules(text: str) -> None:
    try:
        done = subprocess.run(
            ["nft", "-f", "-"], input=text, capture_output=True, text=True, timeout=_NFT_SECONDS, check=False
        )
    except FileNotFoundError:
        raise FabricError("nft is not installed (package nftables): nothing can be forwarded") from None
    except subprocess.TimeoutExpired:
        raise FabricError(f"nft has not ended for {_NFT_SECONDS} s") from None
    if done.returncode:
        trouble, _, _ = done.stderr.strip().partition("\n")
        raise FabricError(f"nft: {trouble}")


def _generation() -> int:
    """Raises OSError."""
    try:
        with closing(NFTSocket()) as netlink:
            [answer] = netlink.request_get(nft_gen_msg(), NFT_MSG_GETGEN)
    except NetlinkError as error:
        raise OSError(error.code, os.strerror(error.code)) from error
    return int(answer.get_attr("NFTA_GEN_ID"))
