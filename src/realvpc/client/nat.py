"""Where the wizard makes NAT gateways; apart, because the command line has it before it needs a client."""

NAT = ("none", "one", "per-zone")
"""Nowhere, in the first public subnet, or in one of each zone."""
