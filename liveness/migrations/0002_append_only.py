from django.db import migrations

from liveness.models import append_only

TABLES = (("liveness_auditevent", "sequence"), ("liveness_poll", "id"))


def protect(apps, schema_editor):
    apps.get_model("liveness", "AuditHead").objects.get_or_create(id=1)
    for table, key in TABLES:
        append_only.install(schema_editor, table, key)


def unprotect(apps, schema_editor):
    for table, key in TABLES:
        append_only.remove(schema_editor, table, key)


class Migration(migrations.Migration):
    dependencies = [("liveness", "0001_initial")]
    operations = [migrations.RunPython(protect, unprotect)]
