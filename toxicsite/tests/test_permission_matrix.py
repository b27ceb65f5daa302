"""Who may do what, for every page and endpoint: one table. A new address without a row fails the test.

A row is: method, route as in the URL conf, who may, the status for them, and what is sent. Letters: V viewer,
M moderator, L lead, T model admin, A admin; `*` everybody who is signed in, `public` everybody. All others are refused:
403, or 404 where even the existence of the object is not told; without a sign-in 302 (pages) or 401 (API). A comment_id
is that of a stored comment; every other object is one that does not exist, so that 404 means "got past the permission".
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from classifier.accounts.roles import ADMIN, LEAD, MODEL_ADMIN, MODERATOR, VIEWER, user_roles_set
from classifier.models import Comment, Source, User

pytestmark = pytest.mark.long

TABLE = """
GET  -                                          *      200
POST preview/                                   *      200  text=hello
POST words/                                     *      422
GET  worker/                                    *      200
GET  comments/                                  *      200
GET  comments/<int:comment_id>/                 VMLA   200
POST comments/<int:comment_id>/decide/          MLA    409  action=approve
POST comments/<int:comment_id>/undo/            MLA    404
POST comments/<int:comment_id>/edit/            A      422
POST comments/<int:comment_id>/rescan/          MLA    302
POST comments/<int:comment_id>/report/          MLA    302
POST comments/<int:comment_id>/reports/         MLA    302
POST comments/<int:comment_id>/appeal/          A      409
POST comments/<int:comment_id>/answer/          LA     404
GET  comments/<int:comment_id>/verdict/         VMLA   200
GET  comments/<int:comment_id>/words/           VMLA   302
GET  comments/<int:comment_id>/sentences/       VMLA   302
GET  queue/                                     MLA    200
POST queue/next/                                MLA    302
POST queue/back/                                MLA    200
POST queue/again/                               MLA    302
POST queue/undo/                                MLA    200
GET  queue/worker/                              MLA    200
POST queue/<int:comment_id>/decide/             MLA    409  action=approve
POST queue/<int:comment_id>/renew/              MLA    200
GET  queue/list/                                VMLA   200
GET  queue/bulk/                                LA     200
POST queue/bulk/preview/                        LA     200  scope=filter
POST queue/bulk/decide/                         LA     404
POST queue/bulk/<int:bulk_id>/undo/             LA     404
GET  queue/saved/                               LA     200
GET  queue/saved/new/                           LA     200
GET  queue/saved/<int:saved_id>/                LA     404
POST queue/saved/<int:saved_id>/move/           LA     404
POST queue/saved/<int:saved_id>/delete/         LA     404
POST preferences/blur/                          *      302
POST preferences/theme/                         public 302
GET  sign-in/                                   public 200
POST sign-out/                                  public 302
GET  dashboard/                                 LA     200
GET  history/                                   LA     200
POST history/export/                            LA     200  format=csv
GET  keys/                                      A      200
GET  keys/new/                                  A      200
POST keys/new/                                  A      422
GET  keys/<int:key_id>/                         A      404
POST keys/<int:key_id>/rotate/                  A      404
POST keys/<int:key_id>/revoke/                  A      404
POST keys/<int:key_id>/short-form/              A      404
POST keys/<int:key_id>/reference/               A      404
GET  references/                                LA     200
GET  references/new/                            A      200
POST references/new/                            A      422
GET  references/<int:reference_id>/             LA     404
POST references/<int:reference_id>/switch/      A      404
POST references/<int:reference_id>/ask/         A      404
POST references/<int:reference_id>/remove/      A      404
POST keys/<int:key_id>/score-map/               A      404
GET  references/<int:service_id>/compare/       LA     404
GET  references/<int:service_id>/compare/calls.csv  LA  404
POST references/calls/<int:call_id>/keep/       LA     404
GET  comparisons/                               LA     200
POST comparisons/new/                           A      422
GET  comparisons/<int:comparison_id>/           LA     404
GET  comparisons/<int:comparison_id>/calls.csv  LA     404
POST comparisons/<int:comparison_id>/start/     A      404
POST comparisons/<int:comparison_id>/cancel/    A      404
POST comparisons/<int:comparison_id>/resume/    A      404
POST comparisons/<int:comparison_id>/delete/    A      404
GET  comparisons/<int:comparison_id>/errors/    A      404
GET  score-maps/                                LA     200
GET  score-maps/new/                            LA     302
POST score-maps/new/                            A      302
GET  score-maps/<int:map_id>/                   LA     404
GET  people/                                    A      200
GET  people/new/                                A      200
GET  people/<int:person_id>/                    A      404
GET  privacy/                                   A      200
POST privacy/retention/                         A      422
POST privacy/purge/                             A      404
POST privacy/erase/                             A      422
POST privacy/export/                            A      422
GET  quality/                                   LA     200
GET  quality/look/                              MLA    200
POST quality/golden/                            LA     422
POST quality/golden/<int:item_id>/retire/       LA     404
GET  policies/                                  LA     200
GET  policies/site/                             LA     200
GET  sources/                                   A      200
GET  sources/<slug:slug>/                       A      404
POST sources/<slug:slug>/retire/                A      404
POST sources/<slug:slug>/merge/                 A      404
GET  policies/site/judge-again/                 A      200
GET  policies/of/<slug:slug>/judge-again/       A      404
POST policies/site/restore/                     A      404
GET  policies/site/shadow/                      LA     200
POST policies/site/shadow/                      A      404
GET  policies/of/<slug:slug>/                   LA     404
POST policies/of/<slug:slug>/restore/           A      404
GET  policies/of/<slug:slug>/shadow/            LA     404
POST policies/of/<slug:slug>/shadow/            A      404
GET  rules/                                     LA     200
GET  rules/new/                                 LA     200
POST rules/new/                                 A      422
GET  rules/import/                              A      200
POST rules/import/                              A      422
GET  rules/export/                              LA     200
GET  rules/lists/                               LA     200
POST rules/lists/<int:list_id>/switch/          A      404
POST rules/try/                                 LA     422
GET  rules/<int:rule_id>/                       LA     404
POST rules/<int:rule_id>/switch/                A      404
POST v1alpha1/comments:analyze                  public 400
POST v1alpha1/comments:suggestscore             public 400
POST batch                                      public 400
POST batch/commentanalyzer/v1alpha1             public 400
GET  $discovery/rest                            public 200
GET  discovery/v1/apis/commentanalyzer/v1alpha1/rest  public 200
POST v1/moderations                             public 401
POST predict                                    public 401
POST huggingface                                public 401
GET  info                                       public 401
GET  health                                     public 503
POST 1.1/verify-key                             public 200
POST 1.1/comment-check                          public 200
POST 1.1/submit-spam                            public 200
POST 1.1/submit-ham                             public 200
POST 1.1/get-subscription                       public 200
GET  1.2/usage-limit                            public 200
GET  1.2/key-sites                              public 200
POST contentsafety/text:analyze                 public 400
GET  contentsafety/text/blocklists              public 400
POST contentsafety/text/blocklists/<str:name>:addOrUpdateBlocklistItems  public 400
POST contentsafety/text/blocklists/<str:name>:removeBlocklistItems  public 400
GET  contentsafety/text/blocklists/<str:name>/blocklistItems  public 400
GET  contentsafety/text/blocklists/<str:name>/blocklistItems/<str:item_id>  public 400
GET  contentsafety/text/blocklists/<str:name>   public 400
GET  rescoring/                                 LTA    200
POST rescoring/start/                           LTA    422
GET  rescoring/<int:rescoring_id>/               LTA    404
POST rescoring/<int:rescoring_id>/cancel/        LTA    404
POST rescoring/<int:rescoring_id>/resume/        LTA    404
GET  transfers/                                 A      200
GET  transfers/live/                            A      200
POST transfers/import/                          A      422
GET  transfers/export/                          A      200
POST transfers/export/                          A      422
GET  transfers/<int:transfer_id>/               A      404
POST transfers/<int:transfer_id>/start/         A      404
POST transfers/<int:transfer_id>/cancel/        A      404
POST transfers/<int:transfer_id>/resume/        A      404
GET  transfers/<int:transfer_id>/errors/        A      404
POST transfers/<int:transfer_id>/file/          A      404
GET  help/                                      *      200
GET  help/<path:path>/                          *      404
GET  notices/                                   *      200
GET  channels/                                  A      200
GET  channels/new/                              A      200
POST channels/new/                              A      422
GET  channels/<int:channel_id>/                 A      404
POST channels/<int:channel_id>/switch/          A      404
POST channels/<int:channel_id>/test/            A      404
GET  channels/<int:channel_id>/delete/          A      404
POST channels/<int:channel_id>/delete/          A      404
GET  webhooks/                                  A      200
GET  webhooks/new/                              A      200
POST webhooks/new/                              A      422
GET  webhooks/<int:webhook_id>/                 A      404
POST webhooks/<int:webhook_id>/switch/          A      404
POST webhooks/<int:webhook_id>/secret/          A      404
POST webhooks/<int:webhook_id>/test/            A      404
GET  webhooks/<int:webhook_id>/delete/          A      404
POST webhooks/<int:webhook_id>/delete/          A      404
POST webhooks/<int:webhook_id>/replay/          A      404
GET  webhooks/<int:webhook_id>/deliveries/<int:delivery_id>/         A  404
POST webhooks/<int:webhook_id>/deliveries/<int:delivery_id>/replay/  A  404
GET  api/migrate/                               public 200
GET  api/docs/                                  public 200
GET  api/v1/openapi.yaml                        public 200
GET  api/v1/comments/                           *      200
POST api/v1/comments/                           MLA    202  text=hello
GET  api/v1/comments/events/                    *      200
GET  api/v1/comments/<int:comment_id>/          VMLA   200
PATCH api/v1/comments/<int:comment_id>/         A      202  text=hello
DELETE api/v1/comments/<int:comment_id>/        A      204
POST api/v1/comments/<int:comment_id>/rescan/   MLA    202
GET  api/v1/comments/<int:comment_id>/decisions/ VMLA  200
POST api/v1/comments/<int:comment_id>/decisions/ MLA   409  action=approve
GET  api/v1/comments/<int:comment_id>/appeals/  VMLA   200
POST api/v1/comments/<int:comment_id>/appeals/  A      409
GET  api/v1/comments/<int:comment_id>/reports/  MLA    200
POST api/v1/comments/<int:comment_id>/reports/  MLA    201
POST api/v1/comments/<int:comment_id>/reports/harmless/  MLA  400
GET  api/v1/decisions/                          VMLA   200
POST api/v1/decisions/<int:decision_id>/undo/   MLA    404
GET  api/v1/appeals/                            MLA    200
POST api/v1/appeals/<int:appeal_id>/resolve/    LA     404
GET  api/v1/reports/                            MLA    200
GET  api/v1/statistics/                         LA     200
GET  api/v1/rules/                              LA     200
POST api/v1/rules/                              A      400
POST api/v1/rules/try/                          LA     400
POST api/v1/rules/preview/                      LA     400
GET  api/v1/rules/<int:rule_id>/                LA     404
PATCH api/v1/rules/<int:rule_id>/               A      404
GET  api/v1/rules/<int:rule_id>/shadow/         LA     404
GET  api/v1/rule-lists/                         LA     200
POST api/v1/rule-lists/                         A      400
GET  api/v1/rule-lists/<int:list_id>/           LA     404
PATCH api/v1/rule-lists/<int:list_id>/          A      404
POST api/v1/rule-lists/<int:list_id>/import/    A      404
GET  api/v1/policies/                           LA     200
GET  api/v1/policies/site/                      LA     200
PUT  api/v1/policies/site/                      A      400
POST api/v1/policies/site/preview/              LA     400
GET  api/v1/policies/site/versions/             LA     200
GET  api/v1/policies/site/versions/<int:version>/  LA  404
POST api/v1/policies/site/versions/<int:version>/restore/  A  404
GET  api/v1/policies/site/shadow/               LA     404
PUT  api/v1/policies/site/shadow/               A      400
DELETE api/v1/policies/site/shadow/             A      404
GET  api/v1/policies/site/shadow/report/        LA     404
POST api/v1/policies/site/shadow/put-in-force/  A      404
GET  api/v1/policies/of/<slug:slug>/            LA     404
PUT  api/v1/policies/of/<slug:slug>/            A      404
POST api/v1/policies/of/<slug:slug>/preview/    LA     404
GET  api/v1/policies/of/<slug:slug>/versions/   LA     404
GET  api/v1/policies/of/<slug:slug>/versions/<int:version>/  LA  404
POST api/v1/policies/of/<slug:slug>/versions/<int:version>/restore/  A  404
GET  api/v1/policies/of/<slug:slug>/shadow/     LA     404
PUT  api/v1/policies/of/<slug:slug>/shadow/     A      404
DELETE api/v1/policies/of/<slug:slug>/shadow/   A      404
GET  api/v1/policies/of/<slug:slug>/shadow/report/  LA  404
POST api/v1/policies/of/<slug:slug>/shadow/put-in-force/  A  404
GET  api/v1/queue/                              MLA    200
POST api/v1/queue/claim/                        MLA    204
POST api/v1/queue/<int:comment_id>/claim/       MLA    409
POST api/v1/queue/<int:comment_id>/release/     MLA    409
POST api/v1/imports/                            A      415
GET  api/v1/transfers/                          A      200
GET  api/v1/transfers/<int:transfer_id>/        A      404
POST api/v1/transfers/<int:transfer_id>/cancel/  A     404
GET  api/v1/transfers/<int:transfer_id>/errors/  A     404
GET  api/v1/rescorings/                         LTA    200
POST api/v1/rescorings/                         LTA    409
POST api/v1/rescorings/count/                   LTA    409
GET  api/v1/rescorings/<int:rescoring_id>/      LTA    404
POST api/v1/rescorings/<int:rescoring_id>/cancel/  LTA 404
POST api/v1/rescorings/<int:rescoring_id>/resume/  LTA 404
GET  api/v1/comparison/                         LA     400
GET  api/v1/reference-calls/                    LA     400
GET  api/v1/reference-calls/csv/                LA     400
GET  api/v1/score-maps/                         LA     200
POST api/v1/score-maps/                         A      400
POST api/v1/score-maps/preview/                 LA     400
GET  api/v1/score-maps/<int:map_id>/            LA     404
GET  api/v1/exports/comments/                   A      200
GET  api/v1/feedback/                           *      200
POST api/v1/feedback/                           *      400
POST api/v1/feedback/<int:feedback_id>/reject/  *      404
POST api/v1/score/                              *      400
GET  api/v1/score/jobs/<str:job_id>/            *      404
DELETE api/v1/score/jobs/<str:job_id>/          *      404
GET  api/v1/usage/                              *      200
GET  api/v1/webhooks/                           A      200
POST api/v1/webhooks/                           A      400
GET  api/v1/webhooks/<int:webhook_id>/          A      404
PATCH api/v1/webhooks/<int:webhook_id>/         A      404
DELETE api/v1/webhooks/<int:webhook_id>/        A      404
POST api/v1/webhooks/<int:webhook_id>/secret/   A      404
POST api/v1/webhooks/<int:webhook_id>/test/     A      404
GET  api/v1/webhooks/<int:webhook_id>/deliveries/          A  404
POST api/v1/webhooks/<int:webhook_id>/deliveries/replay/   A  404
POST api/v1/webhooks/<int:webhook_id>/deliveries/<int:delivery_id>/replay/  A 404
GET  api/v1/experiments/                        TA     200
POST api/v1/experiments/                        TA     400
GET  api/v1/experiments/<int:experiment_id>/    TA     404
GET  api/v1/experiments/<int:experiment_id>/events/ TA  404
DELETE api/v1/experiments/<int:experiment_id>/  TA     404
POST api/v1/experiments/<int:experiment_id>/cancel/       TA 404
POST api/v1/experiments/<int:experiment_id>/resume/       TA 404
POST api/v1/experiments/<int:experiment_id>/clone/        TA 404
GET  api/v1/experiments/<int:experiment_id>/points/       TA 404
GET  api/v1/experiments/<int:experiment_id>/artifact.zip  TA 404
GET  api/v1/recipes/                            TA     200
GET  api/v1/plans/                              TA     200
POST api/v1/plans/<slug:name>/start/            TA     404
GET  api/v1/datasets/                           TA     200
POST api/v1/datasets/                           TA     415
POST api/v1/datasets/hub/                       TA     400
GET  api/v1/datasets/decisions/                 TA     200
POST api/v1/datasets/decisions/                 TA     400
POST api/v1/datasets/golden/                    TA     400
POST api/v1/datasets/mixture/                   TA     400
GET  api/v1/datasets/<int:dataset_id>/          TA     404
DELETE api/v1/datasets/<int:dataset_id>/        TA     404
POST api/v1/datasets/<int:dataset_id>/make-test-set/  TA 404
POST api/v1/datasets/<int:dataset_id>/load-again/     TA 404
GET  api/v1/sweeps/                             TA     200
POST api/v1/sweeps/                             TA     400
GET  api/v1/sweeps/<int:sweep_id>/              TA     404
DELETE api/v1/sweeps/<int:sweep_id>/            TA     404
POST api/v1/sweeps/<int:sweep_id>/cancel/       TA     404
POST api/v1/sweeps/<int:sweep_id>/resume/       TA     404
POST api/v1/sweeps/<int:sweep_id>/train-best/   TA     404
GET  api/v1/model-versions/                     MLTA   200
POST api/v1/model-versions/roll-back/           TA     409
GET  api/v1/model-versions/<int:version_id>/    MLTA   404
POST api/v1/model-versions/<int:version_id>/evaluate/  TA 404
POST api/v1/model-versions/<int:version_id>/activate/  TA 404
POST api/v1/model-versions/<int:version_id>/shadow/    TA 404
DELETE api/v1/model-versions/<int:version_id>/shadow/  TA 404
GET  api/v1/language-slots/                     MLTA   200
DELETE api/v1/language-slots/<str:language>/    TA     400
GET  api/v1/evaluations/compare/                TA     200
GET  api/v1/evaluations/<int:evaluation_id>/    TA     404
GET  api/v1/suites/                             TA     200
POST api/v1/suites/                             TA     415
GET  api/v1/suites/<int:suite_id>/results/      TA     404
GET  api/v1/suites/hub/                         TA     200
POST api/v1/suites/hub/                         TA     400
GET  api/v1/suites/shipped/                     TA     200
GET  api/v1/suites/shipped/<slug:slug>/results/ TA     404
GET  api/v1/retraining/                         TA     200
PUT  api/v1/retraining/                         TA     400
POST api/v1/retraining/run/                     TA     409
GET  training/                                  TA     200
GET  training/live/                             TA     200
GET  training/experiments/<int:experiment_id>/  TA     404
GET  training/experiments/<int:experiment_id>/live/         TA 404
GET  training/experiments/<int:experiment_id>/points.json   TA 404
GET  training/experiments/<int:experiment_id>/artifact.zip  TA 404
POST training/experiments/<int:experiment_id>/cancel/       TA 404
POST training/experiments/<int:experiment_id>/resume/       TA 404
POST training/experiments/<int:experiment_id>/delete/       TA 404
GET  training/experiments/<int:experiment_id>/clone/        TA 404
GET  training/new/                              TA     200
POST training/new/plan/                         TA     302
GET  training/compare/                          TA     200
GET  training/compare.csv                       TA     200
GET  training/datasets/                         TA     200
GET  training/datasets/new/                     TA     200
GET  training/datasets/freeze/                  TA     200
POST training/datasets/freeze/golden/           TA     422
POST training/datasets/<int:dataset_id>/mix/    TA     404
POST training/datasets/<int:dataset_id>/correct/  TA   404
GET  training/evaluations/<int:evaluation_id>/labels/                  TA 404
POST training/evaluations/<int:evaluation_id>/labels/<slug:key>/fix/   TA 404
POST training/evaluations/<int:evaluation_id>/labels/<slug:key>/undo/  TA 404
GET  training/datasets/new/<slug:kind>/         TA     404
GET  training/datasets/<int:dataset_id>/        TA     404
POST training/datasets/<int:dataset_id>/test-set/  TA  404
POST training/datasets/<int:dataset_id>/again/  TA     404
POST training/datasets/<int:dataset_id>/delete/ TA     404
GET  training/sweeps/                           TA     200
GET  training/sweeps/new/                       TA     200
GET  training/sweeps/<int:sweep_id>/            TA     404
GET  training/sweeps/<int:sweep_id>/live/       TA     404
GET  training/sweeps/<int:sweep_id>/charts/<slug:kind>.json  TA 404
POST training/sweeps/<int:sweep_id>/cancel/     TA     404
POST training/sweeps/<int:sweep_id>/resume/     TA     404
POST training/sweeps/<int:sweep_id>/train/      TA     404
POST training/sweeps/<int:sweep_id>/delete/     TA     404
GET  training/learn/                            TA     200
POST training/learn/offer/                      TA     422
POST training/demo/load/                        A      302
POST training/demo/remove/                      A      302
GET  training/versions/                         TA     200
POST training/versions/roll-back/               TA     302
GET  training/versions/languages/               TA     200
POST training/versions/languages/               TA     422
POST training/versions/languages/<str:language>/  TA   302
GET  training/versions/<int:version_id>/        TA     404
POST training/versions/<int:version_id>/activate/  TA  404
POST training/versions/<int:version_id>/override/  TA  404
POST training/versions/<int:version_id>/shadow/    TA  404
GET  training/versions/<int:version_id>/shadow/    TA  404
POST training/versions/<int:version_id>/evaluate/  TA  404
POST training/versions/<int:version_id>/evaluate-golden/  TA  404
GET  training/retraining/                       TA     200
POST training/retraining/start/                 TA     422
POST training/retraining/plan/                  TA     422
GET  training/suites/                           TA     200
GET  training/suites/new/                       TA     200
GET  training/suites/hub/                       TA     200
POST training/suites/hub/                       TA     422
POST training/suites/hub/<slug:key>/forget/     TA     302
GET  training/suites/shipped/kinds/             TA     200
GET  training/suites/shipped/identities/        TA     200
GET  training/suites/<int:suite_id>/            TA     404
POST training/suites/<int:suite_id>/retire/     TA     404
POST training/suites/<int:suite_id>/run/        TA     404
"""
ROLES = {"V": VIEWER, "M": MODERATOR, "L": LEAD, "T": MODEL_ADMIN, "A": ADMIN}
CATCH_ALL = r"api/^.*\Z"
PLACE = re.compile(r"<(\w+):(\w+)>")


@dataclass(frozen=True)
class Row:
    method: str
    route: str
    who: str
    status: int
    data: dict[str, str]

    @property
    def letters(self) -> str:
        return "".join(ROLES) if self.who in ("*", "public") else self.who

    @property
    def is_api(self) -> bool:
        return self.route.startswith("api/v1/")

    def address(self, comment_id: int) -> str:
        def fill(place: re.Match[str]) -> str:
            if place[2] == "comment_id":
                return str(comment_id)
            return "999999" if place[1] == "int" else "nowhere"

        return "/" + PLACE.sub(fill, self.route)


def read(line: str) -> Row:
    method, route, who, status, *data = line.split()
    return Row(
        method, "" if route == "-" else route, who, int(status), dict(part.split("=") for part in data)
    )


ROWS = [read(line) for line in TABLE.strip().splitlines()]


def routes(resolver: URLResolver | None = None, before: str = "") -> Iterator[tuple[str, Any]]:
    """Return every route of the project with its view, without the administration's own."""
    for pattern in (resolver or get_resolver()).url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield route, pattern.callback
        elif pattern.namespace != "admin":
            yield from routes(pattern, route)


