"""The policies and rules in force, and the drafts beside them, cached in the process for POLICY_CACHE_SECONDS.

After that, one statement compares a stamp of the tables; everything is read again only if the stamp has changed. So a
worker follows a new policy or rule within seconds, and most batches of comments need no query.
"""

import logging
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection

from classifier.inference import bands as judging
from classifier.inference import rules as engine
from classifier.inference.bands import DEFAULT_BANDS, Judge, fallbacks
from classifier.inference.conditions import NO_FACTS, Facts
from classifier.inference.language import base_language
from classifier.inference.marked_text import LEAVE_OUTS, MarkedText
from classifier.inference.markup import read_text
from classifier.inference.normalise import NormalisedText
from classifier.inference.phrases import PatternError
from classifier.inference.rules import RuleHit, RuleSet
from classifier.models import ConcernMode, FailMode, ModelVersion, Policy, Rule, TextFormat, UnknownLanguage
from classifier.policies.draft_report import shadow_policies_running

if TYPE_CHECKING:
    from classifier.policies.judging import HasScores

# Policies are only added; a change of any rule changes the sum of their times; a draft that has ended never runs again.
STAMP = """
SELECT (SELECT count(*) FROM classifier_policy), (SELECT max(id) FROM classifier_policy),
       (SELECT count(*) FROM classifier_rule), (SELECT sum(extract(epoch FROM updated_at)) FROM classifier_rule),
       (SELECT array_agg(id ORDER BY id) FROM classifier_shadowpolicy WHERE status = 'running')
"""
JUDGES_KEPT = 8
LANGUAGE_JUDGES_KEPT = 128

logger = logging.getLogger(__name__)


def judge_of(bands: Mapping[str, Mapping[str, Any]], version: ModelVersion) -> Judge:
    """Return the judge that applies `bands` to the scores of `version`."""
    return Judge(bands, version.thresholds, version.primary_label, version.operating_points)


def fallbacks_of(bands: Mapping[str, Mapping[str, Any]], version: ModelVersion | None) -> list[str]:
    """List the thresholds, as label.band, for which `version` has no careful or strict one and its own applies."""
    if version is None:
        return []
    return fallbacks(bands, version.thresholds, version.primary_label, version.operating_points)


