"""The pure model of a VPC network: resources, their rules, and what happens to a packet.

Nothing here does I/O, reads a clock or draws a random number, and nothing here imports another package of ours.
"""
