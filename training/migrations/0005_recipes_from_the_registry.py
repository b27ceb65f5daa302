"""Leave the list of recipes to training.ml.recipes.registry: a new recipe needs no migration."""

from django.db import migrations, models

import training.models.choices


class Migration(migrations.Migration):
    dependencies = [
        ("training", "0004_golden_fixes_drift"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="experiment",
            name="experiment_recipe_known",
        ),
        migrations.RemoveConstraint(
            model_name="sweep",
            name="sweep_recipe_known",
        ),
        migrations.AlterField(
            model_name="experiment",
            name="recipe",
            field=models.CharField(choices=training.models.choices.recipe_choices, max_length=32),
        ),
        migrations.AlterField(
            model_name="sweep",
            name="recipe",
            field=models.CharField(choices=training.models.choices.recipe_choices, max_length=32),
        ),
    ]
