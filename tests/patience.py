"""How long tests wait for what has to come: whatever else the machine does meanwhile."""

PATIENCE_SECONDS = 60.0  # only what hangs takes them
MUCH_SECONDS = 600.0  # for a whole script, or a command that does much
