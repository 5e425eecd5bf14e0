from liveness.review.models.claim import Claim, ClaimEnding, Presence
from liveness.review.models.decision import Decision, DecisionOutcome, Stage
from liveness.review.models.note import Note, Notice
from liveness.review.models.personal import KeyMap, SavedView
from liveness.review.models.review import DECIDABLE, SETTLED, Review, ReviewQuerySet, ReviewState
from liveness.review.models.statistics import HourlyStatistic, StatisticsCursor

__all__ = [
    "DECIDABLE",
    "SETTLED",
    "Claim",
    "ClaimEnding",
    "Decision",
    "DecisionOutcome",
    "HourlyStatistic",
    "KeyMap",
    "Note",
    "Notice",
    "Presence",
    "Review",
    "ReviewQuerySet",
    "ReviewState",
    "SavedView",
    "Stage",
    "StatisticsCursor",
]
