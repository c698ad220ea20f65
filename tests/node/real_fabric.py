"""A node process as the service has it, with the BPF fabric: `real_fabric.py STATE_DIR RUN_DIR`."""

from __future__ import annotations

import logging
import sys
from pathlib import Path

from realvpc.node.process import run_node

if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(message)s")
    run_node(Path(sys.argv[1]), Path(sys.argv[2]), api_uid=65534, api_gid=65534)