class HasBands:
    """Base of policies and drafts: their bands, and a cached judge for each model version."""

    bands: Mapping[str, Mapping[str, Any]]
    _judges: dict[int, Judge]

    def judge_for(self, model_version: ModelVersion) -> Judge:
        """Return the judge that applies the bands to the scores of `model_version`, built once for each version."""
        judge = self._judges.get(model_version.pk)
        if judge is None:
            if len(self._judges) >= JUDGES_KEPT:
                self._judges.clear()
            judge = judge_of(self.bands, model_version)
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
    unknown_language: str = UnknownLanguage.REVIEW.value
    concern: str = ConcernMode.REVIEW.value
    concern_text: str = ""
    nudge_threshold: float | None = None
    reasons: tuple[Mapping[str, str], ...] = ()
    reason_required: bool = False
    appeal_days: int = 14
    text_format: str = TextFormat.TEXT.value
    leave_out: tuple[str, ...] = ()
    language_bands: Mapping[str, Mapping[str, Mapping[str, Any]]] = field(default_factory=dict)
    _judges: dict[int, Judge] = field(default_factory=dict, repr=False, compare=False)
    _of_languages: dict[tuple[int, str], Judge] = field(default_factory=dict, repr=False, compare=False)

    def has_own_bands(self, language: str) -> bool:
        """Return whether texts in this language have thresholds of their own."""
        return bool(self.language_bands) and base_language(language) in self.language_bands

    def judge_in(self, model_version: ModelVersion, language: str) -> Judge:
        """Return the judge of texts in a language: by the thresholds of the language, or else by those of all."""
        if not self.has_own_bands(language):
            return self.judge_for(model_version)
        key = (model_version.pk, base_language(language))
        judge = self._of_languages.get(key)
        if judge is None:
            if len(self._of_languages) >= LANGUAGE_JUDGES_KEPT:
                self._of_languages.clear()
            judge = self._of_languages[key] = judge_of(self.language_bands[key[1]], model_version)
        return judge

    def is_automatic(self, band: str) -> bool:
        """Return whether comments of this band are decided without a person."""
        return band in self.automatic

    def unread(self, scored: "HasScores") -> str:
        """Return the language of a text whose scores do not count, because the model does not know it; else ""."""
        ignored = self.unknown_language == UnknownLanguage.REVIEW and not scored.language_supported
        return scored.language if ignored else ""

    def read(self, text: str, text_format: str = "") -> MarkedText:
        """Return the text as a reader sees it, by its own format or else the policy's."""
        return read_text(text, text_format or self.text_format, leave_out=self.leave_out)

    def for_scoring(self, text: str, text_format: str = "") -> NormalisedText:
        """Return what the model reads of a text: what a reader sees, without what the policy leaves out."""
        return self.read(text, text_format).for_scoring(self.leave_out)

    def hits(
        self,
        rules: RuleSet,
        text: str,
        text_format: str = "",
        facts: Facts = NO_FACTS,
        *,
        leave_nothing_out: bool = False,
    ) -> list[RuleHit]:
        """Return the rules that hit a text: what the model reads of it, and where its links lead.

        With `leave_nothing_out` they look at all of it, whatever the policy and the rules leave out: in a name or an
        address by itself.
        """
        if not len(rules):
            return []
        if leave_nothing_out:
            whole = read_text(text, text_format or self.text_format).for_rules()
            return rules.hits(whole, facts=facts, leave_nothing_out=True)
        kinds = {*self.leave_out, *(kind for kind in rules.leaves_out if kind in LEAVE_OUTS)}
        marked = read_text(text, text_format or self.text_format, leave_out=kinds)
        return rules.hits(marked.for_rules(self.leave_out), marked.parts_for_rules(), facts)

    def concern_of(self, scored: "HasScores") -> judging.ConcernMode:
        """Return what to do about a text whose author tells of their own hurt; "" for any other text."""
        if not scored.is_concern:
            return ""
        return "review" if self.concern == ConcernMode.REVIEW else "nothing"

    def author_text(self, *, concern: bool) -> str:
        """Return what the site says to an author who tells of their own hurt; empty for any other text."""
        return self.concern_text if concern else ""

    def nudges(self, score: float) -> bool:
        """Return whether the author should be asked to reconsider before posting a text with this score."""
        return self.nudge_threshold is not None and score >= self.nudge_threshold


@dataclass(frozen=True)
class CurrentShadow(HasBands):
    """A draft that judges silently beside the policy in force; see classifier.models.ShadowPolicy."""

    pk: int
    bands: Mapping[str, Mapping[str, Any]]
    _judges: dict[int, Judge] = field(default_factory=dict, repr=False, compare=False)


@dataclass
class Snapshot:
    """All policies, rules and drafts by source (None: the site's), and when to check the database again."""

    stamp: Any = None
    policies: dict[int | None, CurrentPolicy] = field(default_factory=dict)
    rules: dict[int | None, RuleSet] = field(default_factory=dict)
    shadow_rules: dict[int | None, RuleSet] = field(default_factory=dict)
    shadows: dict[int | None, CurrentShadow] = field(default_factory=dict)
    look_at: float = 0.0


UNMADE = CurrentPolicy(None, None, 0, DEFAULT_BANDS)
NO_RULES = RuleSet(())
_lock = threading.Lock()
_snapshot = Snapshot()


def policy_for(source_id: int | None) -> CurrentPolicy:
    """Return the policy in force for a source (None: the site's own); at most POLICY_CACHE_SECONDS old."""
    policies = _current().policies
    policy = policies.get(source_id) or policies.get(None)
    return policy if policy is not None else UNMADE


def rules_for(source_id: int | None) -> RuleSet:
    """Return the enabled rules of a source and those for all sources, ready to run; as fresh as policy_for."""
    return _of_source(_current().rules, source_id)


