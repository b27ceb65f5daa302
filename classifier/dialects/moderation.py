"""What the policy and the rules of a key's source say of texts that a dialect scored, and how its reply tells it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from classifier.inference.bands import APPROVE, RANK, Judgement
from classifier.models import ModelVersion
from classifier.policies.active_policies import CurrentPolicy
from classifier.policies.judging import Scored, judge_scored, lift_of

HEADER = "Toxicsite-Policy"
HEADER_CHARACTERS = 1_000  # of a list in a header; the rest is counted
READABLE = " !#$&'()*+-./:<=>?@[]^_`{|}~"  # no comma, semicolon, quote or percent sign


@dataclass(frozen=True)
class Moderated:
    """A text's scores with what its source would do: `action` is the policy's band, approve, review or remove.

    `scores` are lifted where the key says so: `lifted` is the label whose score was raised then, else "".
    """

    action: str
    policy_version: int
    rules: tuple[str, ...]
    own: Mapping[str, float]
    scores: Mapping[str, float]
    lifted: str

    @property
    def flagged(self) -> bool:
        return self.action != APPROVE

    def told(self) -> dict[str, Any]:
        """As the body of a reply says it."""
        return {
            "action": self.action,
            "flagged": self.flagged,
            "policyVersion": self.policy_version,
            "rules": list(self.rules),
        }


def moderated(
    texts: Sequence[tuple[str, Mapping[str, float], ModelVersion]], *, source_id: int | None, lifts: bool
) -> list[Moderated]:
    """What the policy and rules of a source (None: the site's own) say of each text with its scores.

    With `lifts` the score of the primary label becomes at least the policy's threshold where they do not approve.
    """
    versions = {version.pk: version for _, _, version in texts}
    found: list[Moderated | None] = [None] * len(texts)
    for pk, version in versions.items():
        places = [place for place, each in enumerate(texts) if each[2].pk == pk]
        items = [Scored(source_id, *texts[place][:2]) for place in places]
        for place, item, (policy, judged) in zip(places, items, judge_scored(items, version), strict=True):
            least = lift_of(policy, judged, version) if lifts else None
            found[place] = _moderated(item.scores, policy, judged, version.primary_label, least)
    return [each for each in found if each is not None]


def _moderated(
    scores: Mapping[str, float],
    policy: CurrentPolicy,
    judged: Judgement,
    primary: str,
    least: float | None,
) -> Moderated:
    rules = dict.fromkeys(str(reason["name"]) for reason in judged.reasons if reason["kind"] == "rule")
    if least is None or scores.get(primary, least) >= least:
        return Moderated(judged.band, policy.version, tuple(rules), scores, scores, "")
    return Moderated(judged.band, policy.version, tuple(rules), scores, {**scores, primary: least}, primary)


def policy_header(each: Sequence[Moderated], names: Mapping[str, str]) -> dict[str, str]:
    """The reply header that says what would be done and why; none where every text is approved.

    Of several texts it tells the strictest action, the rules of all, and which are not approved, counted from 0.
    `names` are the dialect's names of labels.
    """
    flagged = [one for one in each if one.flagged]
    if not flagged:
        return {}
    worst = max(flagged, key=lambda one: RANK[one.action])
    parts = [f"action={worst.action}", f"policy={worst.policy_version}"]
    rules = list(dict.fromkeys(rule for one in flagged for rule in one.rules))
    if rules:
        parts.append(f'rules="{shortened((quote(rule, safe=READABLE) for rule in rules), ",")}"')
    lifted = next((one.lifted for one in flagged if one.lifted), "")
    if lifted:
        parts.append(f"lifted={quote(names.get(lifted, lifted), safe=READABLE)}")
    if len(each) > 1:
        places = (str(place) for place, one in enumerate(each) if one.flagged)
        parts.append(f'texts="{shortened(places, ",")}"')
    return {HEADER: "; ".join(parts)}


def shortened(items: Iterable[str], separator: str) -> str:
    """The items in one line that a header can hold; how many more there are, it says at the end."""
    line, left = "", 0
    for item in items:
        longer = f"{line}{separator}{item}" if line else item
        if left or len(longer) > HEADER_CHARACTERS:
            left += 1
        else:
            line = longer
    return f"{line}{separator}and {left} more" if left else line
