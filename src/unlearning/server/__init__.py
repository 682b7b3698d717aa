"""A server that answers with the version an alias leads to, and follows it."""
