"""``python -m realvpc.daemon {api|node} …``: one of the service's two processes.  `realvpc up` starts them."""

from __future__ import annotations

import logging
import os
import resource
import socket
import sys
from pathlib import Path

from realvpc import config
from realvpc.logfile import LogHandler

from .confine import code_paths, confine
from .ground import tls_context
from .identity import identity


def main(arguments: list[str]) -> None:
    role, state_dir, *descriptors = arguments
    os.umask(0o022)
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", handlers=[LogHandler()]
    )
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    settings = config.load(Path(state_dir))
    if settings is None:
        raise SystemExit(f"{state_dir} is no state directory of RealVPC")
    if role == "node":
        _node(settings)
    else:
        _api(settings, *(socket.socket(fileno=int(number)) for number in descriptors))


def _node(settings: config.Settings) -> None:
    from realvpc.instance.feature import ProbeError
    from realvpc.node.process import run_node

    api = identity(settings.state_dir)
    try:
        run_node(settings.machines_dir, settings.run_dir, api.uid, api.gid)
    except ProbeError as error:
        raise SystemExit(f"The node does not start: {error}") from error


def _api(settings: config.Settings, public: socket.socket, operator: socket.socket) -> None:
    """The modules that speak to clients are loaded after the rights are gone."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))  # a descriptor per client and per connection of theirs
    tls = tls_context(settings)  # the key may be readable for its owner alone
    if settings.confined:
        confine(identity(settings.state_dir), [*code_paths(), settings.database.parent, settings.run_dir])
    from realvpc.store.database import StateFileError

    from .api_process import run_api
    from .authority import AuthorityError

    try:
        run_api(settings, public, operator, tls)
    except StateFileError as error:
        raise SystemExit(f"{error}. A backup of it, or another --state, helps") from None
    except AuthorityError as error:
        raise SystemExit(f"The service does not start: {error}") from None


if __name__ == "__main__":
    main(sys.argv[1:])
