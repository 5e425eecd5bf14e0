"""A review follows its attempt: its state, its place in the queue, its evidence."""
