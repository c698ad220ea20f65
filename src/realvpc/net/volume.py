"""The root volume of an instance: the disk that its machine writes to (EC2 guide, "Root volumes")."""

from __future__ import annotations

from datetime import datetime

from .resource import Resource


class Volume(Resource, frozen=True, kw_only=True):
    """``size_gib`` and ``iops`` are as the API shows them; the host sets the limits of what is stored."""

    instance_id: str
    zone_name: str
    zone_id: str
    snapshot_id: str
    size_gib: int
    created_at: datetime
    volume_type: str = "gp3"
    iops: int = 3000
    throughput: int = 125  # MiB/s
    encrypted: bool = False
    device_name: str = "/dev/xvda"
    delete_on_termination: bool = True
