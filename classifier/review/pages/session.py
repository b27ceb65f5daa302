"""The state of a moderator's work in the queue, kept in the session: queue, comments seen, decided, passed over."""

from dataclasses import asdict, dataclass, field, fields
from typing import Any

from django.http import HttpRequest

from classifier.accounts.roles import roles_of
from classifier.core.errors import WrongFilter
from classifier.core.visibility import SESSION_KEY
from classifier.models import Comment, SavedQueue, User
from classifier.review.filters import WAITING, QueueFilters
from classifier.review.selectors import saved_queues_of

KEPT = 100  # of each list
DECISION, GROUP, LOOK = "decision", "group", "look"


@dataclass
class QueueState:
    """Ids of comments. `seen` is in the order of time; `done` are pairs of kind and id, the latest last.

    `look` is a blind review that is on screen; `answer` is the answer to the one before it, which the next step stores,
    so that it can be undone like every other answer.
    """

    filters: dict[str, Any] = field(default_factory=dict)
    order: str = "risk"
    saved: int | None = None
    current: int | None = None
    seen: list[int] = field(default_factory=list)
    done: list[list[Any]] = field(default_factory=list)
    passed: list[int] = field(default_factory=list)
    look: int | None = None
    answer: list[Any] | None = None
    left: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, request: HttpRequest) -> "QueueState":
        kept = request.session.get(SESSION_KEY) or {}
        known = {field.name for field in fields(cls)}
        return cls(**{name: value for name, value in kept.items() if name in known})

    def keep(self, request: HttpRequest) -> None:
        for name in ("seen", "done", "passed", "left"):
            setattr(self, name, getattr(self, name)[-KEPT:])
        request.session[SESSION_KEY] = asdict(self)

    def queue_filters(self) -> QueueFilters:
        """Return the remembered filters; those that cannot be read any more are ignored."""
        try:
            return QueueFilters.from_data({**self.filters, "status": WAITING})
        except WrongFilter:
            self.filters, self.saved = {}, None
            return QueueFilters()

    def choose(self, filters: QueueFilters, order: str, saved: int | None = None) -> None:
        """Switch to another queue; comments passed over there are offered again."""
        self.filters, self.order, self.saved = filters.to_data(), order, saved
        self.current, self.look, self.passed = None, None, []

    def show(self, comment: Comment, *, look: bool = False) -> None:
        self.current = comment.pk
        self.look = comment.pk if look else None
        if comment.pk not in self.seen:
            self.seen.append(comment.pk)

    def before(self) -> int | None:
        """Return the comment that was seen before the one on screen."""
        if self.current is None or self.current not in self.seen:
            return self.seen[-1] if self.seen else None
        index = self.seen.index(self.current)
        return self.seen[index - 1] if index else None

    def after(self) -> int | None:
        """Return the comment that was seen after the one on screen, if the moderator has gone back."""
        if self.current is None or self.current not in self.seen:
            return None
        index = self.seen.index(self.current)
        return self.seen[index + 1] if index + 1 < len(self.seen) else None


def queues_for(user: User) -> list[SavedQueue]:
    """List the saved queues that a person may use."""
    return saved_queues_of(user=user, roles=roles_of(user))
