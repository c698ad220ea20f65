"""The AWS actions: functions of the state that return a change and a response.  Filters, pagination, tags, DryRun and
idempotency live once, in the modules that the nouns share.
"""
