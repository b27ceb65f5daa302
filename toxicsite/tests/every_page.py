"""A site where every page has something to show, and the address of every page, out of the permission matrix."""

import re
from dataclasses import dataclass
from functools import partial
from typing import Any

from django.utils import timezone

from classifier.api_keys.services import api_key_create
from classifier.comments.submission import comments_submit
from classifier.core.audit import audit_record
from classifier.models import (
    ApiKey,
    BulkAction,
    Comment,
    DecisionAction,
    GoldenItem,
    ModelVersion,
    NoticeChannel,
    Policy,
    Prediction,
    ReferenceCall,
    ReferenceService,
    Report,
    Rule,
    RuleList,
    SavedQueue,
    ScoreMap,
    ShadowJudgement,
    ShadowPolicy,
    ShadowPrediction,
    Source,
    Transfer,
    User,
    Webhook,
    WebhookDelivery,
    WebhookEvent,
    WebhookEventType,
)
from classifier.review.decisions import decision_record
from classifier.scoring.classify_pending import pending_classify
from classifier.tests.builders import FakeScorer
from classifier.tests.conftest import person
from toxicsite.lib.encryption import encrypt
from toxicsite.tests.test_permission_matrix import PLACE, ROWS
from training.models import TestSuite
from training.sweeps.services import sweep_create
from training.tests.experiments.pages.builders import make_curve, make_dataset, make_finished, report

HELP_PAGE = "operate/notices"
NO_PAGE = re.compile(
    r"(\.(json|csv|zip|yaml)|/(live|verdict|words|sentences|errors|worker)/)$"
    r"|^(rules/export/|api/|worker/|info|health|contentsafety/|1\.[12]/|.*rest$)"
)
KINDS = ("upload", "hub", "decisions", "mixture")
LONG = "a" * 60


@dataclass(frozen=True)
class Site:
    """`ids` by the names that routes use."""

    admin: User
    ids: dict[str, int]

    def addresses(self) -> list[str]:
        """Return every page that an admin may open by GET. Raises KeyError for an object that nobody has made here."""
        found = []
        for row in ROWS:
            if row.method != "GET" or "A" not in row.letters or NO_PAGE.search(row.route):
                continue
            for kind in KINDS if ":kind>" in row.route else [""]:
                slug = kind or "forum"
                found.append(f"/{PLACE.sub(partial(self._value, slug), row.route)}")
        return found

    def _value(self, slug: str, place: "re.Match[str]") -> str:
        if place[1] == "path":
            return HELP_PAGE
        return slug if place[1] == "slug" else str(self.ids[place[2]])