def shadow_rules_for(source_id: int | None) -> RuleSet:
    """Return the rules in shadow mode for a source, with the exceptions in force; as fresh as policy_for."""
    return _of_source(_current().shadow_rules, source_id)


def _of_source(rules: Mapping[int | None, RuleSet], source_id: int | None) -> RuleSet:
    rule_set = rules.get(source_id)
    return rule_set if rule_set is not None else rules.get(None, NO_RULES)


def shadows_for(source_id: int | None) -> list[CurrentShadow]:
    """List the drafts in shadow mode for a source: its own, and the site's if the source follows the site's policy.

    As fresh as policy_for; without any draft the call costs nothing.
    """
    snapshot = _current()
    if not snapshot.shadows:
        return []
    sites = None if source_id in snapshot.policies else snapshot.shadows.get(None)
    own = snapshot.shadows.get(source_id) if source_id is not None else None
    return [shadow for shadow in (own, sites) if shadow is not None]


def forget() -> None:
    """Drop the cache, so that the next call reads everything; called after every change of a policy, rule or draft."""
    global _snapshot
    _snapshot = Snapshot()


def current_from(policy: Policy) -> CurrentPolicy:
    """Convert a stored version into the form in which a policy is applied."""
    return CurrentPolicy(
        pk=policy.pk,
        source_id=policy.source_id,
        version=policy.version,
        bands=policy.bands,
        automatic=frozenset(policy.automatic),
        fail_mode=policy.fail_mode,
        unknown_language=policy.unknown_language,
        concern=policy.concern,
        concern_text=policy.concern_text,
        nudge_threshold=policy.nudge_threshold,
        reasons=tuple(policy.reasons),
        reason_required=policy.reason_required,
        appeal_days=policy.appeal_days,
        text_format=policy.text_format,
        leave_out=tuple(policy.leave_out),
        language_bands=policy.language_bands,
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
            rules, shadow_rules = _rule_sets(Rule.objects.filter(enabled=True).order_by("id"))
            snapshot = Snapshot(stamp, policies, rules, shadow_rules, _running() if stamp[-1] else {})
        snapshot.look_at = time.monotonic() + settings.POLICY_CACHE_SECONDS
        _snapshot = snapshot
        return snapshot


def _running() -> dict[int | None, CurrentShadow]:
    return {row.source_id: CurrentShadow(row.pk, row.bands) for row in shadow_policies_running()}


def engine_rule(rule: Rule) -> engine.Rule:
    """Return a stored rule as the engine takes it."""
    return engine.Rule(
        rule.pk,
        rule.name,
        rule.kind,
        rule.pattern,
        rule.folds,
        rule.band,
        ignore_accents=rule.ignore_accents,
        leave_out=tuple(rule.leave_out),
        exceptions=tuple(rule.exceptions),
        conditions=rule.conditions,
    )


RuleSets = dict[int | None, RuleSet]


def _rule_sets(rules: Iterable[Rule]) -> tuple[RuleSets, RuleSets]:
    """Build the sets of the rules in force and of those in shadow mode.

    Under None are the rules for all sources; under a source with rules of its own, those and its own.
    """
    on: dict[int | None, list[engine.Rule]] = {None: []}
    shadow: dict[int | None, list[engine.Rule]] = {None: []}
    for rule in rules:
        row = engine_rule(rule)
        try:
            engine.check_rule(row)
        except PatternError as error:
            # Saved without the service's checks; one bad rule must not stop every worker.
            logger.error("Rule %d is left out: %s", rule.pk, error)
            continue
        (shadow if rule.is_shadow else on).setdefault(rule.source_id, []).append(row)
    if any(shadow.values()):
        for source, rows in on.items():  # what is no hit in force is none in shadow mode
            exceptions = [row for row in rows if row.band == engine.EXCEPTION]
            if exceptions:
                shadow.setdefault(source, []).extend(exceptions)
    return _by_source(on), _by_source(shadow)


def _by_source(rules: dict[int | None, list[engine.Rule]]) -> RuleSets:
    everywhere = rules[None]
    return {
        source: RuleSet(everywhere if source is None else [*everywhere, *own])
        for source, own in rules.items()
    }
