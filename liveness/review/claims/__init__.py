"""Who works on which review."""
