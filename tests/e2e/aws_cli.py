"""The AWS CLI in an instance, brought there with `realvpc cp`."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

from tests.running import Running

_PARTS = ("awscli", "botocore", "colorama", "dateutil", "docutils", "jmespath", "pyasn1", "rsa", "s3transfer", "six",
          "urllib3", "yaml")  # fmt: skip
_LIBRARY = "/usr/local/lib/aws-cli"


def bring(service: Running, instance_id: str, directory: Path) -> str:
    """The command to start it.  ``directory`` is an empty one of the host's."""
    directory.chmod(0o755)
    for name in _PARTS:
        found = importlib.util.find_spec(name)
        assert found is not None
        assert found.origin is not None
        if Path(found.origin).name == "__init__.py":
            omitted = shutil.ignore_patterns("examples", "__pycache__")
            shutil.copytree(Path(found.origin).parent, directory / name, ignore=omitted)
        else:
            shutil.copy(found.origin, directory)
    service("cp", str(directory), f"{instance_id}:{_LIBRARY}")
    return f"PYTHONPATH={_LIBRARY} python3 -m awscli"
