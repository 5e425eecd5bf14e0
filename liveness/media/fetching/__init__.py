"""Fetching a file from the vendor's storage, within strict limits and into quarantine."""
