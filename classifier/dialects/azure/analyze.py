"""`POST /contentsafety/text:analyze`: severities of four categories, and hits of the blocklists that the call names.

The lists of a call are those of the key's source and those for all sources; a name that is no list is an error. Rules
hit as they do everywhere here, so a disguised word of a list is a hit too. With `haltOnBlocklistHit` a hit ends the
call: no category is analyzed and no worker is asked.

The policy and the rules of the key's source say in extra fields and in a header what they would do. A key may ask for
severities to be lifted: `Hate` is then at least 4 where a person would look, and at least 6 where they would remove.
"""

from collections.abc import Sequence
from typing import Any

from django.http import HttpRequest, HttpResponse

from classifier.dialects.azure.errors import invalid, not_found
from classifier.dialects.azure.lists import items_in, lists_named
from classifier.dialects.azure.severity import CATEGORIES, CONCERN, HATE, LIFTED, severities, uncovered
from classifier.dialects.azure.view import AzureView, choice_field, flag_field, strings_field, text_field
from classifier.dialects.perspective.view import missing_header
from classifier.dialects.replies import reply
from classifier.dialects.scoring import Moderated, moderated, plain_reader, policy_header, scored, version_of
from classifier.models import ApiScope, ModelVersion, Rule, RuleList, TextFormat
from classifier.policies.active_policies import policy_for, rules_for
from classifier.scoring.score_texts import ScoredText

TEXT_CHARACTERS = 10_000  # code points
LISTS_MAX = 100
FOUR, EIGHT = "FourSeverityLevels", "EightSeverityLevels"
CONCERN_THRESHOLD = 0.5  # where the manifest of a version names none


class Analyze(AzureView):
    scope = ApiScope.SCORE
    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        body = self.body()
        text = text_field(body, "text", most=TEXT_CHARACTERS, required=True)
        assert text is not None
        categories = read_categories(body)
        self.asked_attributes = [category.upper() for category in categories]
        names = strings_field(body, "blocklistNames")
        halts = flag_field(body, "haltOnBlocklistHit")
        levels = choice_field(body, "outputType", (FOUR, EIGHT))
        if len(names) > LISTS_MAX:
            message = f"The field blocklistNames has {len(names)} names; at most {LISTS_MAX} are allowed."
            raise invalid(message, "blocklistNames")
        source_id = self.only_source_id()
        lists = lists_named(names, source_id)
        unknown = [name for name in names if name not in {found.name for found in lists}]
        if unknown:
            raise not_found(
                f"The field blocklistNames names {unknown[0][:64]!a}, which is no blocklist here."
            )
        self.take_texts(1)
        matches = matches_of(text, lists, source_id)
        if matches and halts:
            return reply({"blocklistsMatch": matches, "categoriesAnalysis": []})
        [verdict] = scored([text], names=["text"], read=plain_reader(source_id), unless=self.unless)
        version = version_of(verdict)
        [judged] = moderated([(text, verdict.scores, version)], source_id=source_id, lifts=False)
        analysis, covered = analysis_of(verdict, version, judged, lifts=self.lifts)
        self.extra_headers |= policy_header([judged], {})
        missing = [category for category in categories if category not in covered]
        self.extra_headers |= missing_header(missing, 0.0)
        step = 2 if levels == FOUR else 1
        return reply(
            {
                "blocklistsMatch": matches,
                "categoriesAnalysis": [
                    {"category": category, "severity": analysis[category] // step * step}
                    for category in categories
                ],
                "modelVersion": verdict.model_version,
                "moderation": judged.body(),
            }
        )


def read_categories(body: dict[str, Any]) -> list[str]:
    """Return the categories asked for, in Azure's order; all of them where none is named. Raises DialectError."""
    asked = strings_field(body, "categories")
    for name in asked:
        if name not in CATEGORIES:
            message = f"The field categories names {name[:40]!a}; known are {', '.join(CATEGORIES)}."
            raise invalid(message, "categories")
    return [category for category in CATEGORIES if not asked or category in asked]


def analysis_of(
    verdict: ScoredText, version: ModelVersion, judged: Moderated, *, lifts: bool
) -> tuple[dict[str, int], set[str]]:
    """Return {category: severity from 0 to 7}, lifted where the key says so, and the categories that scores cover."""
    scores, thresholds = dict(verdict.scores), dict(version.thresholds)
    if verdict.concern_score is not None:
        scores[CONCERN] = verdict.concern_score
        thresholds[CONCERN] = float(
            (version.manifest.get("concern") or {}).get("threshold", CONCERN_THRESHOLD)
        )
    analysis = severities(scores, thresholds)
    if lifts:
        analysis[HATE] = max(analysis[HATE], LIFTED.get(judged.action, 0))
    return analysis, set(CATEGORIES) - set(uncovered(scores))


def matches_of(text: str, lists: Sequence[RuleList], source_id: int | None) -> list[dict[str, str]]:
    """Return Azure's rows for the items of `lists` that hit the text, in the order of the lists and their items."""
    if not lists:
        return []
    rules = rules_for(source_id)
    hits = policy_for(source_id).hits(rules, text, TextFormat.TEXT) if len(rules) else []
    by_list: dict[int, list[Rule]] = {}
    for item in items_in(lists).filter(pk__in=[hit.rule.key for hit in hits]):
        by_list.setdefault(item.rule_list_id or 0, []).append(item)
    return [
        {
            "blocklistName": named.name,
            "blocklistItemId": str(item.item_id),
            "blocklistItemText": item.pattern,
        }
        for named in lists
        for item in by_list.get(named.pk, ())
    ]
