"""Accounts, credentials, roles and instance profiles: who may do what.  Pure; imports only ``net``."""
