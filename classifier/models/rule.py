"""Rules beside the model, the lists that they came in, and what rules in shadow mode would have hit."""

import uuid

from django.conf import settings
from django.db import models

from classifier.models.policy import Band

RULE_DESCRIPTION_CHARACTERS = 1_024


class RuleState(models.TextChoices):
    OFF = "off", "Off"
    SHADOW = "shadow", "Shadow mode: counts hits, changes nothing"
    ON = "on", "On"

    @property
    def colour(self) -> str:
        return {"off": "off", "shadow": "blue", "on": "on"}[self.value]


class RuleList(models.Model):
    """Rules that belong together, such as those of one imported file or of a blocklist of Azure's clients.

    All are for the list's source (none: for all sources), within which the list's name is unique.
    """

    name = models.CharField(max_length=100)
    description = models.CharField(max_length=RULE_DESCRIPTION_CHARACTERS, blank=True)
    source = models.ForeignKey(
        "classifier.Source", on_delete=models.PROTECT, null=True, blank=True, related_name="rule_lists"
    )
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["source", "name"], nulls_distinct=False, name="rulelist_source_name"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Rule(models.Model):
    """A phrase or regular expression beside the model; `folds` also catches leetspeak, homoglyphs and spacing.

    A rule of the band "exception" says where no other rule hits. `leave_out` lists what is not looked at, some of
    classifier.inference.rules.LEFT_OUT; `exceptions` are phrases inside which the rule does not hit. `conditions` must
    hold too (classifier.inference.conditions). A rule that `is_shadow` and enabled counts what it would have hit, and
    changes nothing. `item_id` is its id as an item of a blocklist, as Azure's clients know it.
    """

    class Kind(models.TextChoices):
        PHRASE = "phrase", "Phrase"
        REGEX = "regex", "Regular expression"
        ANY = "any", "Any text, where the conditions hold"

    class RuleBand(models.TextChoices):
        REVIEW = "review", "Review"
        REMOVE = "remove", "Remove"
        APPROVE = "approve", "Pass: approve what would be reviewed"
        EXCEPTION = "exception", "Exception: no rule hits there"

    item_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=100)
    description = models.CharField(
        max_length=RULE_DESCRIPTION_CHARACTERS, blank=True, default="", db_default=""
    )
    kind = models.CharField(max_length=8, choices=Kind.choices)
    pattern = models.CharField(max_length=1000, blank=True)
    folds = models.BooleanField("also catch disguised spellings", default=True)
    ignore_accents = models.BooleanField(default=False, db_default=False)
    leave_out = models.JSONField("what is not looked at", default=list, blank=True, db_default=[])
    exceptions = models.JSONField(default=list, blank=True, db_default=[])
    conditions = models.JSONField(default=dict, blank=True, db_default={})
    band = models.CharField(max_length=10, choices=RuleBand.choices, default=RuleBand.REVIEW)
    source = models.ForeignKey(
        "classifier.Source", on_delete=models.PROTECT, null=True, blank=True, related_name="rules"
    )
    rule_list = models.ForeignKey(
        RuleList, on_delete=models.PROTECT, null=True, blank=True, related_name="rules"
    )
    tags = models.JSONField(default=list, blank=True, db_default=[])
    enabled = models.BooleanField(default=True)
    is_shadow = models.BooleanField("in shadow mode", default=False, db_default=False)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["name"]
        permissions = [("test_rule", "Can try rules out")]

    def __str__(self) -> str:
        return self.name

    @property
    def state(self) -> RuleState:
        if not self.enabled:
            return RuleState.OFF
        return RuleState.SHADOW if self.is_shadow else RuleState.ON


class RuleShadowHit(models.Model):
    """A comment that a rule in shadow mode hits, with its band (`before`) and the one that the rule would have made."""

    rule = models.ForeignKey(Rule, on_delete=models.CASCADE, related_name="shadow_hits", db_index=False)
    comment = models.ForeignKey("classifier.Comment", on_delete=models.PROTECT, related_name="+")
    before = models.CharField(max_length=8, choices=Band.choices)
    after = models.CharField(max_length=8, choices=Band.choices)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(fields=["rule", "comment"], name="ruleshadowhit_once"),
        ]
        indexes = [
            models.Index(fields=["rule", "-created_at"], name="ruleshadowhit_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.rule_id} hits {self.comment_id}"