def build_site(version: ModelVersion) -> Site:
    """Create comments of two sources in every state, decided, reported, golden; runs, versions, a shadow, records."""
    admin, mo = person("ada", "Admin"), person("mo", "Moderator")
    texts = [f"i hate rain number {n}" if n % 3 else f"what a lovely day {n}" for n in range(24)]
    for source in ("forum", "web"):
        items = [
            {"text": f"{text} in the {source}", "author_ref": f"author-{LONG}{n}", "external_id": f"{n}"}
            for n, text in enumerate(texts)
        ]
        comments_submit(items=items, source=source, by=mo)
    pending_classify(scorer=FakeScorer(), model_version=version, limit=100)
    comments = list(Comment.objects.select_related("current_prediction__model_version").order_by("pk"))
    Source.objects.filter(slug="forum").update(name="The forum", retention_days=30)
    forum = Source.objects.get(slug="forum")
    for number, comment in enumerate(comments[:12]):
        actions = [DecisionAction.APPROVE, DecisionAction.REMOVE, DecisionAction.ESCALATE]
        decision_record(comment=comment, action=actions[number % 3], by=mo, note="Is this a quote?")
    Comment.objects.filter(pk=comments[13].pk).update(
        text="", text_hash=None, sketch=None, queued_at=None, text_purged_at=timezone.now()
    )
    Report.objects.create(comment=comments[14], reporter_ref="eve", reason="This is nasty.")
    GoldenItem.objects.create(comment=comments[15], expected="remove", created_by=admin)
    shadow = _versions(version)
    ids = {
        "comment_id": comments[0].pk,
        "channel_id": NoticeChannel.objects.create(
            name="Team",
            kind="slack",
            host="hooks.slack.com",
            notices=["appeal"],
            sealed_address=encrypt({"url": "https://hooks.slack.com/services/a/b/c"}),
        ).pk,
        "person_id": mo.pk,
        "rule_id": Rule.objects.create(name="Insult", kind="phrase", pattern="rain", source=forum).pk,
        "list_id": RuleList.objects.create(name="Words of the old forum", source=forum, created_by=admin).pk,
        "saved_id": SavedQueue.objects.create(name="Riskiest", owner=admin).pk,
        "bulk_id": BulkAction.objects.create(action="remove", reason="Spam wave", count=3, by=admin).pk,
        "transfer_id": Transfer.objects.create(
            kind="export", by=admin, options={"filters": {}}, done_rows=10
        ).pk,
        "rescoring_id": Transfer.objects.create(
            kind="rescore",
            by=admin,
            status="succeeded",
            done_rows=900,
            total_rows=900,
            options={
                "choice": {"status": "all"},
                "changes": {"review>approve": 1},
                "listed": [[comments[0].pk, "review", "approve"]],
            },
        ).pk,
        "key_id": api_key_create(name="The forum's key", owner=admin, scopes=["submit"])[0].pk,
        "version_id": shadow.pk,
        **_webhook(admin),
        "reference_id": _reference(admin),
        **_training(admin),
        **_references(version, forum, admin),
    }
    ApiKey.objects.filter(pk=ids["key_id"]).update(score_map=ids["map_id"], score_map_since=timezone.now())
    Policy.objects.create(source=forum, version=2, bands={"toxic": {"review": 0.4}}, note="Calmer")
    _draft(forum, admin)
    audit_record(
        verb="export.comments", by=admin, source=forum, count=12_345, data={"filters": {"band": "remove"}}
    )
    return Site(admin, ids)


def _references(version: ModelVersion, forum: Source, admin: User) -> dict[str, int]:
    """A reference service and a file whose scores are compared, and a map that was fitted on another version."""
    service = ReferenceService.objects.create(
        name="Perspective", wire="perspective", url="https://old.example"
    )
    file = Transfer.objects.create(
        kind="compare",
        by=admin,
        status="succeeded",
        done_rows=40,
        total_rows=41,
        error_rows=1,
        options={
            "name": f"{LONG}.csv",
            "source": "forum",
            "wire": "perspective",
            "stored": 40,
            "columns": {},
        },
    )
    for about in ({"service": service}, {"transfer": file}):
        ReferenceCall.objects.bulk_create(
            ReferenceCall(
                **about,
                source=forum,
                wire="perspective",
                mode="observe",
                model_version=version,
                ours={"TOXICITY": place / 40},
                theirs={"TOXICITY": (place / 40) ** 0.5},
                text=f"what a lovely day {place} {LONG}",
                created_at=timezone.now(),
            )
            for place in range(40)
        )
    fields: dict[str, Any] = dict(ModelVersion.objects.values().get(pk=version.pk))
    del fields["id"]
    old = ModelVersion.objects.create(**{**fields, "version": "old-1a2b3c4d", "status": "retired"})
    shares = {"share_reference": 0.2, "share_before": 0.1, "share_after": 0.2}
    fitted = {"points": [[0.0, 0.1], [1.0, 0.9]], "pairs": 400, "error": 0.1, "error_before": 0.2, **shares}
    row = ScoreMap.objects.create(
        name="Perspective",
        version=1,
        wire="perspective",
        method="quantile",
        model_version=old,
        threshold=0.8,
        attributes={"TOXICITY": fitted},
        origin={"service": {"id": service.pk, "name": service.name}},
        created_by=admin,
    )
    return {"service_id": service.pk, "comparison_id": file.pk, "map_id": row.pk}


