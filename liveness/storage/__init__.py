"""The private directory of the files: who may use it, and the marker that tells one media root from another."""
