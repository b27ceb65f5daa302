"""`/api/v1/policies/`: read the active policies, save a new version, preview one, list versions and restore one.

`policies/of/<slug>/…` is about the policy of a source, `policies/site/…` about the site's, which applies to sources
without a policy of its own. The same endpoints serve both.
"""

from dataclasses import replace

from django.http import Http404
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.authentication import caller
from classifier.api.base import Endpoint
from classifier.api.etag import IF_MATCH, asked_version, etag, etag_header
from classifier.api.fields import AnyObject, Choice, ClosedSerializer, Names, Number, Text, TrueOrFalse, Whole
from classifier.api.operation import operation
from classifier.api.pagination import PageQuery, newest_first, page_of
from classifier.api.reading import NoQuery, checked, checked_query, optional
from classifier.core.errors import VersionConflict
from classifier.core.validation import InvalidInput, ValidationProblem, whole_number
from classifier.core.visibility import narrow, sees_source
from classifier.inference.bands import BandsError, check_automatic, check_bands
from classifier.inference.marked_text import LEAVE_OUTS
from classifier.models import (
    ApiScope,
    ConcernMode,
    FailMode,
    ModelVersion,
    Policy,
    Source,
    TextFormat,
    UnknownLanguage,
)
from classifier.models.policy import CONCERN_TEXT_CHARACTERS
from classifier.policies.active_policies import fallbacks_of
from classifier.policies.api.output import (
    PolicyList,
    PolicyOutput,
    PolicyPreviewOutput,
    PolicyVersionOutput,
    shown_policy,
    shown_preview,
    shown_version,
)
from classifier.policies.fields import NOTE_CHARACTERS
from classifier.policies.preview import Draft, policy_preview
from classifier.policies.services import policy_for, policy_newest, policy_restore, policy_save
from classifier.policies.versions import policy_versions, with_changes

SEE, SAVE = "classifier.view_policy", "classifier.add_policy"


UNKNOWN_LANGUAGE_HELP = (
    "What happens to a text in a language that the model does not know: `review`, a person looks and the scores do not "
    "count, or `judge`, the scores count as for any other text."
)

CONCERN_HELP = (
    "What happens to a text whose author tells of self-harm, suicide or violence that they suffered, as far as the "
    "model recognises it: `review`, a person looks, whatever rules match, unless its scores reach a `remove` "
    "threshold; or `nothing`, it is judged like any other text."
)
CONCERN_TEXT_HELP = (
    "What your site says to an author who tells of their own hurt; verdicts return it as `author_text`. Name help that "
    "your readers can reach. Empty: nothing is returned."
)


class PolicyDraftInput(ClosedSerializer):
    """The part of a policy that decides about a comment."""

    bands = AnyObject(
        help_text="For each label, or `*` for the main one, from which probability `review` and `remove` apply: "
        "a number, null for never, or a threshold that the model draws: `careful` flags little, `model` makes its "
        "verdict, `strict` misses little."
    )
    automatic = Names(
        required=False, default=list, most=3, help_text="Bands that the policy decides without a moderator."
    )


class PolicyInput(PolicyDraftInput):
    """A whole policy: a field that is left out gets its default, not its earlier value."""

    fail_mode = Choice(required=False, default=FailMode.CLOSED.value, choices=FailMode.values)
    unknown_language = Choice(
        required=False,
        default=UnknownLanguage.REVIEW.value,
        choices=UnknownLanguage.values,
        help_text=UNKNOWN_LANGUAGE_HELP,
    )
    concern = Choice(
        required=False,
        default=ConcernMode.REVIEW.value,
        choices=ConcernMode.values,
        help_text=CONCERN_HELP,
    )
    concern_text = Text(
        required=False,
        default="",
        allow_blank=True,
        max_length=CONCERN_TEXT_CHARACTERS,
        help_text=CONCERN_TEXT_HELP,
    )
    nudge_threshold = Number(required=False, allow_null=True, default=None, min_value=0, max_value=1)
    reasons = serializers.ListField(
        child=AnyObject(),
        required=False,
        default=list,
        help_text="Objects with a `code` and a `title`.",
    )
    reason_required = TrueOrFalse(
        required=False, default=False, help_text="Whether a removal needs a reason."
    )
    appeal_days = Whole(
        required=False, default=14, help_text="Days within which an author may appeal; 0: no appeals."
    )
    text_format = Choice(
        required=False,
        default=TextFormat.TEXT.value,
        choices=TextFormat.values,
        help_text="The format of texts whose sender names none.",
    )
    leave_out = Names(
        required=False,
        default=list,
        most=len(LEAVE_OUTS),
        help_text=f"What rules and scores do not look at: any of {', '.join(LEAVE_OUTS)}.",
    )
    language_bands = AnyObject(
        required=False,
        default=dict,
        help_text="For languages, such as `de`, bands of their own, in place of `bands`. A language that is left out "
        "has those of all.",
    )
    note = Text(required=False, default="", allow_blank=True, help_text="What changed, and why.")


class PolicyNoteInput(ClosedSerializer):
    """An optional note."""

    note = Text(
        required=False,
        default="",
        allow_blank=True,
        max_length=NOTE_CHARACTERS,
        help_text="Why this version is saved.",
    )


class PolicyAddress(Endpoint):
    """An address of the policy of a source or, without a slug, of the site."""

    scope = ApiScope.MODERATE
    without_slug = {"_policy": "_site_policy", "a source's": "the site's"}


