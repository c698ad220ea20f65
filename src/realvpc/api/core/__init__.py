"""What every action of every service shares: calls, context, errors, lookup, filters, pages, tags, tokens."""
