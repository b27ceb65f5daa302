"""Let the database itself refuse to change or delete predictions and histories.

Erasure of a person's data is the exception: it runs `SET LOCAL toxicsite.allow_erasure = 'on'` in its transaction.
"""

from django.db import migrations

TABLES = ["classifier_prediction", "classifier_commentevent", "classifier_modelversionevent"]
FUNCTION = """
CREATE FUNCTION classifier_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('toxicsite.allow_erasure', true) = 'on' THEN
        IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""


def trigger(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION classifier_refuse_change();",
        f"DROP TRIGGER {table}_append_only ON {table};",
    )


class Migration(migrations.Migration):
    dependencies = [("classifier", "0001_initial")]

    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION classifier_refuse_change();"),
        *[trigger(table) for table in TABLES],
    ]
