"""The Amazon DNS server of every VPC: what it answers, and the servers that answer it."""
