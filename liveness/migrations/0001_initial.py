import uuid

import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.datetime
from django.db import migrations, models

import liveness.models.media
import liveness.models.prefix


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="AuditCheck",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("checked_at", models.DateTimeField(verbose_name="checked")),
                ("sequence", models.BigIntegerField(verbose_name="verified up to")),
                ("hash", models.CharField(max_length=64, verbose_name="hash there")),
                ("broken_at", models.BigIntegerField(null=True, verbose_name="broken at")),
                ("reason", models.CharField(blank=True, max_length=200, verbose_name="reason")),
            ],
            options={
                "verbose_name": "audit check",
                "verbose_name_plural": "audit checks",
                "ordering": ["-id"],
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="CompletionStatistics",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("learned_at", models.DateTimeField()),
                ("counts", models.JSONField(default=list)),
                ("unfinished", models.FloatField(default=0.0)),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="HourlyCalls",
            fields=[
                ("hour", models.DateTimeField(primary_key=True, serialize=False)),
                ("calls", models.PositiveIntegerField(default=0)),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="NotifierState",
            fields=[
                ("hook", models.CharField(max_length=16, primary_key=True, serialize=False)),
                ("sequence", models.BigIntegerField(default=0)),
                ("told", models.JSONField(default=dict)),
                ("held_until", models.DateTimeField(null=True)),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="RateLimitSlot",
            fields=[
                ("account", models.CharField(max_length=32, primary_key=True, serialize=False)),
                ("next_at", models.DateTimeField()),
                ("share", models.FloatField(db_default=1.0)),
                ("refused_at", models.DateTimeField(null=True)),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="WorkerRun",
            fields=[
                ("id", models.CharField(max_length=32, primary_key=True, serialize=False)),
                ("host", models.CharField(max_length=64, verbose_name="host")),
                (
                    "started_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), verbose_name="started"),
                ),
                (
                    "alive_at",
                    models.DateTimeField(
                        db_default=django.db.models.functions.datetime.Now(), verbose_name="last sign of life"
                    ),
                ),
            ],
            options={
                "default_permissions": (),
            },
        ),
        migrations.CreateModel(
            name="AuditEvent",
            fields=[
                ("sequence", models.BigIntegerField(primary_key=True, serialize=False, verbose_name="number")),
                ("at", models.DateTimeField(verbose_name="time")),
                ("action", models.CharField(max_length=64, verbose_name="action")),
                ("actor", models.CharField(max_length=80, verbose_name="actor")),
                ("object_type", models.CharField(blank=True, max_length=64, verbose_name="object type")),
                ("object_id", models.CharField(blank=True, max_length=64, verbose_name="object id")),
                (
                    "details",
                    models.TextField(
                        default="{}", help_text="canonical JSON, exactly as hashed", verbose_name="details"
                    ),
                ),
                ("previous_hash", models.CharField(max_length=64, verbose_name="previous hash")),
                ("hash", models.CharField(max_length=64, verbose_name="hash")),
            ],
            options={
                "verbose_name": "audit event",
                "verbose_name_plural": "audit events",
                "ordering": ["-sequence"],
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(fields=["object_id", "action", "actor", "-sequence"], name="liveness_audit_object"),
                    models.Index(fields=["actor", "-sequence"], name="liveness_audit_actor"),
                    models.Index(fields=["action", "-sequence"], name="liveness_audit_action"),
                    models.Index(fields=["actor", "action", "-sequence"], name="liveness_audit_acts"),
                ],
            },
        ),
        migrations.CreateModel(
            name="AuditHead",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sequence", models.BigIntegerField(default=0)),
                (
                    "hash",
                    models.CharField(
                        default="0000000000000000000000000000000000000000000000000000000000000000", max_length=64
                    ),
                ),
            ],
            options={
                "default_permissions": (),
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="liveness_audit_one_head")],
            },
        ),
        migrations.CreateModel(
            name="BulkAction",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="id")),
                (
                    "kind",
                    models.CharField(
                        choices=[("refresh", "Refresh"), ("verify", "Verify files")], max_length=16, verbose_name="kind"
                    ),
                ),
                ("actor", models.CharField(max_length=80, verbose_name="actor")),
                ("filters", models.TextField(blank=True, verbose_name="records")),
                ("created_at", models.DateTimeField(verbose_name="started")),
                ("total", models.PositiveIntegerField(default=0, verbose_name="total")),
                ("done", models.PositiveIntegerField(default=0, verbose_name="done")),
                ("failed", models.PositiveIntegerField(default=0, verbose_name="failed")),
                ("skipped", models.PositiveIntegerField(default=0, verbose_name="skipped")),
                ("cancelled_at", models.DateTimeField(blank=True, null=True, verbose_name="cancelled")),
                ("finished_at", models.DateTimeField(blank=True, null=True, verbose_name="finished")),
            ],
            options={
                "verbose_name": "bulk action",
                "verbose_name_plural": "bulk actions",
                "ordering": ["-id"],
                "default_permissions": ("view",),
                "indexes": [
                    models.Index(
                        condition=models.Q(("finished_at__isnull", True)),
                        fields=["kind", "id"],
                        name="liveness_bulk_open",
                    )
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("kind__in", ["refresh", "verify"])), name="liveness_bulk_kind_known"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "total__gte",
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("done"), "+", models.F("failed")
                                    ),
                                    "+",
                                    models.F("skipped"),
                                ),
                            )
                        ),
                        name="liveness_bulk_counts_fit",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CounterValue",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.CharField(max_length=64)),
                ("label", models.CharField(max_length=32)),
                ("value", models.FloatField(default=0.0)),
            ],
            options={
                "default_permissions": (),
                "constraints": [models.UniqueConstraint(fields=("name", "label"), name="liveness_meter_once")],
            },
        ),
        migrations.CreateModel(
            name="MediaRoot",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("marker", models.CharField(max_length=32, verbose_name="marker")),
                ("marked_at", models.DateTimeField(auto_now_add=True, verbose_name="marked")),
            ],
            options={
                "default_permissions": (),
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="liveness_mediaroot_once")],
            },
        ),
        migrations.CreateModel(
            name="ObservedCondition",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=32)),
                ("subject", models.CharField(blank=True, max_length=64)),
                ("text", models.CharField(max_length=400)),
                ("since", models.DateTimeField()),
                ("seen_at", models.DateTimeField()),
            ],
            options={
                "default_permissions": (),
                "constraints": [models.UniqueConstraint(fields=("kind", "subject"), name="liveness_condition_once")],
            },
        ),
        migrations.CreateModel(
            name="VerificationAttempt",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="id")),
                ("sdk_token", models.CharField(max_length=128, unique=True, verbose_name="token")),
                (
                    "subject_reference",
                    models.CharField(db_index=True, max_length=128, verbose_name="subject reference"),
                ),
                ("region", models.CharField(max_length=32, verbose_name="region")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="registered")),
                ("issued_at", models.DateTimeField(verbose_name="issued")),
                ("expires_at", models.DateTimeField(verbose_name="readable until")),
                ("next_poll_at", models.DateTimeField(blank=True, null=True, verbose_name="next poll")),
                ("last_polled_at", models.DateTimeField(blank=True, null=True, verbose_name="last poll")),
                ("unfinished_at", models.DateTimeField(blank=True, null=True, verbose_name="last seen unfinished")),
                ("reported_at", models.DateTimeField(blank=True, null=True, verbose_name="reported done by the app")),
                ("poll_count", models.PositiveIntegerField(default=0, verbose_name="polls")),
                ("failure_count", models.PositiveIntegerField(default=0, verbose_name="failures in a row")),
                ("last_error", models.CharField(blank=True, max_length=200, verbose_name="last error")),
                ("lease_run", models.CharField(blank=True, max_length=32, verbose_name="held by")),
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
                        verbose_name="outcome",
                    ),
                ),
                ("result_code", models.TextField(blank=True, verbose_name="result code")),
                ("description", models.TextField(blank=True, verbose_name="description")),
                ("request_id", models.CharField(blank=True, db_index=True, max_length=64, verbose_name="request id")),
                ("finished_at", models.DateTimeField(blank=True, null=True, verbose_name="finished")),
                (
                    "closed_by",
                    models.CharField(
                        blank=True,
                        choices=[("vendor", "Vendor"), ("clock", "Clock")],
                        max_length=8,
                        verbose_name="closed by",
                    ),
                ),
                ("diverged_at", models.DateTimeField(blank=True, null=True, verbose_name="later answer differed")),
            ],
            options={
                "verbose_name": "verification attempt",
                "verbose_name_plural": "verification attempts",
                "ordering": ["-id"],
                "permissions": [("refresh_verificationattempt", "Can ask the vendor again")],
                "indexes": [
                    models.Index(
                        condition=models.Q(("next_poll_at__isnull", False)),
                        fields=["next_poll_at", "id"],
                        name="liveness_attempt_open",
                    ),
                    models.Index(
                        condition=models.Q(("next_poll_at__isnull", False)),
                        fields=["expires_at", "id"],
                        name="liveness_attempt_closing",
                    ),
                    models.Index(
                        condition=models.Q(("next_poll_at__isnull", False), ("reported_at__isnull", False)),
                        fields=["next_poll_at", "id"],
                        name="liveness_attempt_reported",
                    ),
                    models.Index(
                        condition=models.Q(("finished_at__isnull", False), ("next_poll_at__isnull", False)),
                        fields=["outcome", "expires_at"],
                        name="liveness_attempt_unsettled",
                    ),
                    models.Index(
                        condition=models.Q(("closed_by", "clock")),
                        fields=["expires_at"],
                        name="liveness_attempt_by_clock",
                    ),
                    models.Index(fields=["outcome", "-id"], name="liveness_attempt_outcome"),
                    models.Index(fields=["region", "-id"], name="liveness_attempt_region"),
                    models.Index(
                        liveness.models.prefix.PrefixKey("subject_reference"), name="liveness_attempt_subject_key"
                    ),
                    models.Index(liveness.models.prefix.PrefixKey("request_id"), name="liveness_attempt_request_key"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("outcome__in", ["pending", "passed", "failed", "unknown", "expired", "invalid"])
                        ),
                        name="liveness_attempt_outcome_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("finished_at__isnull", True), ("next_poll_at__isnull", False), ("outcome", "pending")
                            ),
                            models.Q(models.Q(("outcome", "pending"), _negated=True), ("finished_at__isnull", False)),
                            _connector="OR",
                        ),
                        name="liveness_attempt_pending_is_scheduled",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("outcome__in", ("passed", "failed", "unknown")), _negated=True),
                            models.Q(("result_code", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="liveness_attempt_answer_has_code",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("expires_at__gt", models.F("issued_at"))),
                        name="liveness_attempt_expires_after_issue",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="BulkActionItem",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("target_id", models.BigIntegerField(verbose_name="record")),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("done", "Done"),
                            ("failed", "Failed"),
                            ("skipped", "Skipped"),
                        ],
                        default="pending",
                        max_length=16,
                        verbose_name="state",
                    ),
                ),
                ("problem", models.CharField(blank=True, max_length=200, verbose_name="problem")),
                ("tries", models.PositiveSmallIntegerField(default=0, verbose_name="tries")),
                ("taken_at", models.DateTimeField(blank=True, null=True, verbose_name="taken")),
                ("run", models.CharField(blank=True, max_length=80, verbose_name="run")),
                (
                    "action",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="items",
                        to="liveness.bulkaction",
                    ),
                ),
            ],
            options={
                "verbose_name": "item of a bulk action",
                "verbose_name_plural": "items of a bulk action",
                "default_permissions": (),
                "indexes": [
                    models.Index(fields=["action", "state", "id"], name="liveness_item_work"),
                    models.Index(
                        condition=models.Q(("state", "pending"), ("taken_at__isnull", False)),
                        fields=["target_id"],
                        name="liveness_item_target",
                    ),
                    models.Index(
                        condition=models.Q(("state", "pending"), models.Q(("run", ""), _negated=True)),
                        fields=["run"],
                        name="liveness_item_run",
                    ),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("state__in", ["pending", "done", "failed", "skipped"])),
                        name="liveness_item_state_known",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="StoredMedia",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True, verbose_name="id")),
                (
                    "kind",
                    models.CharField(
                        choices=[("best_frame", "Best frame"), ("video", "Video")], max_length=16, verbose_name="kind"
                    ),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("wanted", "Wanted"),
                            ("stored", "Stored"),
                            ("unverified", "Stored, unverified"),
                            ("absent", "Absent"),
                            ("lost", "Lost"),
                            ("purged", "Purged"),
                        ],
                        default="wanted",
                        max_length=16,
                        verbose_name="state",
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=200, verbose_name="reason")),
                (
                    "loss_cause",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("unread", "results never read before their token ran out"),
                            ("link", "files whose link had run out"),
                            ("download", "files whose download kept failing"),
                            ("mismatch", "files that were not what the vendor declared"),
                            ("undeclared", "files that the vendor named without saying where they are"),
                            ("refused", "files that the settings refuse"),
                            ("storage", "files that the storage did not take"),
                            ("damaged", "stored files that were found damaged and given up"),
                            ("window", "files that were not fetched before their token ran out"),
                            ("other", "files given up for another reason"),
                        ],
                        help_text="What the file is lost to, or would be.",
                        max_length=16,
                        verbose_name="cause of loss",
                    ),
                ),
                (
                    "flaw",
                    models.CharField(
                        blank=True,
                        help_text="Why a faithfully stored file cannot be shown.",
                        max_length=200,
                        verbose_name="flaw",
                    ),
                ),
                (
                    "condition",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("sound", "Sound"),
                            ("incomplete", "The end of the file is missing"),
                            ("unknown_type", "Type unknown here"),
                            ("too_large", "Too large to decode"),
                            ("undecodable", "Does not decode"),
                            ("not_inspected", "Not inspected"),
                        ],
                        help_text="What an inspection found.",
                        max_length=16,
                        verbose_name="condition",
                    ),
                ),
                ("declared_size", models.BigIntegerField(blank=True, null=True, verbose_name="declared size")),
                ("declared_md5", models.CharField(blank=True, max_length=32, verbose_name="declared MD5")),
                ("size", models.BigIntegerField(blank=True, help_text="bytes", null=True, verbose_name="size")),
                ("md5", models.CharField(blank=True, max_length=32, verbose_name="MD5")),
                ("sha256", models.CharField(blank=True, db_index=True, max_length=64, verbose_name="SHA-256")),
                ("content_type", models.CharField(blank=True, max_length=64, verbose_name="content type")),
                (
                    "codec",
                    models.CharField(
                        blank=True, help_text="As the container names it.", max_length=32, verbose_name="codec"
                    ),
                ),
                ("width", models.PositiveIntegerField(blank=True, null=True, verbose_name="width")),
                ("height", models.PositiveIntegerField(blank=True, null=True, verbose_name="height")),
                (
                    "file",
                    models.FileField(
                        blank=True, storage=liveness.models.media._storage, upload_to="", verbose_name="file"
                    ),
                ),
                (
                    "thumbnail",
                    models.FileField(
                        blank=True, storage=liveness.models.media._storage, upload_to="", verbose_name="thumbnail"
                    ),
                ),
                ("fetch_count", models.PositiveIntegerField(default=0, verbose_name="fetches")),
                ("created_at", models.DateTimeField(auto_now_add=True, verbose_name="wanted since")),
                ("stored_at", models.DateTimeField(blank=True, null=True, verbose_name="stored")),
                ("verified_at", models.DateTimeField(blank=True, null=True, verbose_name="last verified")),
                ("damaged_at", models.DateTimeField(blank=True, null=True, verbose_name="found damaged")),
                ("closed_at", models.DateTimeField(blank=True, null=True, verbose_name="given up or purged")),
                (
                    "attempt",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="media",
                        to="liveness.verificationattempt",
                    ),
                ),
            ],
            options={
                "verbose_name": "stored media",
                "verbose_name_plural": "stored media",
                "ordering": ["-id"],
                "permissions": [
                    ("download_storedmedia", "Can download stored media"),
                    ("verify_storedmedia", "Can verify stored media"),
                ],
                "indexes": [
                    models.Index(fields=["kind", "-id"], name="liveness_media_kind"),
                    models.Index(fields=["state", "-id"], name="liveness_media_state"),
                    models.Index(
                        condition=models.Q(("declared_md5", ""), _negated=True),
                        fields=["declared_md5"],
                        name="liveness_media_declared",
                    ),
                    models.Index(fields=["state", "verified_at", "stored_at", "id"], name="liveness_media_check"),
                    models.Index(
                        condition=models.Q(("damaged_at__isnull", False)),
                        fields=["damaged_at"],
                        name="liveness_media_damaged",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("attempt", "kind", "declared_md5"), name="liveness_media_once"),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("kind__in", ["best_frame", "video"]),
                            ("state__in", ["wanted", "stored", "unverified", "absent", "lost", "purged"]),
                        ),
                        name="liveness_media_words",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "stored"), _negated=True),
                            models.Q(
                                ("md5", models.F("declared_md5")),
                                ("stored_at__isnull", False),
                                models.Q(
                                    ("size", models.F("declared_size")),
                                    models.Q(("declared_size__isnull", True), ("size__isnull", False)),
                                    _connector="OR",
                                ),
                                models.Q(("md5", ""), _negated=True),
                                models.Q(("sha256", ""), _negated=True),
                                models.Q(("file", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="liveness_media_stored_is_verified",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("state", "unverified"), _negated=True),
                            models.Q(
                                ("declared_md5", ""),
                                ("size__isnull", False),
                                ("stored_at__isnull", False),
                                models.Q(("md5", ""), _negated=True),
                                models.Q(("sha256", ""), _negated=True),
                                models.Q(("file", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="liveness_media_unverified_is_whole",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("state__in", ("stored", "unverified")),
                            models.Q(("file", ""), ("thumbnail", "")),
                            _connector="OR",
                        ),
                        name="liveness_media_file_is_stored",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Poll",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("sequence", models.PositiveIntegerField(verbose_name="number")),
                ("asked_at", models.DateTimeField(verbose_name="asked")),
                ("request_id", models.CharField(blank=True, max_length=64, verbose_name="request id")),
                ("result_code", models.TextField(blank=True, verbose_name="result code")),
                (
                    "digest",
                    models.CharField(help_text="SHA-256 of what the answer says", max_length=64, verbose_name="digest"),
                ),
                ("answer", models.JSONField(verbose_name="answer")),
                (
                    "attempt",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="polls",
                        to="liveness.verificationattempt",
                    ),
                ),
            ],
            options={
                "verbose_name": "poll",
                "verbose_name_plural": "polls",
                "ordering": ["attempt_id", "sequence"],
                "default_permissions": ("view",),
                "constraints": [models.UniqueConstraint(fields=("attempt", "sequence"), name="liveness_poll_once")],
            },
        ),
    ]
