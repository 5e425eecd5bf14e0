"""The dashboard: its cards and charts, drawn from the figures."""
