"""The fields that a line of a flow log may have, and formats made of them (VPC guide, "Flow log records")."""

from __future__ import annotations

import re
from functools import lru_cache

_BY_VERSION = {
    2: "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action"
    " log-status",
    3: "vpc-id subnet-id instance-id tcp-flags type pkt-srcaddr pkt-dstaddr",
    4: "region az-id sublocation-type sublocation-id",
    5: "pkt-src-aws-service pkt-dst-aws-service flow-direction traffic-path",
    7: "ecs-cluster-arn ecs-cluster-name ecs-container-instance-arn ecs-container-instance-id ecs-container-id"
    " ecs-second-container-id ecs-service-name ecs-task-definition-arn ecs-task-arn ecs-task-id",
    8: "reject-reason",
    9: "resource-id",
    10: "encryption-status",
    11: "interface-type next-hop-interface-id next-hop-subnet-id next-hop-az-id next-hop-vpc-id"
    " next-hop-interface-type",
}
FIELDS: dict[str, int] = {name: version for version, names in _BY_VERSION.items() for name in names.split()}
"""The version that each came with.  Those of version 11 that show tags are not here."""

DEFAULT_FORMAT = " ".join(f"${{{name}}}" for name in _BY_VERSION[2].split())
LONGEST = 4096  # characters: all fields take a quarter of it
_FIELD = re.compile(r"\$\{([a-z0-9-]+)\}")


@lru_cache(maxsize=1024)
def fields_of(text: str) -> tuple[str, ...]:
    """The fields that a format names, separated by spaces.  Raises ValueError, with what is wrong, for what is none."""
    words = text.split() if len(text) <= LONGEST else [text[:20] + "..."]
    names = []
    for word in words:
        match = _FIELD.fullmatch(word)
        if match is None or match[1] not in FIELDS:
            raise ValueError(word)
        names.append(match[1])
    if not names or len(set(names)) < len(names):
        raise ValueError(text)
    return tuple(names)


def version_of(fields: tuple[str, ...]) -> int:
    """What ``version`` shows: that of the newest field."""
    return max(FIELDS[name] for name in fields)
