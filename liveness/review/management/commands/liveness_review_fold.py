"""The old name of `liveness_review_statistics`."""

from liveness.management.renamed import RenamedCommand


class Command(RenamedCommand):
    help = "Has another name now: liveness_review_statistics."
    old, new = "liveness_review_fold", "liveness_review_statistics"
