"""RealVPC: an AWS-compatible VPC that moves real packets, on your own Linux machines."""

__version__ = "0.1.0"