def methods_of(view: Any) -> list[str]:
    """The methods of an API class, each of which needs a row; a page needs one row of any method."""
    asked = getattr(getattr(view, "cls", None), "scopes", {})
    return list(asked)


@pytest.fixture
def people(db: None, redis_clean: None) -> dict[str, User]:
    made = {}
    for letter, role in ROLES.items():
        made[letter] = User.objects.create_user(f"person-{letter}")
        user_roles_set(user=made[letter], roles=[role], by=None)
    return made


@pytest.fixture
def comment(people: dict[str, User]) -> Comment:
    author = User.objects.create_user("author")
    source = Source.objects.create(slug="forum", name="Forum")
    return Comment.objects.create(source=source, text="something said", submitted_by=author)


def status_of(row: Row, user: User | None, comment: Comment) -> int:
    """What is answered; whatever it did is taken back."""
    client = Client(raise_request_exception=False)
    body: dict[str, Any] = (
        {"data": row.data, "content_type": "application/json"} if row.is_api else {"data": row.data}
    )
    if row.method in ("GET", "DELETE"):
        body = {}
    with transaction.atomic():
        if user is not None:
            client.force_login(user)
        answer = getattr(client, row.method.lower())(row.address(comment.pk), **body)
        if answer.streaming:
            list(answer.streaming_content)
        transaction.set_rollback(True)
    return int(answer.status_code)


