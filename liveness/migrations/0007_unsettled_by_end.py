from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("liveness", "0006_unsettled"),
    ]

    operations = [
        migrations.RemoveIndex(
            model_name="verificationattempt",
            name="liveness_attempt_unsettled",
        ),
        migrations.AddIndex(
            model_name="verificationattempt",
            index=models.Index(
                condition=models.Q(("finished_at__isnull", False), ("next_poll_at__isnull", False)),
                fields=["outcome", "expires_at"],
                name="liveness_attempt_unsettled",
            ),
        ),
    ]
