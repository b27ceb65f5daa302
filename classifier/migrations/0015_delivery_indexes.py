from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    dependencies = [("classifier", "0014_blur_by_default")]

    operations = [
        migrations.RemoveIndex(model_name="webhookdelivery", name="webhookdelivery_due"),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                fields=["webhook", "next_at", "id"], condition=Q(status="waiting"), name="webhookdelivery_due"
            ),
        ),
        migrations.AddIndex(
            model_name="webhookdelivery",
            index=models.Index(
                fields=["webhook", "claimed_until"],
                condition=Q(claimed_until__isnull=False),
                name="webhookdelivery_claimed",
            ),
        ),
    ]
