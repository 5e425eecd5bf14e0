"""A minimal Django project that uses `liveness` and knows nothing of the portal."""
