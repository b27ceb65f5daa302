from django.db import migrations, models

import classifier.models.user


class Migration(migrations.Migration):
    dependencies = [("classifier", "0013_shadow_by_time")]

    operations = [
        migrations.AlterField(
            model_name="user",
            name="blur_text",
            field=models.BooleanField(
                "blur comment text",
                default=classifier.models.user.blur_by_default,
                help_text="Toxic comments stay blurred until you point at them.",
            ),
        )
    ]
