"""The old name of `liveness_review_sync`."""

from liveness.management.renamed import RenamedCommand


class Command(RenamedCommand):
    help = "Has another name now: liveness_review_sync."
    old, new = "liveness_review_follow", "liveness_review_sync"
