"""The state of one service, and the file that keeps it."""
