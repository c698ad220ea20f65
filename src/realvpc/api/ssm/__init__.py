"""Systems Manager's actions on the state."""
