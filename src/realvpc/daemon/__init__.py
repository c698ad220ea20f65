"""The service's processes: what runs in them, what they may do, and how they are started and stopped."""