def _draft(forum: Source, admin: User) -> None:
    """A draft in shadow mode beside the forum's policy that changed some bands."""
    bands = {"toxic": {"review": 0.05, "remove": 0.8}}
    shadow = ShadowPolicy.objects.create(source=forum, bands=bands, note="Stricter", created_by=admin)
    ShadowJudgement.objects.bulk_create(
        ShadowJudgement(
            shadow_policy=shadow,
            prediction=prediction,
            before=prediction.comment.band,
            after="remove" if prediction.verdict == "toxic" else "approve",
            automatic=False,
            changed=prediction.verdict == "toxic",
        )
        for prediction in Prediction.objects.filter(comment__source=forum).select_related("comment")
    )


def _reference(admin: User) -> int:
    """A service with a call of each kind."""
    service = ReferenceService.objects.create(
        name="Perspective", wire="perspective", url=f"https://{LONG}.example.org", created_by=admin
    )
    for failure in ("", "timeout"):
        ReferenceCall.objects.create(
            service=service,
            wire="perspective",
            mode="observe",
            ours={"TOXICITY": 0.8},
            theirs={} if failure else {"TOXICITY": 0.7},
            failure=failure,
            created_at=timezone.now(),
        )
    return service.pk


def _webhook(admin: User) -> dict[str, int]:
    """A receiver, and an event that it was told of."""
    kind = WebhookEventType.values[0]
    webhook = Webhook.objects.create(
        name="The forum",
        url="https://forum.example/hooks/toxicsite",
        events=[kind],
        sealed_secret=encrypt("a secret"),
        created_by=admin,
    )
    event = WebhookEvent.objects.create(type=kind, data={"comment": {"id": 1}})
    delivery = WebhookDelivery.objects.create(webhook=webhook, event=event)
    return {"webhook_id": webhook.pk, "delivery_id": delivery.pk}


def _versions(version: ModelVersion) -> ModelVersion:
    """A shadow that disagreed both ways."""
    fields: dict[str, Any] = dict(ModelVersion.objects.values().get(pk=version.pk))
    del fields["id"]
    shadow = ModelVersion.objects.create(
        **{**fields, "version": "candidate-1a2b3c4d", "status": "candidate", "is_shadow": True}
    )
    for prediction in Prediction.objects.all():
        toxic = (prediction.verdict == "toxic") != (prediction.pk % 4 == 0)
        ShadowPrediction.objects.create(
            prediction=prediction,
            model_version=shadow,
            scores={"toxic": 0.8 if toxic else 0.1},
            verdict="toxic" if toxic else "non-toxic",
            score=0.8 if toxic else 0.1,
            threshold=0.5,
            disagrees=toxic != (prediction.verdict == "toxic"),
        )
    return shadow


def _training(admin: User) -> dict[str, int]:
    dataset = make_dataset(kind="decisions", created_by=admin)
    make_dataset("Public rows")
    run = make_finished(dataset, measured=report(), created_by=admin)
    make_curve(run)
    sweep = sweep_create(
        name="Rates",
        recipe="teacher",
        config={"base": "some/encoder"},
        dataset=make_dataset("Rows with labels"),
        space={"loop.learning_rate": {"type": "float", "low": 1e-5, "high": 1e-2, "log": True}},
        objectives=[{"metric": "f1"}],
        pruner="none",
        trials=4,
        by=admin,
    )
    suite = TestSuite.objects.create(name="Hate", kind="cases", label="toxic", cases=[])
    return {
        "experiment_id": run.pk,
        "evaluation_id": run.evaluations.get().pk,
        "dataset_id": dataset.pk,
        "sweep_id": sweep.pk,
        "suite_id": suite.pk,
    }
