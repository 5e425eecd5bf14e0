"""The page of one review: what it shows, the form it offers, and what became of what was typed."""
