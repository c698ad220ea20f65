"""MTU of each kind of path, in bytes (peering guide, "Limitations"; EC2 guide, "Network MTU")."""

INTERFACE = 9001
SAME_REGION = 9001
CROSS_REGION = 8500
INTERNET = 1500
NAT_GATEWAY = 8500
INTERFACE_ENDPOINT = 8500  # PrivateLink guide, "Considerations": larger ones are dropped, and nobody is told
