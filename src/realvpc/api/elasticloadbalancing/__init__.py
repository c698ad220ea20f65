"""Elastic Load Balancing, of which there are Network Load Balancers: the actions, a module per noun."""
