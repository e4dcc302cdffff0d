"""How live objects differ from what Git describes."""
