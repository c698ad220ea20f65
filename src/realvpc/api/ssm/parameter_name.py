"""Names of parameters: what they may look like, and what a caller may append to one (Systems Manager guide,
"Requirements and constraints for parameter names")."""

from __future__ import annotations

import re

from ..core.errors import AwsError
from .common import validation

_NAME = re.compile(r"[A-Za-z0-9_.\-/]+", re.ASCII)
_LABEL = re.compile(r"[A-Za-z_.\-][A-Za-z0-9_.\-]*", re.ASCII)
_LEVELS = 15
_LONGEST = 1011  # with the ARN before it, 2048
_FORM = (
    "If formed as a path, it can consist of sub-paths divided by slash symbol; each sub-path can be formed as a mix of "
    "letters, numbers and the following 3 symbols .-_"
)


def check_new_name(name: str) -> None:
    """Raises ValidationException, AccessDeniedException, HierarchyLevelLimitExceededException."""
    bare = name.lower().lstrip("/")
    if name.lower().startswith("/aws") and name.count("/") > 1:
        raise AwsError("AccessDeniedException", f"No access to reserved parameter name: {name}.")
    if bare.startswith(("aws", "ssm")):
        words = '"ssm" (case-insensitive). ' + _FORM if name.count("/") > 1 else '"aws" or "ssm" (case-insensitive).'
        raise validation(f"Parameter name: can't be prefixed with {words}")
    if len(name) > _LONGEST:
        raise validation(f"Parameter name must not be longer than {_LONGEST} characters.")
    if "/" in name and not name.startswith("/"):
        raise validation("Parameter name must be a fully qualified name.")
    if name.endswith("/"):
        raise validation("Parameter name must not end with slash.")
    if not _NAME.fullmatch(name) or "//" in name:
        raise validation(f"Parameter name: can't be formed like this. {_FORM}")
    if name.count("/") > _LEVELS:
        raise AwsError(
            "HierarchyLevelLimitExceededException",
            f"A parameter name hierarchy can have a maximum of {_LEVELS} levels.",
        )


def split(asked: str) -> tuple[str, str]:
    """The name in a name or an ARN, and what is behind its colon: a number, a label, or nothing."""
    name = asked
    if asked.startswith("arn:"):
        name = asked.partition(":parameter/")[2]
        if "/" in name or not name:
            name = f"/{name}"
    name, _, selector = name.partition(":")
    return name, selector


def qualified(name: str) -> str:
    """The name as a path; one without a slash is at the root."""
    return name if name.startswith("/") else f"/{name}"


def is_below(name: str, path: str, *, recursive: bool) -> bool:
    """Whether a name is under a path; directly, unless ``recursive``."""
    prefix, full = path.rstrip("/") + "/", qualified(name)
    return full.startswith(prefix) and (recursive or "/" not in full.removeprefix(prefix))


def is_label(label: str) -> bool:
    return _LABEL.fullmatch(label) is not None and not label.lower().startswith(("aws", "ssm"))
