"""Every path of the operator's endpoint, and who answers there."""

from __future__ import annotations

from .default_vpc import default_vpcs, set_default_vpc
from .desk import Route
from .images import announce_image, finish_image, images, remove_image
from .instances import console, instances
from .quotas import quotas, set_quota
from .reach import counters, matrix, why
from .service import accounts, health, move_clock, public_health, read_clock, reset, stall, status

ROUTES: dict[tuple[str, str], Route] = {
    ("GET", "/_realvpc/health"): Route(health, over_tcp=public_health),
    ("GET", "/_realvpc/status"): Route(status),
    ("POST", "/_realvpc/stall"): Route(stall),
    ("GET", "/_realvpc/clock"): Route(read_clock),
    ("POST", "/_realvpc/clock"): Route(move_clock),
    ("GET", "/_realvpc/quotas"): Route(quotas),
    ("POST", "/_realvpc/quotas"): Route(set_quota),
    ("GET", "/_realvpc/default-vpc"): Route(default_vpcs),
    ("POST", "/_realvpc/default-vpc"): Route(set_default_vpc),
    ("GET", "/_realvpc/accounts"): Route(accounts),
    ("GET", "/_realvpc/instances"): Route(instances),
    ("GET", "/_realvpc/console"): Route(console),
    ("GET", "/_realvpc/counters"): Route(counters),
    ("GET", "/_realvpc/images"): Route(images),
    ("POST", "/_realvpc/images/announce"): Route(announce_image),
    ("POST", "/_realvpc/images/finish"): Route(finish_image),
    ("POST", "/_realvpc/images/remove"): Route(remove_image),
    ("GET", "/_realvpc/why"): Route(why),
    ("GET", "/_realvpc/matrix"): Route(matrix),
    ("POST", "/_realvpc/reset"): Route(reset, over_tcp=reset, any_mode=True),
    ("POST", "/moto-api/reset"): Route(reset, over_tcp=reset, any_mode=True),
}
"""The whole of it: method and path, and who answers."""
