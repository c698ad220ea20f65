"""CloudWatch Logs' actions."""
