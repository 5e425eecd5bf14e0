"""The old name of `liveness_alert`."""

from liveness.management.renamed import RenamedCommand


class Command(RenamedCommand):
    help = "Has another name now: liveness_alert."
    old, new = "liveness_alarm", "liveness_alert"
