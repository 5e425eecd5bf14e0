"""Tokens from a file, as people and programs save them: read it, check each line, register them in batches."""
