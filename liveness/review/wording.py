"""What codes say to a person."""

from django.utils.translation import gettext_lazy as _

PROBLEMS = {
    "reason_not_allowed": _("One of the reasons does not fit this decision. Choose again."),
    "reason_missing": _("Choose at least one reason."),
    "note_missing": _("Write an internal note: why you decide so."),
    "subject_text_missing": _("Write what the subject should do differently."),
    "text_too_long": _("Keep each text under 4,000 characters."),
    "no_answer": _("Without an answer from the vendor there is nothing to approve."),
    "evidence_missing": _("Evidence is missing, not verified or cannot be shown, so this attempt cannot be approved."),
    "not_opened": _("Open the picture and the video before you approve."),
    "not_played": _("Play more of the video before you approve."),
    "outcome_missing": _("Choose a decision."),
    "text_missing": _("Write something first."),
}
SECONDS = {
    "override": _("it contradicts the vendor"),
    "reason": _("of its reason"),
    "sample": _("it was drawn for a quality check"),
    "correction": _("it corrects what two people decided"),
}
SIGNALS = {
    "seen_before": _("File seen with another subject"),
    "diverged": _("A later answer differed"),
    "lost": _("A file was lost"),
    "damaged": _("A file is damaged"),
    "unverified": _("A file is not verified"),
    "repeated": _("Third attempt or later"),
    "changed": _("Evidence changed since the decision"),
}
STALE = {
    "claim": _("Somebody else holds this review now, or your claim was given up."),
    "version": _("Somebody has decided on this review since you opened it."),
    "evidence": _("The evidence has changed since you opened this page."),
}