def test_every_address_has_a_row() -> None:
    told = {(row.route, row.method) for row in ROWS}
    told_routes = {row.route for row in ROWS}
    missing = []
    for route, view in routes():
        if route == CATCH_ALL:
            continue
        methods = methods_of(view)
        missing += [f"{method} {route}" for method in methods if (route, method) not in told]
        if not methods and route not in told_routes:
            missing.append(f"GET or POST {route or '-'}")
    assert not missing, "these need a row in TABLE:\n" + "\n".join(missing)
    gone = told_routes - {route for route, _ in routes()}
    assert not gone, f"these rows are of no address any more: {sorted(gone)}"


def test_everybody_gets_what_the_table_says(people: dict[str, User], comment: Comment) -> None:
    wrong = []
    for row in ROWS:
        for letter, user in people.items():
            status = status_of(row, user, comment)
            if letter in row.letters:
                fits = status == row.status or (row.route == "sign-in/" and status == 302)
            else:
                hidden = row.status != 404 or "comment_id" in row.route
                fits = status == 403 or (status == 404 and hidden)
            if not fits:
                wanted = row.status if letter in row.letters else 403
                wrong.append(f"{row.method} /{row.route} as {ROLES[letter]}: {status}, not {wanted}")
    assert not wrong, "\n".join(wrong)


