"""The operator's endpoint beside AWS's: what `realvpc` commands and test suites ask of the service."""
