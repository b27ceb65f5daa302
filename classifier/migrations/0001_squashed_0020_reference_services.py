"""All tables of classifier at once: migrations 0001 to 0020 as one.

The database itself refuses to change or delete what is append-only. Erasure of a person's data is the exception: it
runs `SET LOCAL toxicsite.allow_erasure = 'on'` in its transaction.
"""

import uuid

import django.contrib.auth.models
import django.contrib.auth.validators
import django.contrib.postgres.fields
import django.contrib.postgres.indexes
import django.contrib.postgres.search
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations, models

import classifier.models.user

APPEND_ONLY = [
    "classifier_auditentry",
    "classifier_commentevent",
    "classifier_decision",
    "classifier_modelversionevent",
    "classifier_policy",
    "classifier_prediction",
    "classifier_report",
    "classifier_scoremap",
    "classifier_secondreview",
    "classifier_shadowjudgement",
    "classifier_shadowpolicyevent",
    "classifier_shadowprediction",
]
REFUSE_CHANGE = """
CREATE FUNCTION classifier_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('toxicsite.allow_erasure', true) = 'on' THEN
        IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
        RETURN NEW;
    END IF;
    RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'integrity_constraint_violation';
END $$;
"""


def append_only(table: str) -> migrations.RunSQL:
    """Refuse changes to the rows of a table."""
    return migrations.RunSQL(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION classifier_refuse_change();",
        f"DROP TRIGGER {table}_append_only ON {table};",
    )