class PoliciesEndpoint(Endpoint):
    scope = ApiScope.MODERATE

    @operation("list_policies", needs=SEE, answers=PolicyList)
    def get(self, request: Request) -> Response:
        """List the active policies.

        The site's policy comes first; it applies to every source without its own. Then come the policies of the
        sources that the caller may see.
        """
        checked_query(NoQuery, request)
        visible = narrow(Source.objects.all(), caller(request), "pk")
        rows = Policy.objects.filter(source__in=visible).select_related("source", "created_by")
        of_sources = rows.order_by("source__slug", "-version").distinct("source__slug")
        of_site = policy_newest(source=None)
        policies = [*([of_site] if of_site is not None else []), *of_sources]
        model = ModelVersion.objects.active()
        return Response({"items": [shown_policy(policy.source, policy, model) for policy in policies]})


class PolicyEndpoint(PolicyAddress):
    @operation("read_policy", needs=SEE, headers=[etag_header(200)], answers=PolicyOutput)
    def get(self, request: Request, slug: str | None = None) -> Response:
        """Read a source's active policy.

        If the source has no policy of its own, `own` is false and the answer is the site's policy.
        """
        checked_query(NoQuery, request)
        return policy_answer(source_of(request, slug))

    @operation(
        "save_policy",
        needs=SAVE,
        headers=[IF_MATCH, etag_header(200)],
        body=PolicyInput,
        answers=PolicyOutput,
    )
    def put(self, request: Request, slug: str | None = None) -> Response:
        """Save a new version of a source's policy.

        It is active within seconds. Earlier versions are kept. 412: `If-Match` names another version than the
        newest.
        """
        source = source_of(request, slug)
        fields = checked(PolicyInput, request)
        policy_save(source=source, **fields, seen_version=seen_version(request), by=caller(request))
        return policy_answer(source)


class PolicyPreviewEndpoint(PolicyAddress):
    @operation("preview_policy", needs=SEE, body=PolicyDraftInput, answers=PolicyPreviewOutput)
    def post(self, request: Request, slug: str | None = None) -> Response:
        """Preview what a draft of a source's policy would change.

        The draft and the active policy are applied to the latest comments of the policy, with the verdicts that they
        have. Nothing is saved or scored.
        """
        source = source_of(request, slug)
        draft = checked(PolicyDraftInput, request)
        try:
            bands, automatic = check_bands(draft["bands"]), frozenset(check_automatic(draft["automatic"]))
        except BandsError as error:
            raise InvalidInput([ValidationProblem(error.field, error.message, error.code)]) from None
        active = policy_for(source.pk if source is not None else None)
        before = Draft(
            active.bands, active.automatic, active.unknown_language, active.concern, active.language_bands
        )
        after = replace(before, bands=bands, automatic=automatic)
        preview = policy_preview(source=source, user=caller(request), before=before, after=after)
        return Response(shown_preview(preview, fallbacks_of(bands, ModelVersion.objects.active())))


class PolicyVersionsEndpoint(PolicyAddress):
    @operation("list_policy_versions", needs=SEE, query=PageQuery, answers=page_of(PolicyVersionOutput))
    def get(self, request: Request, slug: str | None = None) -> Response:
        """List the versions of a source's policy, newest first.

        Each says who saved it, when and why, and what it changed. The list is empty for a source without a policy of
        its own.
        """
        source = source_of(request, slug)
        page = newest_first(policy_versions(source=source), checked_query(PageQuery, request), request)
        newest = policy_newest(source=source)
        model = ModelVersion.objects.active()
        items = [shown_version(version, newest, model) for version in with_changes(page.rows)]
        return Response({"items": items, "next": page.next_url})


class PolicyVersionEndpoint(PolicyAddress):
    @operation("read_policy_version", needs=SEE, answers=PolicyVersionOutput)
    def get(self, request: Request, version: int, slug: str | None = None) -> Response:
        """Read one version of a source's policy, by its number."""
        source = source_of(request, slug)
        row = _version(source, version)
        newest, model = policy_newest(source=source), ModelVersion.objects.active()
        return Response(shown_version(with_changes([row])[0], newest, model))


class PolicyRestoreEndpoint(PolicyAddress):
    @operation(
        "restore_policy_version",
        needs=SAVE,
        headers=[IF_MATCH, etag_header(200)],
        body=PolicyNoteInput,
        answers=PolicyOutput,
    )
    def post(self, request: Request, version: int, slug: str | None = None) -> Response:
        """Restore an earlier version of a source's policy.

        It is saved as the newest version. `If-Match` takes the ETag of the policy, as when saving.
        """
        source = source_of(request, slug)
        earlier = _version(source, version)
        note = optional(PolicyNoteInput, request)["note"]
        policy_restore(policy=earlier, note=note, seen_version=seen_version(request), by=caller(request))
        return policy_answer(source)


def source_of(request: Request, slug: str | None) -> Source | None:
    """Return the source of the address, None for the site's policy. Raises Http404."""
    if slug is None:
        return None
    source = Source.objects.filter(slug=slug).first()
    if source is None or not sees_source(caller(request), source):
        raise Http404
    return source


def policy_answer(source: Source | None) -> Response:
    """Answer with the active policy of `source` and its ETag. Raises Http404."""
    own = policy_newest(source=source)
    policy = own or policy_newest(source=None)
    if policy is None:
        raise Http404
    tag = etag(f"v{own.version if own is not None else 0}-{policy.pk}")
    return Response(shown_policy(source, policy, ModelVersion.objects.active()), headers={"ETag": tag})


def seen_version(request: Request) -> int | None:
    """Return the version of the source's own policy that If-Match names; None for any."""
    tag = asked_version(request)
    if tag is None:
        return None
    version = whole_number(tag.partition("-")[0].removeprefix("v"))
    if not tag.startswith("v") or version is None:
        raise VersionConflict
    return version


def _version(source: Source | None, version: int) -> Policy:
    row = policy_versions(source=source).filter(version=version).first() if version < 2**31 else None
    if row is None:
        raise Http404
    return row
