"""Azure's blocklists become lists of rules, and their items rules of these lists, under the ids that clients know."""

import uuid

from django.db import migrations, models


def move(apps, schema_editor):
    Blocklist = apps.get_model("classifier", "Blocklist")
    RuleList = apps.get_model("classifier", "RuleList")
    Rule = apps.get_model("classifier", "Rule")
    for blocklist in Blocklist.objects.order_by("id"):
        rule_list, is_new = RuleList.objects.get_or_create(
            name=blocklist.name,
            source=blocklist.source,
            defaults={"description": blocklist.description, "created_by": blocklist.created_by},
        )
        if is_new:
            RuleList.objects.filter(pk=rule_list.pk).update(created_at=blocklist.created_at)
        for item in blocklist.items.order_by("rule_id").iterator():
            Rule.objects.filter(pk=item.rule_id).update(
                item_id=item.pk, description=item.description, rule_list=rule_list
            )
    with schema_editor.connection.cursor() as cursor:
        cursor.execute("UPDATE classifier_rule SET item_id = gen_random_uuid() WHERE item_id IS NULL")
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # or the table cannot be altered in this transaction


class Migration(migrations.Migration):
    dependencies = [
        ("classifier", "0031_short_keys"),
    ]

    operations = [
        migrations.AlterField(
            model_name="rulelist",
            name="name",
            field=models.CharField(max_length=100),
        ),
        migrations.AlterField(
            model_name="rulelist",
            name="description",
            field=models.CharField(blank=True, max_length=1024),
        ),
        migrations.AlterModelOptions(
            name="rulelist",
            options={"ordering": ["name", "id"]},
        ),
        migrations.AddConstraint(
            model_name="rulelist",
            constraint=models.UniqueConstraint(
                fields=("source", "name"), name="rulelist_source_name", nulls_distinct=False
            ),
        ),
        migrations.AddField(
            model_name="rule",
            name="description",
            field=models.CharField(blank=True, db_default="", default="", max_length=1024),
        ),
        migrations.AddField(
            model_name="rule",
            name="item_id",
            field=models.UUIDField(editable=False, null=True),
        ),
        migrations.RunPython(move, migrations.RunPython.noop),
        migrations.AlterField(
            model_name="rule",
            name="item_id",
            field=models.UUIDField(default=uuid.uuid4, editable=False, unique=True),
        ),
        migrations.DeleteModel(name="BlocklistItem"),
        migrations.DeleteModel(name="Blocklist"),
    ]
