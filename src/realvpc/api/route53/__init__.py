"""Route 53's actions."""
