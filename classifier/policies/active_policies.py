"""The policies and rules in force, and the drafts beside them, cached in the process for POLICY_CACHE_SECONDS.

After that one statement compares a stamp of the tables, and everything is read again only where the stamp has changed.
So a worker follows a new policy or rule within seconds, and a batch of comments asks the database nothing.
"""

import logging
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.db import connection

from classifier.inference import rules as engine
from classifier.inference.bands import DEFAULT_BANDS, Judge
from classifier.inference.phrases import PatternError
from classifier.inference.rules import RuleSet
from classifier.models import FailMode, ModelVersion, Policy, Rule
from classifier.policies.draft_report import shadow_policies_running

# Policies are only ever added; of rules, any change of any row changes the sum of their times; a draft ends for ever.
STAMP = """
SELECT (SELECT count(*) FROM classifier_policy), (SELECT max(id) FROM classifier_policy),
       (SELECT count(*) FROM classifier_rule), (SELECT sum(extract(epoch FROM updated_at)) FROM classifier_rule),
       (SELECT array_agg(id ORDER BY id) FROM classifier_shadowpolicy WHERE status = 'running')
"""
JUDGES_KEPT = 8

logger = logging.getLogger(__name__)


class HasBands:
    """Base of policies and drafts: bands, and a judge for each model version that has asked."""

    bands: Mapping[str, Mapping[str, Any]]
    _judges: dict[int, Judge]

    def judge_for(self, model_version: ModelVersion) -> Judge:
        """Prepare the bands for the labels and thresholds of `model_version`, once a version."""
        judge = self._judges.get(model_version.pk)
        if judge is None:
            if len(self._judges) >= JUDGES_KEPT:
                self._judges.clear()
            judge = Judge(self.bands, model_version.thresholds, model_version.primary_label)
            self._judges[model_version.pk] = judge
        return judge


@dataclass(frozen=True)
class CurrentPolicy(HasBands):
    """The policy in force for a source: its own newest version, else the site's; see classifier.models.Policy.

    `pk` is None only where the site's own policy has not been made yet (before the first migration has ended).
    """

    pk: int | None
    source_id: int | None
    version: int
    bands: Mapping[str, Mapping[str, Any]]
    automatic: frozenset[str] = frozenset()
    fail_mode: str = FailMode.CLOSED.value
    nudge_threshold: float | None = None
    reasons: tuple[Mapping[str, str], ...] = ()
    reason_required: bool = False
    appeal_days: int = 14
    _judges: dict[int, Judge] = field(default_factory=dict, repr=False, compare=False)

    def is_automatic(self, band: str) -> bool:
        """Whether comments of this band are decided without a person."""
        return band in self.automatic

    def nudges(self, score: float) -> bool:
        """Whether an author should be asked to think again before a text of this score is posted."""
        return self.nudge_threshold is not None and score >= self.nudge_threshold


@dataclass(frozen=True)
class CurrentShadow(HasBands):
    """A draft that judges silently beside the policy in force; see classifier.models.ShadowPolicy."""

    pk: int
    bands: Mapping[str, Mapping[str, Any]]
    _judges: dict[int, Judge] = field(default_factory=dict, repr=False, compare=False)


@dataclass
class Snapshot:
    """All policies, rules and drafts by source (None: the site's), and when to look again."""

    stamp: Any = None
    policies: dict[int | None, CurrentPolicy] = field(default_factory=dict)
    rules: dict[int | None, RuleSet] = field(default_factory=dict)
    shadows: dict[int | None, CurrentShadow] = field(default_factory=dict)
    look_at: float = 0.0


UNMADE = CurrentPolicy(None, None, 0, DEFAULT_BANDS)
NO_RULES = RuleSet(())
_lock = threading.Lock()
_snapshot = Snapshot()


def policy_for(source_id: int | None) -> CurrentPolicy:
    """The policy in force for a source (None: the site's own); as of at most POLICY_CACHE_SECONDS ago."""
    policies = _current().policies
    found = policies.get(source_id) or policies.get(None)
    return found if found is not None else UNMADE


def rules_for(source_id: int | None) -> RuleSet:
    """The enabled rules of a source with those of all sources, ready to run; as fresh as policy_for."""
    rules = _current().rules
    found = rules.get(source_id)
    return found if found is not None else rules.get(None, NO_RULES)


def shadows_for(source_id: int | None) -> list[CurrentShadow]:
    """The drafts that judge a source's comments silently: its own, and the site's where the site's policy counts.

    As fresh as policy_for; asking is free where there are none.
    """
    snapshot = _current()
    if not snapshot.shadows:
        return []
    sites = None if source_id in snapshot.policies else snapshot.shadows.get(None)
    own = snapshot.shadows.get(source_id) if source_id is not None else None
    return [shadow for shadow in (own, sites) if shadow is not None]


def forget() -> None:
    """Read everything again when it is next asked for; called after every change of a policy, rule or draft."""
    global _snapshot
    _snapshot = Snapshot()


def current_from(policy: Policy) -> CurrentPolicy:
    """A stored version as what would be in force."""
    return CurrentPolicy(
        pk=policy.pk,
        source_id=policy.source_id,
        version=policy.version,
        bands=policy.bands,
        automatic=frozenset(policy.automatic),
        fail_mode=policy.fail_mode,
        nudge_threshold=policy.nudge_threshold,
        reasons=tuple(policy.reasons),
        reason_required=policy.reason_required,
        appeal_days=policy.appeal_days,
    )


def _current() -> Snapshot:
    global _snapshot
    snapshot = _snapshot
    if time.monotonic() < snapshot.look_at:
        return snapshot
    with _lock:
        snapshot = _snapshot
        if time.monotonic() < snapshot.look_at:
            return snapshot
        with connection.cursor() as cursor:
            cursor.execute(STAMP)
            stamp = cursor.fetchone()
        if stamp != snapshot.stamp:
            newest = Policy.objects.order_by("source_id", "-version").distinct("source_id")
            policies = {policy.source_id: current_from(policy) for policy in newest}
            snapshot = Snapshot(
                stamp,
                policies,
                _rule_sets(Rule.objects.filter(enabled=True).order_by("id")),
                _running() if stamp[-1] else {},
            )
        snapshot.look_at = time.monotonic() + settings.POLICY_CACHE_SECONDS
        _snapshot = snapshot
        return snapshot


def _running() -> dict[int | None, CurrentShadow]:
    return {row.source_id: CurrentShadow(row.pk, row.bands) for row in shadow_policies_running()}


def _rule_sets(rules: Iterable[Rule]) -> dict[int | None, RuleSet]:
    """The rules of all sources under None, and with them those of each source that has its own."""
    of_source: dict[int | None, list[engine.Rule]] = {None: []}
    for rule in rules:
        try:
            engine.check_pattern(rule.kind, rule.pattern, folds=rule.folds)
        except PatternError as error:  # written around the service: one bad rule must not stop every worker
            logger.error("Rule %d is left out: %s", rule.pk, error)
            continue
        row = engine.Rule(rule.pk, rule.name, rule.kind, rule.pattern, rule.folds, rule.band)
        of_source.setdefault(rule.source_id, []).append(row)
    everywhere = of_source[None]
    return {
        source: RuleSet(everywhere if source is None else [*everywhere, *own])
        for source, own in of_source.items()
    }
