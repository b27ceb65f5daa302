"""What can keep a dialect from answering, before each dialect puts it into its own words and statuses."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from django.http import HttpResponse

from classifier.api_keys.quotas import QuotaState
from classifier.dialects.replies import reply


class Why(Enum):
    MALFORMED = auto()  # the body is no JSON that can be read
    INVALID = auto()  # it is, and says something impossible
    UNPROCESSABLE = auto()  # it is of a form that this dialect knows and this server has no answer to
    NO_KEY = auto()
    BAD_KEY = auto()
    NO_SCOPE = auto()
    NOT_FOUND = auto()
    NOT_ALLOWED = auto()
    TOO_LARGE = auto()
    QUOTA = auto()
    NO_WORKER = auto()
    NO_STORAGE = auto()  # the database does not answer, or there is no room on the disk
    TOO_LATE = auto()
    BROKEN = auto()


@dataclass(eq=False)
class Refusal(Exception):
    """Raise this to answer with an error; `word` is the dialect's own name for it, `details` what else it tells."""

    why: Why
    message: str
    word: str = ""
    param: str = ""
    details: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    quota: QuotaState | None = None


@dataclass(frozen=True)
class Dialect:
    """How one service words its errors: the status for each reason, and the body."""

    statuses: Mapping[Why, int]
    body: Callable[[Refusal, int], dict[str, Any]]
    name: str

    def answer(self, refusal: Refusal) -> HttpResponse:
        status = self.statuses[refusal.why]
        headers = {"WWW-Authenticate": 'Bearer realm="toxicsite"'} if status == 401 else {}
        return reply(self.body(refusal, status), status=status, headers={**headers, **refusal.headers})
