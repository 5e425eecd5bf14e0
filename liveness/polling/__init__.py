"""Which attempt is worth the next call, and which run works on it."""
