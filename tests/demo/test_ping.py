"""Reading what ping prints."""

from __future__ import annotations

import pytest

from realvpc.demo.ping import PingError, read

GOOD = """PING 10.30.4.69 (10.30.4.69) 56(84) bytes of data.
64 bytes from 10.30.4.69: icmp_seq=1 ttl=127 time=0.061 ms
64 bytes from 10.30.4.69: icmp_seq=2 ttl=127 time=0.045 ms

--- 10.30.4.69 ping statistics ---
2 packets transmitted, 2 received, 0% packet loss, time 201ms
rtt min/avg/max/mdev = 0.045/0.053/0.061/0.008 ms
"""
LOST = """PING 10.120.3.14 (10.120.3.14) 56(84) bytes of data.

--- 10.120.3.14 ping statistics ---
4 packets transmitted, 0 received, 100% packet loss, time 612ms
"""


def test_answers_are_counted_and_the_ttl_is_seen() -> None:
    ping = read("ping", GOOD)
    assert (ping.sent, ping.received, ping.loss_percent, ping.ttl) == (2, 2, 0, 127)


def test_silence_is_complete_loss() -> None:
    ping = read("ping", LOST)
    assert (ping.loss_percent, ping.ttl) == (100, None)


def test_a_ping_that_did_not_run_is_no_loss() -> None:
    with pytest.raises(PingError, match="instance is stopped"):
        read("ping", "", "realvpc: the instance is stopped")
