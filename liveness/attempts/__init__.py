"""The life of an attempt: registered, answered, closed, and opened again."""