def test_who_is_not_signed_in_gets_nothing(people: dict[str, User], comment: Comment) -> None:
    wrong = []
    for row in ROWS:
        status = status_of(row, None, comment)
        wanted = row.status if row.who == "public" else 401 if row.is_api else 302
        if status != wanted:
            wrong.append(f"{row.method} /{row.route}: {status}, not {wanted}")
    assert not wrong, "\n".join(wrong)


def test_who_sees_another_source_only_finds_no_comment_of_this_one(
    people: dict[str, User], comment: Comment
) -> None:
    other = Source.objects.create(slug="shop", name="Shop")
    wrong = []
    for letter in "VMLA":
        user = people[letter]
        user.source_access.create(source=other)
        User.objects.filter(pk=user.pk).update(all_sources=False)
        user.refresh_from_db()
        for row in ROWS:
            if "comment_id" in row.route and (status := status_of(row, user, comment)) != 404:
                wrong.append(f"{row.method} /{row.route} as {ROLES[letter]}: {status}, not 404")
        client = Client()
        client.force_login(user)
        assert client.get("/api/v1/comments/").json()["items"] == []
    assert not wrong, "\n".join(wrong)


def test_their_own_comments_are_listed_for_them_of_their_sources_only(
    people: dict[str, User], comment: Comment
) -> None:
    user = people["M"]
    Comment.objects.filter(pk=comment.pk).update(submitted_by=user)
    client = Client()
    client.force_login(user)
    assert b"something said" in client.get("/comments/").content
    User.objects.filter(pk=user.pk).update(all_sources=False)
    assert b"something said" not in client.get("/comments/").content
