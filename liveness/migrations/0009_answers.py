from django.db import migrations, models

from liveness.models import append_only

POLLS = "liveness_poll"
# How the flaws of older rows begin, and what an inspection says of such a file today.
CONDITIONS = (
    ("it is not a ", "unknown_type"),
    ("the picture does not decode", "undecodable"),
    ("the picture ", "too_large"),
    ("it could not be inspected", "not_inspected"),
)


def unprotect(apps, schema_editor):
    append_only.remove(schema_editor, POLLS)


def protect(apps, schema_editor):
    append_only.install(schema_editor, POLLS)


def note_conditions(apps, schema_editor):
    media = apps.get_model("liveness", "StoredMedia").objects.using(schema_editor.connection.alias)
    for beginning, condition in CONDITIONS:
        media.filter(flaw__startswith=beginning, condition="").update(condition=condition)


class Migration(migrations.Migration):
    dependencies = [
        ("liveness", "0008_media_root"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="storedmedia",
            name="liveness_media_words",
        ),
        migrations.RemoveConstraint(
            model_name="storedmedia",
            name="liveness_media_stored_is_verified",
        ),
        migrations.RemoveConstraint(
            model_name="storedmedia",
            name="liveness_media_file_is_stored",
        ),
        migrations.AddField(
            model_name="storedmedia",
            name="codec",
            field=models.CharField(
                blank=True, help_text="As the container names it.", max_length=32, verbose_name="codec"
            ),
        ),
        migrations.AddField(
            model_name="storedmedia",
            name="condition",
            field=models.CharField(
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
        # SQLite makes the table anew for this, without its triggers.
        migrations.RunPython(unprotect, protect),
        migrations.AlterField(
            model_name="poll",
            name="result_code",
            field=models.TextField(blank=True, verbose_name="result code"),
        ),
        migrations.RunPython(protect, unprotect),
        migrations.AlterField(
            model_name="storedmedia",
            name="state",
            field=models.CharField(
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
        migrations.AlterField(
            model_name="verificationattempt",
            name="result_code",
            field=models.TextField(blank=True, verbose_name="result code"),
        ),
        migrations.AddConstraint(
            model_name="storedmedia",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("kind__in", ["best_frame", "video"]),
                    ("state__in", ["wanted", "stored", "unverified", "absent", "lost", "purged"]),
                ),
                name="liveness_media_words",
            ),
        ),
        migrations.AddConstraint(
            model_name="storedmedia",
            constraint=models.CheckConstraint(
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
        ),
        migrations.AddConstraint(
            model_name="storedmedia",
            constraint=models.CheckConstraint(
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
        ),
        migrations.AddConstraint(
            model_name="storedmedia",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("state__in", ("stored", "unverified")), models.Q(("file", ""), ("thumbnail", "")), _connector="OR"
                ),
                name="liveness_media_file_is_stored",
            ),
        ),
        migrations.RunPython(note_conditions, migrations.RunPython.noop),
    ]
