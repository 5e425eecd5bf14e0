"""What the app knows of its database: retries, the table of outages, error texts without values, long tables."""
