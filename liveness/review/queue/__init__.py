"""The queue's page: the part of it that is asked for, in order, and what each row shows."""
