"""How well moderators agree with known answers and with each other, by blind reviews alone.

Two answers are compared only where they are about the same text: not across an edit.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import BooleanField, ExpressionWrapper, F, Q, QuerySet

from classifier.core.measures import Kappa, cohen_kappa
from classifier.core.visibility import narrow
from classifier.core.visible_comments import edited_between, edited_since
from classifier.models import GoldenItem, SecondReview, User
from classifier.models.comment import CommentQuerySet

FEW = 50
"""With fewer comparisons a kappa's interval is too wide to say anything."""
Answer = tuple[str, str]
INDEX = {"approve": 0, "remove": 1}  # in the table of a kappa
SAME_TEXT = ~edited_between("first__created_at", "created_at")
SAME_AS_GOLDEN = ~edited_between("comment__golden__created_at", "created_at")


@dataclass(frozen=True)
class PersonAgreement:
    """One moderator: `right` of `golden` answers, and kappa with everybody they were compared with."""

    name: str
    golden: int
    right: int
    kappa: Kappa

    @property
    def share(self) -> float | None:
        return self.right / self.golden if self.golden else None


@dataclass(frozen=True)
class PairAgreement:
    """Two moderators, by name, and their kappa."""

    first: str
    second: str
    kappa: Kappa


@dataclass(frozen=True)
class Agreement:
    """`people` by name, `pairs` by how often they were compared; `whole`: all comparisons of two people."""

    people: list[PersonAgreement]
    pairs: list[PairAgreement]
    whole: Kappa


def golden_items(*, user: User | None) -> QuerySet[GoldenItem]:
    """List the known answers that `user` sees, those in use first; `edited`: the text has changed since."""
    edited = ExpressionWrapper(edited_since("created_at"), output_field=BooleanField())
    rows = narrow(GoldenItem.objects.annotate(edited=edited), user, "comment__source")
    return rows.select_related("comment__source", "created_by").order_by(
        F("retired_at").asc(nulls_first=True), "-id"
    )


def agreement_of(*, user: User | None) -> Agreement:
    """Measure the agreement of all moderators, in the sources that `user` sees."""
    compared = _compared(user)
    pairs: dict[tuple[str, str], list[Answer]] = defaultdict(list)
    single: dict[str, list[Answer]] = defaultdict(list)
    for decider, decided, reviewer, reviewed in compared:
        if decider < reviewer:
            pairs[decider, reviewer].append((decided, reviewed))
        else:
            pairs[reviewer, decider].append((reviewed, decided))
        single[decider].append((decided, reviewed))
        single[reviewer].append((reviewed, decided))
    golden = _golden_answers(user)
    return Agreement(
        people=[
            PersonAgreement(
                name,
                golden=len(golden[name]),
                right=sum(answer == expected for answer, expected in golden[name]),
                kappa=_kappa(single[name]),
            )
            for name in sorted(set(single) | set(golden))
        ],
        pairs=sorted(
            (PairAgreement(*names, _kappa(answers)) for names, answers in pairs.items()),
            key=lambda pair: (-pair.kappa.n, pair.first, pair.second),
        ),
        whole=_kappa((decided, reviewed) for _, decided, _, reviewed in compared),
    )


def disagreements(*, user: User | None) -> QuerySet[SecondReview]:
    """List the blind reviews that differ from the first decision or from the known answer, newest first."""
    rows = narrow(SecondReview.objects.all(), user, "comment__source").filter(
        (Q(first__isnull=False) & ~Q(action=F("first__action")) & SAME_TEXT)
        | (Q(comment__golden__isnull=False) & ~Q(action=F("comment__golden__expected")) & SAME_AS_GOLDEN)
    )
    return rows.select_related("comment__source", "comment__golden", "first__by", "by").order_by("-id")


def looks_left(candidates: Iterable[CommentQuerySet], limit: int) -> int:
    """Count the comments that wait for a blind review, no further than `limit`."""
    return min(limit, sum(rows.order_by().values("pk")[:limit].count() for rows in candidates))


def _compared(user: User | None) -> list[tuple[str, str, str, str]]:
    """Return (decider, decision, reviewer, review) of every blind review beside another person's decision."""
    rows = narrow(SecondReview.objects.all(), user, "comment__source").filter(
        SAME_TEXT, first__action__in=INDEX, first__by__isnull=False
    )
    return list(
        rows.order_by("id").values_list("first__by__username", "first__action", "by__username", "action")
    )


def _golden_answers(user: User | None) -> dict[str, list[Answer]]:
    rows = narrow(SecondReview.objects.all(), user, "comment__source").filter(
        SAME_AS_GOLDEN, comment__golden__isnull=False
    )
    answers: dict[str, list[Answer]] = defaultdict(list)
    for name, action, expected in rows.values_list("by__username", "action", "comment__golden__expected"):
        answers[name].append((action, expected))
    return answers


def _kappa(answers: Iterable[Answer]) -> Kappa:
    table = [[0, 0], [0, 0]]
    for first, second in answers:
        table[INDEX[first]][INDEX[second]] += 1
    return cohen_kappa(table)
