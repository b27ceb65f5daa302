"""`comment-check`, `submit-spam` and `submit-ham`.

"Spam" means what the policy and the rules of the source would not publish: a text that they would send to a person, or
remove, is `true`. A person's own hurt in a text makes it no spam. Rules also look at the author's name, email address
and link, which the model does not read. A comment is stored where the key has the scope `submit` and the caller does
not say `is_test`.

A submission becomes a suggestion about the primary label, of the stored comment where there is one.
"""

from dataclasses import dataclass

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from classifier.core.validation import InvalidInput
from classifier.dialects.akismet.errors import FALSE, THANKS, TRUE, plain
from classifier.dialects.akismet.view import AkismetView
from classifier.dialects.perspective.suggest import primary_label
from classifier.dialects.scoring import Moderated, moderated, policy_header, scored, version_of
from classifier.inference.bands import RANK
from classifier.inference.conditions import Facts
from classifier.inference.language import Identified
from classifier.inference.sketch import folded, text_hash
from classifier.models import AUTHOR_REF_MAX_CHARACTERS, ApiScope, Comment, Source, TextFormat
from classifier.policies.active_policies import policy_for, rules_for
from classifier.scoring.score_texts import ScoredText
from classifier.scoring.store_scored import scored_comment_store
from classifier.suggestions.services import suggestion_create

# What Akismet's documentation names for testing: the first are always spam, the role never is.
TEST_AUTHORS = frozenset({"viagra-test-123", "akismet-guaranteed-spam"})
TEST_EMAIL = "akismet-guaranteed-spam@example.com"
TRUSTED_ROLE = "administrator"
PERMALINK_CHARACTERS = 1_000


@dataclass(frozen=True)
class SentComment:
    """The part of a call that is about the comment."""

    text: str
    author: str
    email: str
    link: str
    permalink: str
    is_test: bool

    @classmethod
    def of(cls, fields: dict[str, str]) -> "SentComment":
        return cls(
            text=fields.get("comment_content", ""),
            author=fields.get("comment_author", ""),
            email=fields.get("comment_author_email", ""),
            link=fields.get("comment_author_url", ""),
            permalink=fields.get("permalink", "")[:PERMALINK_CHARACTERS],
            is_test=fields.get("is_test", "").lower() in ("1", "true"),
        )

    @property
    def author_ref(self) -> str:
        """The author as they are stored: the email address, or else the name."""
        return (self.email or self.author)[:AUTHOR_REF_MAX_CHARACTERS]

    @property
    def is_storable(self) -> bool:
        return 0 < len(self.text) <= settings.COMMENT_MAX_CHARACTERS and not self.is_test


class CommentCheck(AkismetView):
    scope = ApiScope.SCORE
    http_method_names = ["post"]

    def post(self, request: HttpRequest) -> HttpResponse:
        source = self.source(self.blog())
        fields = self.fields()
        sent = SentComment.of(fields)
        if sent.author in TEST_AUTHORS or sent.email == TEST_EMAIL:
            return plain(TRUE)
        if fields.get("user_role") == TRUSTED_ROLE:
            return plain(FALSE)
        source_id = source.pk if isinstance(source, Source) else None
        judged = about_author(sent, source_id)
        verdicts = self._scored(sent, source_id)
        judged += [
            judgement
            for text, verdict in verdicts
            for judgement in moderated(
                [(text, verdict.scores, version_of(verdict))],
                source_id=source_id,
                lifts=False,
                language=Identified(verdict.language, verdict.language_supported),
                text_format="",
            )
        ]
        if len(verdicts) == 1 and self._stores(sent) and not stored_before(sent, source):
            assert self.api_key is not None
            scored_comment_store(
                text=sent.text,
                text_format="",
                scored=verdicts[0][1],
                source=source,
                author_ref=sent.author_ref,
                by=self.api_key.owner,
                api_key=self.api_key,
            )
        worst = max(judged, key=lambda one: RANK[one.action], default=None)
        if worst is None or not worst.flagged:
            return plain(FALSE)
        rules = dict.fromkeys(name for one in judged for name in one.rules)
        told = Moderated(worst.action, worst.policy_version, tuple(rules), {}, {}, "")
        self.extra_headers |= policy_header([told], {})
        return plain(TRUE)

    def _scored(self, sent: SentComment, source_id: int | None) -> list[tuple[str, ScoredText]]:
        """Score the text, in parts where it is longer than a comment may be; a blank one has none."""
        most = settings.COMMENT_MAX_CHARACTERS
        parts = [sent.text[begin : begin + most] for begin in range(0, len(sent.text), most)]
        parts = [part for part in parts if part.strip()]
        if not parts:
            return []
        self.take_texts(1)
        policy = policy_for(source_id)
        names = ["comment_content"] * len(parts)
        return list(zip(parts, scored(parts, names=names, read=policy.for_scoring), strict=True))

    def _stores(self, sent: SentComment) -> bool:
        return self.api_key is not None and ApiScope.SUBMIT in self.api_key.scopes and sent.is_storable