class Migration(migrations.Migration):
    initial = True

    replaces = [
        ("classifier", "0001_initial"),
        ("classifier", "0002_append_only"),
        ("classifier", "0003_decisions_and_shadows"),
        ("classifier", "0004_append_only_decisions"),
        ("classifier", "0005_gate_in_history"),
        ("classifier", "0006_train_scope"),
        ("classifier", "0007_moderation"),
        ("classifier", "0008_append_only_moderation"),
        ("classifier", "0009_history_by_time"),
        ("classifier", "0010_keys_webhooks_suggestions"),
        ("classifier", "0011_idempotent_requests"),
        ("classifier", "0012_backlog"),
        ("classifier", "0013_shadow_by_time"),
        ("classifier", "0014_blur_by_default"),
        ("classifier", "0015_delivery_indexes"),
        ("classifier", "0016_dead_deliveries"),
        ("classifier", "0017_shadow_policies"),
        ("classifier", "0018_rescoring"),
        ("classifier", "0019_comment_context"),
        ("classifier", "0020_reference_services"),
    ]

    dependencies = [
        ("auth", "0012_alter_user_first_name_max_length"),
    ]

    operations = [
        TrigramExtension(),
        migrations.CreateModel(
            name="User",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("password", models.CharField(max_length=128, verbose_name="password")),
                ("last_login", models.DateTimeField(blank=True, null=True, verbose_name="last login")),
                (
                    "is_superuser",
                    models.BooleanField(
                        default=False,
                        help_text="Designates that this user has all permissions without explicitly assigning them.",
                        verbose_name="superuser status",
                    ),
                ),
                (
                    "username",
                    models.CharField(
                        error_messages={"unique": "A user with that username already exists."},
                        help_text="Required. 150 characters or fewer. Letters, digits and @/./+/-/_ only.",
                        max_length=150,
                        unique=True,
                        validators=[django.contrib.auth.validators.UnicodeUsernameValidator()],
                        verbose_name="username",
                    ),
                ),
                ("first_name", models.CharField(blank=True, max_length=150, verbose_name="first name")),
                ("last_name", models.CharField(blank=True, max_length=150, verbose_name="last name")),
                ("email", models.EmailField(blank=True, max_length=254, verbose_name="email address")),
                (
                    "is_staff",
                    models.BooleanField(
                        default=False,
                        help_text="Designates whether the user can log into this admin site.",
                        verbose_name="staff status",
                    ),
                ),
                (
                    "is_active",
                    models.BooleanField(
                        default=True,
                        help_text="Designates whether this user should be treated as active. Unselect this instead of deleting accounts.",
                        verbose_name="active",
                    ),
                ),
                (
                    "date_joined",
                    models.DateTimeField(default=django.utils.timezone.now, verbose_name="date joined"),
                ),
                (
                    "blur_text",
                    models.BooleanField(
                        default=classifier.models.user.blur_by_default,
                        help_text="Toxic comments stay blurred until you point at them.",
                        verbose_name="blur comment text",
                    ),
                ),
                (
                    "all_sources",
                    models.BooleanField(
                        default=True,
                        help_text="Otherwise only the sources given to this person.",
                        verbose_name="sees every source",
                    ),
                ),
                (
                    "groups",
                    models.ManyToManyField(
                        blank=True,
                        help_text="The groups this user belongs to. A user will get all permissions granted to each of their groups.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.group",
                        verbose_name="groups",
                    ),
                ),
                (
                    "user_permissions",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Specific permissions for this user.",
                        related_name="user_set",
                        related_query_name="user",
                        to="auth.permission",
                        verbose_name="user permissions",
                    ),
                ),
            ],
            options={
                "verbose_name": "user",
                "verbose_name_plural": "users",
                "abstract": False,
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("username", ""), _negated=True), name="user_username_not_empty"
                    )
                ],
            },
            managers=[
                ("objects", django.contrib.auth.models.UserManager()),
            ],
        ),
        migrations.CreateModel(
            name="Source",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("slug", models.SlugField(max_length=64, unique=True)),
                ("name", models.CharField(max_length=200)),
                (
                    "retention_days",
                    models.PositiveIntegerField(
                        blank=True,
                        help_text="Empty: kept. Counts and decisions stay.",
                        null=True,
                        verbose_name="days until a comment's text is purged",
                    ),
                ),
            ],
            options={
                "ordering": ["slug"],
            },
        ),
        migrations.CreateModel(
            name="BulkAction",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("action", models.CharField(max_length=16)),
                ("reason", models.CharField(max_length=2000)),
                ("filters", models.JSONField(default=dict)),
                ("count", models.PositiveIntegerField(default=0)),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("undone_at", models.DateTimeField(blank=True, null=True)),
                (
                    "undone_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="IdempotentRequest",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("key", models.CharField(max_length=255)),
                ("fingerprint", models.CharField(max_length=64)),
                ("result", models.BigIntegerField(null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ["-id"],
                "indexes": [models.Index(fields=["created_at"], name="idempotentrequest_created")],
                "constraints": [
                    models.UniqueConstraint(fields=("user", "key"), name="idempotentrequest_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="ModelVersion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("version", models.CharField(max_length=150, unique=True)),
                ("name", models.CharField(max_length=150)),
                (
                    "status",
                    models.CharField(
                        choices=[("candidate", "Candidate"), ("active", "Active"), ("retired", "Retired")],
                        default="candidate",
                        max_length=16,
                    ),
                ),
                ("directory", models.CharField(max_length=500)),
                ("sha256", models.CharField(max_length=64, verbose_name="SHA-256 of the weights")),
                (
                    "labels",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=64), size=None
                    ),
                ),
                ("thresholds", models.JSONField()),
                ("primary_label", models.CharField(max_length=64)),
                ("manifest", models.JSONField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("activated_at", models.DateTimeField(blank=True, null=True)),
                (
                    "is_shadow",
                    models.BooleanField(default=False, verbose_name="scores live traffic silently"),
                ),
            ],
            options={
                "ordering": ["-id"],
                "permissions": [("activate_modelversion", "Can activate and roll back model versions")],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("status", "active")),
                        fields=("status",),
                        name="modelversion_one_active",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("is_shadow", True)),
                        fields=("is_shadow",),
                        name="modelversion_one_shadow",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("is_shadow", False),
                            models.Q(("status", "active"), _negated=True),
                            _connector="OR",
                        ),
                        name="modelversion_shadow_is_not_active",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["candidate", "active", "retired"])),
                        name="modelversion_status_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("status", "candidate"), ("activated_at__isnull", False), _connector="OR"
                        ),
                        name="modelversion_activated_at_set",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("sha256__regex", "^[0-9a-f]{64}$")),
                        name="modelversion_sha256_hex",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("labels__contains", [models.F("primary_label")])),
                        name="modelversion_primary_label_is_a_label",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ModelVersionEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("old", models.CharField(max_length=16)),
                ("new", models.CharField(max_length=16)),
                (
                    "actor",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "model_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="history",
                        to="classifier.modelversion",
                    ),
                ),
                (
                    "gate",
                    models.JSONField(
                        blank=True, default=None, null=True, verbose_name="what the quality gate said"
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Policy",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="policies",
                        to="classifier.source",
                    ),
                ),
                ("version", models.PositiveIntegerField()),
                ("bands", models.JSONField()),
                ("automatic", models.JSONField(default=list)),
                (
                    "fail_mode",
                    models.CharField(
                        choices=[
                            ("open", "Open: publish, look later"),
                            ("closed", "Closed: hold until scored"),
                        ],
                        default="closed",
                        max_length=8,
                    ),
                ),
                ("nudge_threshold", models.FloatField(blank=True, null=True)),
                ("reasons", models.JSONField(default=list)),
                ("reason_required", models.BooleanField(default=False)),
                ("appeal_days", models.PositiveIntegerField(default=14)),
                ("note", models.CharField(blank=True, max_length=500, verbose_name="what changed and why")),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "verbose_name_plural": "policies",
                "ordering": ["-id"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("source", "version"), name="policy_source_version", nulls_distinct=False
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ReferenceService",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                (
                    "wire",
                    models.CharField(
                        choices=[("perspective", "Perspective"), ("openai", "OpenAI Moderation")],
                        max_length=16,
                    ),
                ),
                ("url", models.URLField(max_length=500)),
                ("sealed_key", models.BinaryField(null=True)),
                ("model", models.CharField(blank=True, max_length=100)),
                ("timeout_seconds", models.FloatField(default=2.0)),
                ("calls_per_second", models.FloatField(default=1.0)),
                ("share", models.FloatField(default=1.0)),
                ("keeps_texts", models.BooleanField(default=True)),
                ("ends_on", models.DateField(blank=True, null=True)),
                ("is_enabled", models.BooleanField(default=True)),
                ("missed", models.PositiveBigIntegerField(default=0, editable=False)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("deleted_at", models.DateTimeField(editable=False, null=True)),
            ],
            options={
                "ordering": ["name", "id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("timeout_seconds__gt", 0),
                            ("calls_per_second__gt", 0),
                            ("share__gte", 0),
                            ("share__lte", 1),
                        ),
                        name="referenceservice_numbers",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SavedQueue",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=100, unique=True)),
                ("filters", models.JSONField(default=dict)),
                ("order", models.CharField(default="risk", max_length=16)),
                ("roles", models.JSONField(default=list)),
                (
                    "owner",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="saved_queues",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("position", models.PositiveIntegerField(default=0)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ["position", "name"],
            },
        ),
        migrations.CreateModel(
            name="ScoreMap",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                ("version", models.PositiveIntegerField()),
                (
                    "wire",
                    models.CharField(
                        choices=[("perspective", "Perspective"), ("openai", "OpenAI Moderation")],
                        max_length=16,
                    ),
                ),
                (
                    "method",
                    models.CharField(
                        choices=[
                            ("quantile", "Quantiles: flags the same share"),
                            ("isotonic", "Isotonic regression: the expected score"),
                        ],
                        max_length=16,
                    ),
                ),
                (
                    "model_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="classifier.modelversion",
                    ),
                ),
                ("threshold", models.FloatField()),
                ("attributes", models.JSONField()),
                ("origin", models.JSONField(default=dict)),
                ("note", models.CharField(blank=True, max_length=500)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ["-id"],
                "constraints": [models.UniqueConstraint(fields=("name", "version"), name="scoremap_version")],
            },
        ),
        migrations.CreateModel(
            name="ApiKey",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                ("prefix", models.CharField(editable=False, max_length=16, unique=True)),
                ("digest", models.CharField(editable=False, max_length=64, unique=True)),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="api_keys",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "scopes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("submit", "Submit comments"),
                                ("read", "Read its own comments and verdicts"),
                                ("score", "Score text without storing it"),
                                (
                                    "moderate",
                                    "Work in the queue: decisions, appeals, reports, policies, statistics",
                                ),
                                ("train", "Train, measure and promote models"),
                                ("admin", "Imports, exports, erasure and webhooks"),
                            ],
                            max_length=16,
                        ),
                        size=None,
                    ),
                ),
                (
                    "requests_per_minute",
                    models.PositiveIntegerField(
                        blank=True, help_text="Empty: the server's own limit.", null=True
                    ),
                ),
                (
                    "texts_per_day",
                    models.PositiveIntegerField(blank=True, help_text="Empty: unlimited.", null=True),
                ),
                (
                    "replaces",
                    models.OneToOneField(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="replaced_by",
                        to="classifier.apikey",
                    ),
                ),
                (
                    "missing_attributes",
                    models.CharField(
                        choices=[
                            ("leave_out", "Left out of the answer"),
                            ("refuse", "The call is refused"),
                            ("constant", "A constant score"),
                        ],
                        default="leave_out",
                        max_length=16,
                    ),
                ),
                ("missing_constant", models.FloatField(blank=True, null=True)),
                ("lifts_scores", models.BooleanField(default=False)),
                (
                    "reference",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="keys",
                        to="classifier.referenceservice",
                    ),
                ),
                (
                    "reference_mode",
                    models.CharField(
                        choices=[("off", "Off"), ("observe", "Observe"), ("follow", "Follow")],
                        default="off",
                        editable=False,
                        max_length=8,
                    ),
                ),
                ("reference_since", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "score_map",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="keys",
                        to="classifier.scoremap",
                    ),
                ),
                ("score_map_since", models.DateTimeField(blank=True, editable=False, null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("last_used_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("revoked_at", models.DateTimeField(blank=True, editable=False, null=True)),
                (
                    "sources",
                    models.ManyToManyField(
                        blank=True,
                        help_text="Only these sources; none chosen: all.",
                        related_name="+",
                        to="classifier.source",
                    ),
                ),
            ],
            options={
                "verbose_name": "API key",
                "ordering": ["-id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("digest__regex", "^[0-9a-f]{64}$")), name="apikey_digest_hex"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "scopes__contained_by",
                                ["submit", "read", "score", "moderate", "train", "admin"],
                            ),
                            ("scopes__len__gt", 0),
                        ),
                        name="apikey_scopes_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("missing_constant__isnull", True),
                            models.Q(("missing_constant__gte", 0), ("missing_constant__lte", 1)),
                            _connector="OR",
                        ),
                        name="apikey_missing_constant_share",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("missing_attributes", "constant"), _negated=True),
                            ("missing_constant__isnull", False),
                            _connector="OR",
                        ),
                        name="apikey_missing_constant_given",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("reference_mode", "off"), ("reference__isnull", False), _connector="OR"
                        ),
                        name="apikey_reference_given",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ApiKeyUsage",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "api_key",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="usage",
                        to="classifier.apikey",
                    ),
                ),
                ("day", models.DateField()),
                ("requests", models.PositiveBigIntegerField(default=0)),
                ("texts", models.PositiveBigIntegerField(default=0)),
                ("errors", models.PositiveBigIntegerField(default=0)),
                ("refused", models.PositiveBigIntegerField(default=0)),
            ],
            options={
                "ordering": ["-day"],
                "constraints": [models.UniqueConstraint(fields=("api_key", "day"), name="apikeyusage_once")],
            },
        ),
        migrations.CreateModel(
            name="ClientSeen",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "api_key",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="clients_seen",
                        to="classifier.apikey",
                    ),
                ),
                ("dialect", models.CharField(max_length=16)),
                ("user_agent", models.CharField(blank=True, max_length=200)),
                (
                    "attributes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=100), default=list, size=None
                    ),
                ),
                (
                    "languages",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=35), default=list, size=None
                    ),
                ),
                ("first_seen_at", models.DateTimeField()),
                ("last_seen_at", models.DateTimeField()),
            ],
            options={
                "verbose_name_plural": "clients seen",
                "ordering": ["-last_seen_at"],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("api_key", "dialect", "user_agent"), name="clientseen_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ShadowPolicy",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="shadow_policies",
                        to="classifier.source",
                    ),
                ),
                ("bands", models.JSONField()),
                ("automatic", models.JSONField(default=list)),
                ("note", models.CharField(blank=True, max_length=500, verbose_name="what is tried and why")),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("running", "Judges live traffic silently"),
                            ("stopped", "Stopped"),
                            ("replaced", "Another draft took its place"),
                            ("in_force", "Put in force"),
                        ],
                        default="running",
                        max_length=16,
                    ),
                ),
                (
                    "policy",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="classifier.policy",
                    ),
                ),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name_plural": "shadow policies",
                "ordering": ["-id"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("status", "running")),
                        fields=("source",),
                        name="shadowpolicy_one_runs",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["running", "stopped", "replaced", "in_force"])),
                        name="shadowpolicy_status_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("status", "running")),
                            models.Q(
                                models.Q(("status", "running"), _negated=True), ("ended_at__isnull", False)
                            ),
                            _connector="OR",
                        ),
                        name="shadowpolicy_ended_at_set",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ShadowPolicyEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("old", models.CharField(max_length=16)),
                ("new", models.CharField(max_length=16)),
                (
                    "actor",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "shadow_policy",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="history",
                        to="classifier.shadowpolicy",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="Rule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                (
                    "kind",
                    models.CharField(
                        choices=[("phrase", "Phrase"), ("regex", "Regular expression")], max_length=8
                    ),
                ),
                ("pattern", models.CharField(max_length=1000)),
                ("folds", models.BooleanField(default=True, verbose_name="also catch disguised spellings")),
                (
                    "band",
                    models.CharField(
                        choices=[("review", "Review"), ("remove", "Remove")], default="review", max_length=8
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rules",
                        to="classifier.source",
                    ),
                ),
                ("enabled", models.BooleanField(default=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "ordering": ["name"],
                "permissions": [("test_rule", "Can try rules out")],
            },
        ),
        migrations.CreateModel(
            name="DayStatistic",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("day", models.DateField()),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="statistics",
                        to="classifier.source",
                    ),
                ),
                ("numbers", models.JSONField()),
                ("updated_at", models.DateTimeField(auto_now=True)),
            ],
            options={
                "ordering": ["-day"],
                "constraints": [models.UniqueConstraint(fields=("day", "source"), name="daystatistic_once")],
            },
        ),
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("verb", models.CharField(max_length=64)),
                (
                    "actor",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "api_key",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="classifier.apikey",
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="classifier.source",
                    ),
                ),
                ("subject", models.CharField(blank=True, max_length=200)),
                ("count", models.PositiveIntegerField(null=True)),
                ("data", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "verbose_name_plural": "audit entries",
                "ordering": ["-id"],
                "permissions": [
                    ("export_auditentry", "Can export histories"),
                    ("erase_author", "Can erase and export an author"),
                ],
                "indexes": [
                    models.Index(fields=["verb", "-id"], name="auditentry_verb"),
                    models.Index(fields=["-created_at"], name="auditentry_created"),
                ],
            },
        ),
        migrations.CreateModel(
            name="SourceAccess",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="source_access",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="access",
                        to="classifier.source",
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=("user", "source"), name="sourceaccess_once")],
            },
        ),
        migrations.CreateModel(
            name="Transfer",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("import", "Import"),
                            ("export", "Export"),
                            ("rescore", "Rescoring"),
                            ("compare", "Comparison"),
                        ],
                        max_length=8,
                    ),
                ),
                ("what", models.CharField(default="comments", max_length=32)),
                ("format", models.CharField(default="csv", max_length=8)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("queued", "Queued"),
                            ("running", "Running"),
                            ("succeeded", "Succeeded"),
                            ("failed", "Failed"),
                        ],
                        default="queued",
                        max_length=16,
                    ),
                ),
                ("options", models.JSONField(default=dict)),
                ("file", models.CharField(blank=True, editable=False, max_length=500)),
                ("errors_file", models.CharField(blank=True, editable=False, max_length=500)),
                ("done_rows", models.PositiveBigIntegerField(default=0)),
                ("total_rows", models.PositiveBigIntegerField(null=True)),
                ("error_rows", models.PositiveBigIntegerField(default=0)),
                ("position", models.PositiveBigIntegerField(default=0)),
                ("failure_reason", models.TextField(blank=True)),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("started_at", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("heartbeat_at", models.DateTimeField(null=True)),
            ],
            options={
                "ordering": ["-id"],
                "permissions": [("rescore_comment", "Can score history again")],
            },
        ),
        migrations.CreateModel(
            name="Webhook",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=100)),
                ("url", models.URLField(max_length=500)),
                (
                    "events",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("comment.classified", "A comment got its verdict"),
                                ("comment.decided", "A comment was decided, or the decision undone"),
                                ("appeal.opened", "An author appealed"),
                                ("appeal.resolved", "An appeal was answered"),
                                ("model.promoted", "Another model version is active"),
                                ("experiment.finished", "A training run ended"),
                                ("drift.warning", "The scores drift from what they were"),
                                ("test", "Somebody pressed the test button"),
                            ],
                            max_length=32,
                        ),
                        size=None,
                    ),
                ),
                ("sealed_secret", models.BinaryField()),
                ("sealed_old_secret", models.BinaryField(null=True)),
                ("old_secret_until", models.DateTimeField(editable=False, null=True)),
                ("is_enabled", models.BooleanField(default=True)),
                ("disabled_reason", models.CharField(blank=True, editable=False, max_length=200)),
                ("failing_since", models.DateTimeField(editable=False, null=True)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("deleted_at", models.DateTimeField(editable=False, null=True)),
                ("sources", models.ManyToManyField(blank=True, related_name="+", to="classifier.source")),
            ],
            options={
                "ordering": ["name", "id"],
            },
        ),
        migrations.CreateModel(
            name="WebhookEvent",
            fields=[
                (
                    "id",
                    models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False),
                ),
                (
                    "type",
                    models.CharField(
                        choices=[
                            ("comment.classified", "A comment got its verdict"),
                            ("comment.decided", "A comment was decided, or the decision undone"),
                            ("appeal.opened", "An author appealed"),
                            ("appeal.resolved", "An appeal was answered"),
                            ("model.promoted", "Another model version is active"),
                            ("experiment.finished", "A training run ended"),
                            ("drift.warning", "The scores drift from what they were"),
                            ("test", "Somebody pressed the test button"),
                        ],
                        max_length=32,
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="classifier.source",
                    ),
                ),
                ("data", models.JSONField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ["-created_at"],
                "indexes": [models.Index(fields=["-created_at"], name="webhookevent_created")],
            },
        ),
        migrations.CreateModel(
            name="WebhookDelivery",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "webhook",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="deliveries",
                        to="classifier.webhook",
                    ),
                ),
                (
                    "event",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="deliveries",
                        to="classifier.webhookevent",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[("waiting", "Waiting"), ("delivered", "Delivered"), ("dead", "Given up")],
                        default="waiting",
                        max_length=16,
                    ),
                ),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("next_at", models.DateTimeField(null=True)),
                ("claimed_until", models.DateTimeField(null=True)),
                ("finished_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "verbose_name_plural": "webhook deliveries",
                "ordering": ["-id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("status", "waiting")),
                        fields=["webhook", "next_at", "id"],
                        name="webhookdelivery_due",
                    ),
                    models.Index(
                        condition=models.Q(("claimed_until__isnull", False)),
                        fields=["webhook", "claimed_until"],
                        name="webhookdelivery_claimed",
                    ),
                    models.Index(fields=["webhook", "-id"], name="webhookdelivery_by_webhook"),
                    models.Index(
                        condition=models.Q(("status", "dead")),
                        fields=["webhook", "finished_at"],
                        name="webhookdelivery_dead",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(fields=("webhook", "event"), name="webhookdelivery_once")
                ],
            },
        ),
        migrations.CreateModel(
            name="WebhookAttempt",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "delivery",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="log",
                        to="classifier.webhookdelivery",
                    ),
                ),
                ("status_code", models.PositiveSmallIntegerField(null=True)),
                ("error", models.CharField(blank=True, max_length=300)),
                ("reply", models.CharField(blank=True, max_length=1000)),
                ("milliseconds", models.PositiveIntegerField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="Comment",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="comments",
                        to="classifier.source",
                    ),
                ),
                ("external_id", models.CharField(blank=True, max_length=200, null=True)),
                ("text", models.TextField()),
                ("author_ref", models.CharField(blank=True, max_length=200, verbose_name="author")),
                (
                    "submitted_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="comments",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "api_key",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="comments",
                        to="classifier.apikey",
                    ),
                ),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("classified", "Classified"),
                            ("decided", "Decided"),
                            ("failed", "Failed"),
                        ],
                        default="pending",
                        max_length=16,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("claimed_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("claim_token", models.UUIDField(blank=True, editable=False, null=True)),
                ("classified_at", models.DateTimeField(blank=True, null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("is_backlog", models.BooleanField(db_default=False, default=False, editable=False)),
                ("failure_reason", models.CharField(blank=True, max_length=500)),
                ("queued_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("queue_reasons", models.JSONField(default=list, editable=False)),
                ("band", models.CharField(blank=True, editable=False, max_length=8)),
                (
                    "policy",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="classifier.policy",
                    ),
                ),
                ("risk", models.FloatField(blank=True, editable=False, null=True)),
                ("uncertainty", models.FloatField(blank=True, editable=False, null=True)),
                ("report_count", models.PositiveIntegerField(default=0, editable=False)),
                ("is_escalated", models.BooleanField(default=False, editable=False)),
                ("has_open_appeal", models.BooleanField(default=False, editable=False)),
                ("disagrees_with_shadow", models.BooleanField(default=False, editable=False)),
                (
                    "review_by",
                    models.ForeignKey(
                        blank=True,
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("review_until", models.DateTimeField(blank=True, editable=False, null=True)),
                ("review_since", models.DateTimeField(blank=True, editable=False, null=True)),
                ("text_hash", models.BigIntegerField(blank=True, editable=False, null=True)),
                (
                    "sketch",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.IntegerField(), blank=True, editable=False, null=True, size=None
                    ),
                ),
                ("edited_at", models.DateTimeField(blank=True, editable=False, null=True)),
                ("text_purged_at", models.DateTimeField(blank=True, editable=False, null=True)),
            ],
            options={
                "ordering": ["-id"],
                "indexes": [
                    models.Index(fields=["submitted_by", "status", "-id"], name="comment_mine_by_status"),
                    models.Index(fields=["submitted_by", "-id"], name="comment_mine"),
                    models.Index(fields=["status", "-id"], name="comment_by_status"),
                    models.Index(
                        condition=models.Q(("status", "pending")),
                        fields=["is_backlog", "attempts", "id"],
                        name="comment_pending_turns",
                    ),
                    models.Index(
                        models.OrderBy(models.F("risk"), descending=True),
                        models.F("id"),
                        condition=models.Q(("queued_at__isnull", False)),
                        name="comment_queue_risk",
                    ),
                    models.Index(
                        models.F("uncertainty"),
                        models.F("id"),
                        condition=models.Q(("queued_at__isnull", False)),
                        name="comment_queue_uncertainty",
                    ),
                    models.Index(
                        models.F("queued_at"),
                        models.F("id"),
                        condition=models.Q(("queued_at__isnull", False)),
                        name="comment_queue_age",
                    ),
                    models.Index(
                        models.OrderBy(models.F("report_count"), descending=True),
                        models.F("id"),
                        condition=models.Q(("queued_at__isnull", False)),
                        name="comment_queue_reports",
                    ),
                    models.Index(
                        models.F("source"),
                        models.OrderBy(models.F("risk"), descending=True),
                        models.F("id"),
                        condition=models.Q(("queued_at__isnull", False)),
                        name="comment_queue_source",
                    ),
                    models.Index(
                        condition=models.Q(("review_by__isnull", False)),
                        fields=["review_by"],
                        name="comment_review_by",
                    ),
                    models.Index(fields=["source", "-id"], name="comment_by_source"),
                    models.Index(fields=["created_at"], name="comment_created"),
                    models.Index(
                        condition=models.Q(("author_ref", ""), _negated=True),
                        fields=["author_ref"],
                        name="comment_author",
                    ),
                    models.Index(
                        condition=models.Q(("text_hash__isnull", False)),
                        fields=["text_hash"],
                        name="comment_text_hash",
                    ),
                    django.contrib.postgres.indexes.GinIndex(
                        condition=models.Q(("sketch__isnull", False)),
                        fields=["sketch"],
                        name="comment_sketch",
                    ),
                    django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.search.SearchVector("text", config="simple"),
                        name="comment_words",
                    ),
                    django.contrib.postgres.indexes.GinIndex(
                        django.contrib.postgres.indexes.OpClass("text", name="gin_trgm_ops"),
                        name="comment_trigrams",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("source", "external_id"), name="comment_source_external_id"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("status__in", ["pending", "classified", "decided", "failed"])),
                        name="comment_status_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("text", ""), _negated=True),
                            ("text_purged_at__isnull", False),
                            _connector="OR",
                        ),
                        name="comment_text_not_empty",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("external_id__isnull", True),
                            models.Q(("external_id", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="comment_external_id_not_empty",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("status", "failed"), _negated=True),
                            models.Q(("failure_reason", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="comment_failed_has_reason",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("claim_token__isnull", True), ("claimed_at__isnull", True)),
                            models.Q(
                                ("claim_token__isnull", False),
                                ("claimed_at__isnull", False),
                                ("status", "pending"),
                            ),
                            _connector="OR",
                        ),
                        name="comment_claim_whole_and_pending",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="CommentContext",
            fields=[
                (
                    "comment",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="context",
                        serialize=False,
                        to="classifier.comment",
                    ),
                ),
                ("entries", models.JSONField(default=list)),
                ("session_ref", models.CharField(blank=True, max_length=200)),
                (
                    "text_hashes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.BigIntegerField(), default=list, editable=False, size=None
                    ),
                ),
            ],
            options={
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["text_hashes"], name="commentcontext_texts"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="CommentEvent",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("old", models.CharField(max_length=16)),
                ("new", models.CharField(max_length=16)),
                (
                    "actor",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                (
                    "comment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="history",
                        to="classifier.comment",
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "abstract": False,
                "indexes": [models.Index(fields=["-created_at"], name="commentevent_created")],
            },
        ),
        migrations.CreateModel(
            name="GoldenItem",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "comment",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="golden",
                        to="classifier.comment",
                    ),
                ),
                (
                    "expected",
                    models.CharField(choices=[("approve", "Approve"), ("remove", "Remove")], max_length=8),
                ),
                ("note", models.CharField(blank=True, max_length=500)),
                (
                    "created_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("retired_at", models.DateTimeField(blank=True, null=True)),
            ],
            options={
                "verbose_name": "known answer",
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="Prediction",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "comment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="predictions",
                        to="classifier.comment",
                    ),
                ),
                (
                    "model_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="predictions",
                        to="classifier.modelversion",
                    ),
                ),
                ("scores", models.JSONField()),
                (
                    "verdict",
                    models.CharField(choices=[("toxic", "Toxic"), ("non-toxic", "Non-toxic")], max_length=16),
                ),
                ("score", models.FloatField()),
                ("threshold", models.FloatField()),
                ("windows", models.PositiveSmallIntegerField(default=1)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ["-id"],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("score__gte", 0), ("score__lte", 1)),
                        name="prediction_score_0_to_1",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("threshold__gte", 0), ("threshold__lte", 1)),
                        name="prediction_threshold_0_to_1",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("windows__gte", 1)), name="prediction_windows_at_least_1"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("score__gte", models.F("threshold")), ("verdict", "toxic")),
                            models.Q(("score__lt", models.F("threshold")), ("verdict", "non-toxic")),
                            _connector="OR",
                        ),
                        name="prediction_verdict_follows_threshold",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Decision",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "comment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="decisions",
                        to="classifier.comment",
                    ),
                ),
                (
                    "action",
                    models.CharField(
                        choices=[
                            ("approve", "Approved"),
                            ("remove", "Removed"),
                            ("escalate", "Escalated"),
                            ("skip", "Skipped"),
                            ("undo", "Undone"),
                        ],
                        max_length=16,
                    ),
                ),
                (
                    "reason",
                    models.CharField(blank=True, max_length=64, verbose_name="code of a policy's reason"),
                ),
                ("labels", models.JSONField(default=dict)),
                ("marks", models.JSONField(default=list)),
                ("note", models.CharField(blank=True, max_length=2000)),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="decisions",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "prediction",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="decisions",
                        to="classifier.prediction",
                    ),
                ),
                (
                    "policy",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="decisions",
                        to="classifier.policy",
                    ),
                ),
                ("automatic", models.BooleanField(default=False)),
                (
                    "bulk",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="decisions",
                        to="classifier.bulkaction",
                    ),
                ),
                ("seconds", models.FloatField(null=True)),
                (
                    "undoes",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="undone_by",
                        to="classifier.decision",
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ["-id"],
                "indexes": [
                    models.Index(fields=["-created_at"], name="decision_created"),
                    models.Index(fields=["by", "-created_at"], name="decision_by_created"),
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("action__in", ["approve", "remove", "escalate", "skip", "undo"])),
                        name="decision_action_known",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("action", "undo"), ("undoes__isnull", False)),
                            models.Q(models.Q(("action", "undo"), _negated=True), ("undoes__isnull", True)),
                            _connector="OR",
                        ),
                        name="decision_undo_names_what_it_undoes",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Appeal",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "comment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="appeals",
                        to="classifier.comment",
                    ),
                ),
                (
                    "decision",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="appeal",
                        to="classifier.decision",
                    ),
                ),
                ("message", models.TextField(blank=True)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("open", "Open"),
                            ("upheld", "Upheld: the decision stands"),
                            ("overturned", "Overturned"),
                        ],
                        default="open",
                        max_length=16,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("resolved_at", models.DateTimeField(blank=True, null=True)),
                (
                    "resolved_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("answer", models.CharField(blank=True, max_length=2000)),
            ],
            options={
                "ordering": ["-id"],
            },
        ),
        migrations.CreateModel(
            name="Report",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "comment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reports",
                        to="classifier.comment",
                    ),
                ),
                ("reporter_ref", models.CharField(blank=True, max_length=200)),
                ("reason", models.CharField(blank=True, max_length=500)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ["-id"],
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("reporter_ref", ""), _negated=True),
                        fields=("comment", "reporter_ref"),
                        name="report_once_a_reporter",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="SecondReview",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "comment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="second_reviews",
                        to="classifier.comment",
                    ),
                ),
                (
                    "first",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="second_reviews",
                        to="classifier.decision",
                    ),
                ),
                (
                    "action",
                    models.CharField(choices=[("approve", "Approve"), ("remove", "Remove")], max_length=8),
                ),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="second_reviews",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "verbose_name": "blind review",
                "ordering": ["-id"],
                "constraints": [
                    models.UniqueConstraint(fields=("comment", "by"), name="secondreview_once_a_moderator")
                ],
            },
        ),
        migrations.CreateModel(
            name="ShadowJudgement",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "shadow_policy",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="judgements",
                        to="classifier.shadowpolicy",
                    ),
                ),
                (
                    "prediction",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="classifier.prediction",
                    ),
                ),
                (
                    "before",
                    models.CharField(
                        choices=[("approve", "Approve"), ("review", "Review"), ("remove", "Remove")],
                        max_length=8,
                    ),
                ),
                (
                    "after",
                    models.CharField(
                        choices=[("approve", "Approve"), ("review", "Review"), ("remove", "Remove")],
                        max_length=8,
                    ),
                ),
                ("automatic", models.BooleanField()),
                ("changed", models.BooleanField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ["-id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("changed", True)),
                        fields=["shadow_policy", "before", "after", "-id"],
                        name="shadowjudgement_changes",
                    ),
                    models.Index(
                        fields=["shadow_policy", "-created_at"],
                        include=("before", "after", "automatic"),
                        name="shadowjudgement_by_time",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("prediction", "shadow_policy"), name="shadowjudgement_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ShadowPrediction",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "prediction",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="shadows",
                        to="classifier.prediction",
                    ),
                ),
                (
                    "model_version",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="shadow_predictions",
                        to="classifier.modelversion",
                    ),
                ),
                ("scores", models.JSONField()),
                (
                    "verdict",
                    models.CharField(choices=[("toxic", "Toxic"), ("non-toxic", "Non-toxic")], max_length=16),
                ),
                ("score", models.FloatField()),
                ("threshold", models.FloatField()),
                ("disagrees", models.BooleanField()),
                ("created_at", models.DateTimeField(auto_now_add=True)),
            ],
            options={
                "ordering": ["-id"],
                "indexes": [
                    models.Index(
                        condition=models.Q(("disagrees", True)),
                        fields=["model_version", "-id"],
                        name="shadowprediction_disagreements",
                    ),
                    models.Index(
                        fields=["model_version", "-created_at"],
                        include=("disagrees", "verdict"),
                        name="shadowprediction_by_time",
                    ),
                ],
                "constraints": [
                    models.UniqueConstraint(
                        fields=("prediction", "model_version"), name="shadowprediction_once_a_version"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("score__gte", 0), ("score__lte", 1)),
                        name="shadowprediction_score_0_to_1",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Suggestion",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("text", models.TextField()),
                ("labels", models.JSONField()),
                (
                    "source",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="suggestions",
                        to="classifier.source",
                    ),
                ),
                (
                    "comment",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="suggestions",
                        to="classifier.comment",
                    ),
                ),
                (
                    "api_key",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="suggestions",
                        to="classifier.apikey",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                ("author_ref", models.CharField(blank=True, max_length=200)),
                ("languages", models.JSONField(default=list)),
                ("context", models.JSONField(default=dict)),
                ("created_at", models.DateTimeField(auto_now_add=True)),
                ("text_purged_at", models.DateTimeField(editable=False, null=True)),
                ("rejected_at", models.DateTimeField(editable=False, null=True)),
                (
                    "rejected_by",
                    models.ForeignKey(
                        editable=False,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "ordering": ["-id"],
                "indexes": [models.Index(fields=["created_at"], name="suggestion_created")],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("text", ""), _negated=True),
                            ("text_purged_at__isnull", False),
                            _connector="OR",
                        ),
                        name="suggestion_text_not_empty",
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="ReferenceCall",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "api_key",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reference_calls",
                        to="classifier.apikey",
                    ),
                ),
                (
                    "service",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="calls",
                        to="classifier.referenceservice",
                    ),
                ),
                (
                    "transfer",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="reference_calls",
                        to="classifier.transfer",
                    ),
                ),
                (
                    "source",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="classifier.source",
                    ),
                ),
                (
                    "comment",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reference_calls",
                        to="classifier.comment",
                    ),
                ),
                (
                    "wire",
                    models.CharField(
                        choices=[("perspective", "Perspective"), ("openai", "OpenAI Moderation")],
                        max_length=16,
                    ),
                ),
                (
                    "mode",
                    models.CharField(
                        choices=[("off", "Off"), ("observe", "Observe"), ("follow", "Follow")], max_length=8
                    ),
                ),
                (
                    "answered_by",
                    models.CharField(
                        choices=[("own", "This site"), ("reference", "The reference service")],
                        default="own",
                        max_length=16,
                    ),
                ),
                (
                    "model_version",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="classifier.modelversion",
                    ),
                ),
                ("ours", models.JSONField(default=dict)),
                ("theirs", models.JSONField(default=dict)),
                (
                    "failure",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "Answered"),
                            ("timeout", "Too slow"),
                            ("connection", "Not reached"),
                            ("refused", "Refused the call"),
                            ("quota", "Over its quota"),
                            ("server", "Failed itself"),
                            ("answer", "Gave an answer that cannot be read"),
                            ("rate", "Over the calls a second set here"),
                            ("paused", "Paused after failures in a row"),
                            ("off", "Switched off or ended"),
                            ("key", "Its key cannot be read"),
                        ],
                        default="",
                        max_length=16,
                    ),
                ),
                ("failure_detail", models.CharField(blank=True, max_length=300)),
                ("milliseconds", models.PositiveIntegerField(null=True)),
                ("text", models.TextField(blank=True)),
                ("text_purged_at", models.DateTimeField(editable=False, null=True)),
                ("created_at", models.DateTimeField(db_index=True)),
            ],
            options={
                "ordering": ["-id"],
                "indexes": [
                    models.Index(fields=["service", "-created_at"], name="referencecall_service"),
                    models.Index(fields=["api_key", "-created_at"], name="referencecall_key"),
                    models.Index(
                        condition=models.Q(("text", ""), _negated=True),
                        fields=["source", "created_at"],
                        name="referencecall_with_text",
                    ),
                ],
            },
        ),
        migrations.AddField(
            model_name="comment",
            name="current_prediction",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="classifier.prediction",
            ),
        ),
        migrations.AddField(
            model_name="comment",
            name="current_decision",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="classifier.decision",
            ),
        ),
        migrations.AddConstraint(
            model_name="comment",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("status__in", ["classified", "decided"]), _negated=True),
                    models.Q(("classified_at__isnull", False), ("current_prediction__isnull", False)),
                    _connector="OR",
                ),
                name="comment_classified_has_prediction",
            ),
        ),
        migrations.RunSQL(REFUSE_CHANGE, "DROP FUNCTION classifier_refuse_change();"),
        *[append_only(table) for table in APPEND_ONLY],
    ]
