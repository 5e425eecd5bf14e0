import uuid

import django.db.models.deletion
import django.db.models.expressions
from django.db import migrations, models

import liveness.models.prefix


class Migration(migrations.Migration):
    dependencies = [
        ("liveness", "0010_conditions"),
    ]

    operations = [
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
            ],
            options={
                "verbose_name": "item of a bulk action",
                "verbose_name_plural": "items of a bulk action",
                "default_permissions": (),
            },
        ),
        migrations.AddIndex(
            model_name="verificationattempt",
            index=models.Index(
                liveness.models.prefix.PrefixKey("subject_reference"), name="liveness_attempt_subject_key"
            ),
        ),
        migrations.AddIndex(
            model_name="verificationattempt",
            index=models.Index(liveness.models.prefix.PrefixKey("request_id"), name="liveness_attempt_request_key"),
        ),
        migrations.AddIndex(
            model_name="bulkaction",
            index=models.Index(
                condition=models.Q(("finished_at__isnull", True)), fields=["kind", "id"], name="liveness_bulk_open"
            ),
        ),
        migrations.AddConstraint(
            model_name="bulkaction",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["refresh", "verify"])), name="liveness_bulk_kind_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="bulkaction",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "total__gte",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(models.F("done"), "+", models.F("failed")),
                            "+",
                            models.F("skipped"),
                        ),
                    )
                ),
                name="liveness_bulk_counts_fit",
            ),
        ),
        migrations.AddField(
            model_name="bulkactionitem",
            name="action",
            field=models.ForeignKey(
                db_index=False,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="items",
                to="liveness.bulkaction",
            ),
        ),
        migrations.AddIndex(
            model_name="bulkactionitem",
            index=models.Index(fields=["action", "state", "id"], name="liveness_item_work"),
        ),
        migrations.AddIndex(
            model_name="bulkactionitem",
            index=models.Index(
                condition=models.Q(("state", "pending"), ("taken_at__isnull", False)),
                fields=["target_id"],
                name="liveness_item_target",
            ),
        ),
        migrations.AddIndex(
            model_name="bulkactionitem",
            index=models.Index(
                condition=models.Q(("state", "pending"), models.Q(("run", ""), _negated=True)),
                fields=["run"],
                name="liveness_item_run",
            ),
        ),
        migrations.AddConstraint(
            model_name="bulkactionitem",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["pending", "done", "failed", "skipped"])),
                name="liveness_item_state_known",
            ),
        ),
    ]
