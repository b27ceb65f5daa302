"""How well moderators agree: with known answers, with each other, and where they did not. Blind answers only.

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
"""With fewer comparisons a kappa's interval is so wide that it tells next to nothing."""
Answer = tuple[str, str]
PLACE = {"approve": 0, "remove": 1}
SAME_TEXT = ~edited_between("first__created_at", "created_at")
SAME_AS_GOLDEN = ~edited_between("comment__golden__created_at", "created_at")


@dataclass(frozen=True)
class PersonAgreement:
    """One moderator: `right` of `golden` answers, and kappa with everybody whom they were compared with."""

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
    """List the known answers that `user` sees, those in use first; `edited`: the answer is to another text."""
    edited = ExpressionWrapper(edited_since("created_at"), output_field=BooleanField())
    rows = narrow(GoldenItem.objects.annotate(edited=edited), user, "comment__source")
    return rows.select_related("comment__source", "created_by").order_by(
        F("retired_at").asc(nulls_first=True), "-id"
    )


def agreement_of(*, user: User | None) -> Agreement:
    """Everybody's agreement, in the sources that `user` sees."""
    compared = _compared(user)
    pairs: dict[tuple[str, str], list[Answer]] = defaultdict(list)
    single: dict[str, list[Answer]] = defaultdict(list)
    for first, said, second, said_too in compared:
        names, answers = (first, second), (said, said_too)
        if names[0] > names[1]:
            names, answers = names[::-1], answers[::-1]
        pairs[names].append(answers)
        single[first].append((said, said_too))
        single[second].append((said_too, said))
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
        whole=_kappa([(said, said_too) for _, said, _, said_too in compared]),
    )


def disagreements(*, user: User | None) -> QuerySet[SecondReview]:
    """Blind answers that are not the first decision's or not the known answer's, newest first."""
    rows = narrow(SecondReview.objects.all(), user, "comment__source").filter(
        (Q(first__isnull=False) & ~Q(action=F("first__action")) & SAME_TEXT)
        | (Q(comment__golden__isnull=False) & ~Q(action=F("comment__golden__expected")) & SAME_AS_GOLDEN)
    )
    return rows.select_related("comment__source", "comment__golden", "first__by", "by").order_by("-id")


def looks_left(candidates: Iterable[CommentQuerySet], limit: int) -> int:
    """How many comments wait for a blind review, counted no further than `limit`."""
    return min(limit, sum(rows.order_by().values("pk")[:limit].count() for rows in candidates))


def _compared(user: User | None) -> list[tuple[str, str, str, str]]:
    """(who decided, what, who looked again, what) of every blind answer beside another person's decision."""
    rows = narrow(SecondReview.objects.all(), user, "comment__source").filter(
        SAME_TEXT, first__action__in=PLACE, first__by__isnull=False
    )
    return list(
        rows.order_by("id").values_list("first__by__username", "first__action", "by__username", "action")
    )


def _golden_answers(user: User | None) -> dict[str, list[Answer]]:
    rows = narrow(SecondReview.objects.all(), user, "comment__source").filter(
        SAME_AS_GOLDEN, comment__golden__isnull=False
    )
    answers: dict[str, list[Answer]] = defaultdict(list)
    for name, said, expected in rows.values_list("by__username", "action", "comment__golden__expected"):
        answers[name].append((said, expected))
    return answers


def _kappa(answers: Iterable[Answer]) -> Kappa:
    table = [[0, 0], [0, 0]]
    for said, said_too in answers:
        table[PLACE[said]][PLACE[said_too]] += 1
    return cohen_kappa(table)
