"""Celery shells of the review app."""

from celery import shared_task

from liveness.review.dashboard import hourly_statistics
from liveness.web.logs import outages_logged


@shared_task(name="liveness_review.statistics")
@outages_logged
def update_statistics(limit: int | None = None) -> None:
    """Bring the figures of the dashboard up to date, by at most `limit` events; two tasks at once share the work."""
    hourly_statistics.update(limit)
