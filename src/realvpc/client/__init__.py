"""Using the public API as anybody would: botocore, or the ``aws`` command itself."""
