import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
        ("liveness", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="KeyMap",
            fields=[
                (
                    "owner",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("is_on", models.BooleanField(default=True, verbose_name="single keys are on")),
                ("keys", models.JSONField(default=dict, verbose_name="keys")),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Claim",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="id")),
                ("claimed_at", models.DateTimeField(verbose_name="claimed")),
                ("seen_at", models.DateTimeField(verbose_name="last sign of life")),
                ("expires_at", models.DateTimeField(verbose_name="held until")),
                ("ended_at", models.DateTimeField(blank=True, null=True, verbose_name="ended")),
                (
                    "ending",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("released", "Released"),
                            ("expired", "Expired"),
                            ("taken_over", "Taken over"),
                            ("decided", "Decided"),
                        ],
                        max_length=16,
                        verbose_name="ending",
                    ),
                ),
                (
                    "holder",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="held by",
                    ),
                ),
            ],
            options={
                "verbose_name": "claim",
                "verbose_name_plural": "claims",
                "ordering": ["-id"],
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="Decision",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="id")),
                ("sequence", models.PositiveIntegerField(verbose_name="number")),
                (
                    "stage",
                    models.CharField(
                        choices=[("first", "First"), ("second", "Second")],
                        default="first",
                        max_length=8,
                        verbose_name="stage",
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("approve", "Approve"),
                            ("reject", "Reject"),
                            ("retry", "Ask to retry"),
                            ("escalate", "Escalate"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        max_length=16,
                        verbose_name="decision",
                    ),
                ),
                ("decided_at", models.DateTimeField(verbose_name="decided")),
                (
                    "from_state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting for vendor"),
                            ("open", "To review"),
                            ("proposed", "Second approval"),
                            ("escalated", "Escalated"),
                            ("lost", "Lost"),
                            ("decided", "Decided"),
                        ],
                        max_length=16,
                        verbose_name="state before",
                    ),
                ),
                ("version", models.PositiveIntegerField(verbose_name="version decided on")),
                ("needs_second", models.JSONField(default=list, verbose_name="second person needed for")),
                ("is_blind", models.BooleanField(default=False, verbose_name="second person decides blindly")),
                ("reasons", models.JSONField(default=list, verbose_name="reasons")),
                ("reasons_version", models.PositiveIntegerField(verbose_name="version of the reasons")),
                ("internal_note", models.TextField(blank=True, verbose_name="internal note")),
                ("subject_text", models.TextField(blank=True, verbose_name="text for the subject")),
                ("vendor_outcome", models.CharField(max_length=16, verbose_name="outcome at the vendor")),
                ("evidence_digest", models.CharField(max_length=64, verbose_name="evidence digest")),
                ("evidence", models.JSONField(help_text="What the digest was taken of.", verbose_name="evidence")),
                ("seen", models.JSONField(verbose_name="seen")),
                (
                    "claim",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="decision",
                        to="liveness_review.claim",
                    ),
                ),
                (
                    "maker",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="decided by",
                    ),
                ),
                (
                    "proposal",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="seconds",
                        to="liveness_review.decision",
                    ),
                ),
                (
                    "supersedes",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="superseded_by",
                        to="liveness_review.decision",
                    ),
                ),
            ],
            options={
                "verbose_name": "decision",
                "verbose_name_plural": "decisions",
                "ordering": ["-id"],
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="HourlyStatistic",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("hour", models.DateTimeField(verbose_name="hour")),
                ("name", models.CharField(max_length=64, verbose_name="name")),
                ("count", models.BigIntegerField(default=0, verbose_name="count")),
            ],
            options={
                "default_permissions": (),
                "constraints": [models.UniqueConstraint(fields=("name", "hour"), name="liveness_figure_once")],
            },
        ),
        migrations.CreateModel(
            name="Review",
            fields=[
                (
                    "attempt",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="review",
                        serialize=False,
                        to="liveness.verificationattempt",
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waiting for vendor"),
                            ("open", "To review"),
                            ("proposed", "Second approval"),
                            ("escalated", "Escalated"),
                            ("lost", "Lost"),
                            ("decided", "Decided"),
                        ],
                        default="waiting",
                        max_length=16,
                        verbose_name="state",
                    ),
                ),
                (
                    "outcome",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("passed", "Passed"),
                            ("failed", "Failed"),
                            ("unknown", "Unknown"),
                            ("expired", "Expired"),
                            ("invalid", "Invalid"),
                        ],
                        default="pending",
                        max_length=16,
                        verbose_name="outcome at the vendor",
                    ),
                ),
                ("version", models.PositiveIntegerField(default=1, verbose_name="version")),
                ("evidence_digest", models.CharField(blank=True, max_length=64, verbose_name="evidence digest")),
                ("signals", models.JSONField(default=list, verbose_name="signals")),
                ("is_flagged", models.BooleanField(default=False, verbose_name="has signals")),
                ("queue_at", models.DateTimeField(verbose_name="place in the queue")),
                ("ready_at", models.DateTimeField(blank=True, null=True, verbose_name="ready")),
                ("due_at", models.DateTimeField(blank=True, null=True, verbose_name="due")),
                (
                    "decision",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="liveness_review.decision",
                        verbose_name="decision in force",
                    ),
                ),
                (
                    "proposal",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="liveness_review.decision",
                        verbose_name="pending proposal",
                    ),
                ),
            ],
            options={
                "verbose_name": "review",
                "verbose_name_plural": "reviews",
                "ordering": ["queue_at", "attempt_id"],
                "permissions": [
                    ("claim_review", "Can claim and decide reviews"),
                    ("decide_escalated_review", "Can decide escalated reviews"),
                    ("second_review", "Can approve what needs two people"),
                    ("take_over_review", "Can take a claim from somebody else"),
                    ("share_view", "Can share saved views"),
                    ("view_figures", "Can see the dashboard"),
                ],
                "default_permissions": ("view",),
            },
        ),
        migrations.CreateModel(
            name="Presence",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("seen_at", models.DateTimeField(verbose_name="last sign of life")),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "review",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="presences",
                        to="liveness_review.review",
                    ),
                ),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Notice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("taken_over", "Your claim was taken over"),
                            ("evidence_changed", "The evidence changed, so the proposal was cancelled"),
                            ("disagreed", "Disagreement: escalated to a third person"),
                        ],
                        max_length=24,
                    ),
                ),
                ("text", models.CharField(blank=True, max_length=300, verbose_name="text")),
                ("created_at", models.DateTimeField()),
                ("read_at", models.DateTimeField(blank=True, null=True)),
                (
                    "person",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "review",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="liveness_review.review"
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="Note",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("written_at", models.DateTimeField(verbose_name="written")),
                ("text", models.TextField(verbose_name="text")),
                (
                    "author",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "review",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="notes", to="liveness_review.review"
                    ),
                ),
            ],
            options={
                "verbose_name": "note",
                "verbose_name_plural": "notes",
                "ordering": ["id"],
                "default_permissions": ("view", "add"),
            },
        ),
        migrations.AddField(
            model_name="decision",
            name="review",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="decisions", to="liveness_review.review"
            ),
        ),
        migrations.AddField(
            model_name="claim",
            name="review",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="claims", to="liveness_review.review"
            ),
        ),
        migrations.CreateModel(
            name="SavedView",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=60, verbose_name="name")),
                ("query", models.CharField(blank=True, max_length=400, verbose_name="filter")),
                ("is_shared", models.BooleanField(db_index=True, default=False, verbose_name="shared")),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "saved view",
                "verbose_name_plural": "saved views",
                "ordering": ["name"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="StatisticsCursor",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sequence", models.BigIntegerField(default=0)),
            ],
            options={
                "default_permissions": (),
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="liveness_fold_one")],
            },
        ),
        migrations.AddIndex(
            model_name="review",
            index=models.Index(fields=["state", "queue_at", "attempt"], name="liveness_review_queue"),
        ),
        migrations.AddIndex(
            model_name="review",
            index=models.Index(fields=["state", "outcome", "queue_at", "attempt"], name="liveness_review_outcome"),
        ),
        migrations.AddIndex(
            model_name="review",
            index=models.Index(
                condition=models.Q(("is_flagged", True)),
                fields=["state", "queue_at", "attempt"],
                name="liveness_review_flagged",
            ),
        ),
        migrations.AddConstraint(
            model_name="review",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("outcome__in", ["pending", "passed", "failed", "unknown", "expired", "invalid"]),
                    ("state__in", ["waiting", "open", "proposed", "escalated", "lost", "decided"]),
                ),
                name="liveness_review_words",
            ),
        ),
        migrations.AddConstraint(
            model_name="review",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("proposal__isnull", False), ("state", "proposed")),
                    models.Q(models.Q(("state", "proposed"), _negated=True), ("proposal__isnull", True)),
                    _connector="OR",
                ),
                name="liveness_review_proposed_has_proposal",
            ),
        ),
        migrations.AddConstraint(
            model_name="review",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "decided"), _negated=True), ("decision__isnull", False), _connector="OR"
                ),
                name="liveness_review_decided_has_decision",
            ),
        ),
        migrations.AddConstraint(
            model_name="review",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ("waiting", "open", "lost")), _negated=True),
                    ("decision__isnull", True),
                    _connector="OR",
                ),
                name="liveness_review_undecided_has_none",
            ),
        ),
        migrations.AddConstraint(
            model_name="presence",
            constraint=models.UniqueConstraint(fields=("review", "person"), name="liveness_presence_once"),
        ),
        migrations.AddIndex(
            model_name="notice",
            index=models.Index(
                condition=models.Q(("read_at__isnull", True)), fields=["person", "-id"], name="liveness_notice_unread"
            ),
        ),
        migrations.AddIndex(
            model_name="decision",
            index=models.Index(fields=["maker", "-id"], name="liveness_decision_maker"),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.UniqueConstraint(fields=("review", "sequence"), name="liveness_decision_once"),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("outcome__in", ["approve", "reject", "retry", "escalate", "withdrawn"]),
                    ("stage__in", ["first", "second"]),
                ),
                name="liveness_decision_words",
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("proposal__isnull", False), ("stage", "second")),
                    models.Q(("proposal__isnull", True), ("stage", "first")),
                    _connector="OR",
                ),
                name="liveness_decision_second_has_proposal",
            ),
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("claim__isnull", True), ("outcome", "withdrawn"), ("supersedes__isnull", False)),
                    models.Q(
                        models.Q(("outcome", "withdrawn"), _negated=True),
                        ("claim__isnull", False),
                        ("maker__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="liveness_decision_has_claim",
            ),
        ),
        migrations.AddIndex(
            model_name="claim",
            index=models.Index(
                condition=models.Q(("ended_at__isnull", True)), fields=["holder"], name="liveness_claim_mine"
            ),
        ),
        migrations.AddIndex(
            model_name="claim",
            index=models.Index(fields=["review", "-id"], name="liveness_claim_history"),
        ),
        migrations.AddConstraint(
            model_name="claim",
            constraint=models.UniqueConstraint(
                condition=models.Q(("ended_at__isnull", True)), fields=("review",), name="liveness_claim_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="claim",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ended_at__isnull", True), ("ending", "")),
                    models.Q(("ended_at__isnull", False), models.Q(("ending", ""), _negated=True)),
                    _connector="OR",
                ),
                name="liveness_claim_end_is_named",
            ),
        ),
        migrations.AddConstraint(
            model_name="claim",
            constraint=models.CheckConstraint(
                condition=models.Q(("expires_at__gt", models.F("claimed_at"))), name="liveness_claim_has_lease"
            ),
        ),
        migrations.AddConstraint(
            model_name="savedview",
            constraint=models.UniqueConstraint(fields=("owner", "name"), name="liveness_view_once"),
        ),
    ]
