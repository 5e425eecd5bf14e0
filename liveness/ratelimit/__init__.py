"""The account's call limit, shared by every process."""
