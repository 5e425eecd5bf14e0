"""The files of an attempt: wanted, fetched, inspected, stored, checked again, and shown to people."""
