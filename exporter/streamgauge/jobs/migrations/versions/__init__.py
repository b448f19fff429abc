"""One module a change; each knows the one before it."""
