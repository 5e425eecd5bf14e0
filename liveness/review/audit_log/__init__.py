"""What has happened, as one person may read it: to a review, to a subject, and in the audit chain."""
