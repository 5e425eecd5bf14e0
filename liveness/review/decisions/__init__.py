"""Decisions, second approvals, undoing, and notes."""
