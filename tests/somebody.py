"""Run as a program: `somebody.py UID COMMAND...` runs a command as another user, who may read no more than the code."""

from __future__ import annotations

import os
import sys

from realvpc.daemon.confine import code_paths, show

user = int(sys.argv[1])
show(code_paths(), user, user)
os.setgroups([])
os.setresgid(user, user, user)
os.setresuid(user, user, user)
os.execv(sys.argv[2], sys.argv[2:])
