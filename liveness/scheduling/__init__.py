"""When a worker is woken: by the clock of Celery beat, or at once for what cannot wait."""
