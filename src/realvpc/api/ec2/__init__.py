"""EC2's actions, one noun per module."""
