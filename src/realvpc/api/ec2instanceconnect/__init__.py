"""EC2 Instance Connect: keys for a minute, and who may open tunnels (EC2 Instance Connect API Reference)."""
