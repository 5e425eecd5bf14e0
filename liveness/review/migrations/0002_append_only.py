from django.db import migrations

from liveness.models import append_only, dropping

TABLES = ("liveness_review_decision", "liveness_review_note")


def protect(apps, schema_editor):
    fold = apps.get_model("liveness_review", "StatisticsCursor")
    fold.objects.using(schema_editor.connection.alias).get_or_create(id=1)
    for table in TABLES:
        append_only.install(schema_editor, table)


def unprotect(apps, schema_editor):
    dropping.refuse(schema_editor.connection, TABLES)
    for table in TABLES:
        append_only.remove(schema_editor, table)


class Migration(migrations.Migration):
    dependencies = [("liveness_review", "0001_initial")]
    operations = [migrations.RunPython(protect, unprotect)]
    protects = TABLES
