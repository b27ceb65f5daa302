"""`/api/v1/policies/…/shadow/`: run a draft in shadow mode, read what it would have changed, and activate it."""

from typing import Any

from django.http import Http404
from rest_framework.request import Request
from rest_framework.response import Response

from classifier.api.authentication import caller
from classifier.api.etag import IF_MATCH, etag_header
from classifier.api.fields import ClosedSerializer, CountParameter, IdParameter, Text
from classifier.api.operation import operation
from classifier.api.problems import NOT_FOUND, NOT_NOW
from classifier.api.reading import checked, checked_query, optional
from classifier.models import ShadowPolicy, Source
from classifier.policies.api.output import PolicyOutput, ShadowPolicyOutput, ShadowReportOutput, shown_report
from classifier.policies.api.policies import (
    SAVE,
    SEE,
    PolicyAddress,
    PolicyDraftInput,
    PolicyNoteInput,
    policy_answer,
    seen_version,
    source_of,
)
from classifier.policies.draft_report import (
    PERIODS,
    changed_judgements,
    shadow_policies_of,
    shadow_policy_report,
)
from classifier.policies.fields import NOTE_CHARACTERS
from classifier.policies.preview import EXAMPLES
from classifier.policies.shadow_policies import (
    shadow_policy_put_in_force,
    shadow_policy_start,
    shadow_policy_stop,
)


class ShadowPolicyInput(PolicyDraftInput):
    """A draft, and why it is tried."""

    note = Text(required=False, default="", allow_blank=True, max_length=NOTE_CHARACTERS)


class ShadowReportQuery(ClosedSerializer):
    days = CountParameter(most=max(PERIODS), default=7, help_text="Number of days; the last is today (UTC).")
    draft = IdParameter(required=False, help_text="The id of an earlier draft; the newest if left out.")


class PolicyShadowEndpoint(PolicyAddress):
    @operation("read_policy_shadow", needs=SEE, answers=ShadowPolicyOutput, problems=[NOT_FOUND])
    def get(self, request: Request, slug: str | None = None) -> Response:
        """Read the newest draft of a source's policy.

        It may still run or have ended. 404: there never was one.
        """
        return Response(ShadowPolicyOutput(_draft(source_of(request, slug))).data)

    @operation("start_policy_shadow", needs=SAVE, body=ShadowPolicyInput, answers=ShadowPolicyOutput)
    def put(self, request: Request, slug: str | None = None) -> Response:
        """Run a draft of a source's policy in shadow mode.

        The draft judges every comment that is scored from now on, beside the active policy and by the same
        probabilities and rules. Nobody acts on it. A draft that already runs there ends, unless it is the same one:
        then it goes on.
        """
        source = source_of(request, slug)
        draft = checked(ShadowPolicyInput, request)
        return Response(
            ShadowPolicyOutput(shadow_policy_start(source=source, **draft, by=caller(request))).data
        )

    @operation("stop_policy_shadow", needs=SAVE, answers={204: None}, problems=[NOT_FOUND, NOT_NOW])
    def delete(self, request: Request, slug: str | None = None) -> Response:
        """Stop the draft of a source's policy.

        Its judgements are kept. 409: none is running.
        """
        shadow_policy_stop(shadow=_draft(source_of(request, slug)), by=caller(request))
        return Response(status=204)


class PolicyShadowReportEndpoint(PolicyAddress):
    @operation(
        "read_policy_shadow_report",
        needs=SEE,
        query=ShadowReportQuery,
        answers=ShadowReportOutput,
        problems=[NOT_FOUND],
    )
    def get(self, request: Request, slug: str | None = None) -> Response:
        """Read what the draft of a source's policy would have changed.

        The report has counts by day, changes of bands with examples, and both policies compared with moderators'
        decisions. It covers the sources that the caller may see.
        """
        source = source_of(request, slug)
        query = checked_query(ShadowReportQuery, request)
        shadow = _draft(source, query.get("draft"))
        period: dict[str, Any] = {"shadow": shadow, "user": caller(request), "days": query["days"]}
        report = shadow_policy_report(**period)
        examples = {
            line.key: [
                row.prediction.comment_id
                for row in changed_judgements(**period, before=line.before, after=line.after)[:EXAMPLES]
            ]
            for line in report.changes
        }
        return Response(shown_report(shadow, query["days"], report, examples))


class PolicyShadowInForceEndpoint(PolicyAddress):
    @operation(
        "put_policy_shadow_in_force",
        needs=SAVE,
        headers=[IF_MATCH, etag_header(200)],
        body=PolicyNoteInput,
        answers=PolicyOutput,
        problems=[NOT_FOUND, NOT_NOW],
    )
    def post(self, request: Request, slug: str | None = None) -> Response:
        """Activate the draft of a source's policy.

        It is saved as the next version of the policy; what a draft does not cover stays as it is. `If-Match` takes
        the ETag of the policy. 409: it is active already.
        """
        source = source_of(request, slug)
        shadow = _draft(source)
        note = optional(PolicyNoteInput, request)["note"]
        shadow_policy_put_in_force(
            shadow=shadow, note=note, seen_version=seen_version(request), by=caller(request)
        )
        return policy_answer(source)


def _draft(source: Source | None, draft_id: int | None = None) -> ShadowPolicy:
    """Return the newest draft of a source, or the one with that id. Raises Http404."""
    rows = shadow_policies_of(source=source)
    draft = rows.first() if draft_id is None else rows.filter(pk=draft_id).first()
    if draft is None:
        raise Http404
    return draft
