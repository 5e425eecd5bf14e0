from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("liveness", "0005_meters_and_alarms"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="verificationattempt",
            index=models.Index(
                fields=["outcome", "expires_at"],
                name="liveness_attempt_unsettled",
                condition=models.Q(("finished_at__isnull", False), ("next_poll_at__isnull", False)),
            ),
        ),
    ]