class Submission(AkismetView):
    """What a person said of a comment: 1 is spam, 0 is not."""

    scope = ApiScope.SUBMIT
    http_method_names = ["post"]
    value = 1.0

    def post(self, request: HttpRequest) -> HttpResponse:
        source = self.source(self.blog())
        sent = SentComment.of(self.fields())
        if not sent.is_storable:
            return plain(THANKS)
        assert self.api_key is not None
        self.take_texts(1)
        comment = stored_before(sent, source)
        labels = {primary_label(): self.value}
        context = {"permalink": sent.permalink} if sent.permalink else {}
        try:
            if comment is not None:
                suggestion_create(
                    labels=labels,
                    comment=comment,
                    context=context,
                    by=self.api_key.owner,
                    api_key=self.api_key,
                )
            else:
                suggestion_create(
                    labels=labels,
                    text=sent.text,
                    source=source,
                    author_ref=sent.author_ref,
                    context=context,
                    by=self.api_key.owner,
                    api_key=self.api_key,
                )
        except InvalidInput:
            return plain(THANKS)  # a text that cannot be kept, such as one of broken Unicode
        return plain(THANKS)


class SubmitSpam(Submission):
    value = 1.0


class SubmitHam(Submission):
    value = 0.0


def about_author(sent: SentComment, source_id: int | None) -> list[Moderated]:
    """Judge name, email address and link of the author by the rules of a source.

    The words of an address count, also for rules that leave addresses in a text out. A rule without a pattern is about
    a text, unless it asks who wrote it and nothing else.
    """
    policy, rules = policy_for(source_id), rules_for(source_id)
    fields = "\n".join(part for part in (sent.author, sent.email, sent.link) if part)
    hits = policy.hits(
        rules,
        fields[: settings.COMMENT_MAX_CHARACTERS],
        TextFormat.TEXT,
        Facts(author=sent.author_ref),
        leave_nothing_out=True,
    )
    hits = [hit for hit in hits if hit.spans or set(hit.rule.conditions) == {"authors"}]
    if not hits:
        return []
    worst = max((hit.band for hit in hits), key=lambda band: RANK[band])
    names = tuple(dict.fromkeys(hit.rule.name for hit in hits))
    return [Moderated(worst, policy.version, names, {}, {}, "")]


def stored_before(sent: SentComment, source: Source | str) -> Comment | None:
    """Return the last comment of the source with this text by this author, or None."""
    if not isinstance(source, Source):
        return None
    same = Comment.objects.filter(
        source=source,
        text_hash=text_hash(folded(sent.text)),
        text=sent.text,
        text_purged_at__isnull=True,
        author_ref=sent.author_ref,
    )
    return same.select_related("source").order_by("-id").first()
