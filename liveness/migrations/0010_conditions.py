from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("liveness", "0009_answers")]

    operations = [
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
                "constraints": [models.UniqueConstraint(fields=["kind", "subject"], name="liveness_condition_once")],
            },
        ),
    ]
