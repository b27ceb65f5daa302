"""Everything under /api/: version 1, its OpenAPI file and the pages that show it."""

from django.urls import include, path, re_path

from classifier.api.views import api_page, lost, openapi_file
from classifier.api_keys.api import UsageEndpoint
from classifier.comments.api.comment import CommentEndpoint, CommentRescanEndpoint
from classifier.comments.api.comments import CommentsEndpoint
from classifier.comments.api.events import CommentEventsEndpoint
from classifier.dialects.migration_page import migrate_page
from classifier.policies.api import policies, rules, shadow_policies
from classifier.references.api import references
from classifier.review.api import appeals, decisions, queue, reports
from classifier.scoring.api import ScoreEndpoint, ScoreJobEndpoint
from classifier.statistics import api as statistics
from classifier.suggestions.api import FeedbackEndpoint, FeedbackRejectEndpoint
from classifier.transfers.api import rescorings, transfers
from classifier.webhooks.api import deliveries, webhooks

version_1 = [
    path("comments/", CommentsEndpoint.as_view(), name="api-comments"),
    path("comments/events/", CommentEventsEndpoint.as_view(), name="api-comment-events"),
    path("comments/<int:comment_id>/", CommentEndpoint.as_view(), name="api-comment"),
    path("comments/<int:comment_id>/appeals/", appeals.CommentAppealsEndpoint.as_view()),
    path("comments/<int:comment_id>/decisions/", decisions.CommentDecisionsEndpoint.as_view()),
    path("comments/<int:comment_id>/reports/", reports.CommentReportsEndpoint.as_view()),
    path("comments/<int:comment_id>/reports/harmless/", reports.ReportsHarmlessEndpoint.as_view()),
    path("comments/<int:comment_id>/rescan/", CommentRescanEndpoint.as_view()),
    path("appeals/", appeals.AppealsEndpoint.as_view()),
    path("appeals/<int:appeal_id>/resolve/", appeals.AppealResolveEndpoint.as_view()),
    path("decisions/", decisions.DecisionsEndpoint.as_view()),
    path("decisions/<int:decision_id>/undo/", decisions.DecisionUndoEndpoint.as_view()),
    path("rules/", rules.RulesEndpoint.as_view()),
    path("rules/try/", rules.RuleTryEndpoint.as_view()),
    path("rules/preview/", rules.RulePreviewEndpoint.as_view()),
    path("rules/<int:rule_id>/", rules.OneRuleEndpoint.as_view()),
    path("rules/<int:rule_id>/shadow/", rules.RuleShadowEndpoint.as_view()),
    path("rule-lists/", rules.RuleListsEndpoint.as_view()),
    path("rule-lists/<int:list_id>/", rules.OneRuleListEndpoint.as_view()),
    path("rule-lists/<int:list_id>/import/", rules.RuleImportEndpoint.as_view()),
    path("policies/", policies.PoliciesEndpoint.as_view()),
    path("policies/site/", policies.PolicyEndpoint.as_view()),
    path("policies/site/preview/", policies.PolicyPreviewEndpoint.as_view()),
    path("policies/site/shadow/", shadow_policies.PolicyShadowEndpoint.as_view()),
    path("policies/site/shadow/report/", shadow_policies.PolicyShadowReportEndpoint.as_view()),
    path("policies/site/shadow/put-in-force/", shadow_policies.PolicyShadowInForceEndpoint.as_view()),
    path("policies/site/versions/", policies.PolicyVersionsEndpoint.as_view()),
    path("policies/site/versions/<int:version>/", policies.PolicyVersionEndpoint.as_view()),
    path("policies/site/versions/<int:version>/restore/", policies.PolicyRestoreEndpoint.as_view()),
    path("policies/of/<slug:slug>/", policies.PolicyEndpoint.as_view()),
    path("policies/of/<slug:slug>/preview/", policies.PolicyPreviewEndpoint.as_view()),
    path("policies/of/<slug:slug>/shadow/", shadow_policies.PolicyShadowEndpoint.as_view()),
    path("policies/of/<slug:slug>/shadow/report/", shadow_policies.PolicyShadowReportEndpoint.as_view()),
    path(
        "policies/of/<slug:slug>/shadow/put-in-force/", shadow_policies.PolicyShadowInForceEndpoint.as_view()
    ),
    path("policies/of/<slug:slug>/versions/", policies.PolicyVersionsEndpoint.as_view()),
    path("policies/of/<slug:slug>/versions/<int:version>/", policies.PolicyVersionEndpoint.as_view()),
    path(
        "policies/of/<slug:slug>/versions/<int:version>/restore/",
        policies.PolicyRestoreEndpoint.as_view(),
    ),
    path("queue/", queue.QueueEndpoint.as_view()),
    path("queue/claim/", queue.QueueClaimEndpoint.as_view()),
    path("queue/<int:comment_id>/claim/", queue.CommentClaimEndpoint.as_view()),
    path("queue/<int:comment_id>/release/", queue.QueueReleaseEndpoint.as_view()),
    path("reports/", reports.ReportsEndpoint.as_view()),
    path("statistics/", statistics.StatisticsEndpoint.as_view()),
    path("webhooks/", webhooks.WebhooksEndpoint.as_view()),
    path("webhooks/<int:webhook_id>/", webhooks.OneWebhookEndpoint.as_view()),
    path("webhooks/<int:webhook_id>/secret/", webhooks.WebhookSecretEndpoint.as_view()),
    path("webhooks/<int:webhook_id>/test/", webhooks.WebhookTestEndpoint.as_view()),
    path("webhooks/<int:webhook_id>/deliveries/", deliveries.WebhookDeliveriesEndpoint.as_view()),
    path("webhooks/<int:webhook_id>/deliveries/replay/", deliveries.WebhookReplayEndpoint.as_view()),
    path(
        "webhooks/<int:webhook_id>/deliveries/<int:delivery_id>/replay/",
        deliveries.DeliveryReplayEndpoint.as_view(),
    ),
    path("imports/", transfers.ImportsEndpoint.as_view()),
    path("transfers/", transfers.TransfersEndpoint.as_view()),
    path("transfers/<int:transfer_id>/", transfers.OneTransferEndpoint.as_view(), name="api-transfer"),
    path("transfers/<int:transfer_id>/cancel/", transfers.TransferCancelEndpoint.as_view()),
    path(
        "transfers/<int:transfer_id>/errors/",
        transfers.TransferErrorsEndpoint.as_view(),
        name="api-transfer-errors",
    ),
    path("rescorings/", rescorings.RescoringsEndpoint.as_view()),
    path("rescorings/count/", rescorings.RescoringCountEndpoint.as_view()),
    path("rescorings/<int:rescoring_id>/", rescorings.OneRescoringEndpoint.as_view(), name="api-rescoring"),
    path("rescorings/<int:rescoring_id>/cancel/", rescorings.RescoringCancelEndpoint.as_view()),
    path("rescorings/<int:rescoring_id>/resume/", rescorings.RescoringResumeEndpoint.as_view()),
    path("exports/comments/", transfers.ExportEndpoint.as_view()),
    path("comparison/", references.ComparisonEndpoint.as_view()),
    path("reference-calls/", references.ReferenceCallsEndpoint.as_view()),
    path("reference-calls/csv/", references.ReferenceCallsFileEndpoint.as_view()),
    path("score-maps/", references.ScoreMapsEndpoint.as_view()),
    path("score-maps/preview/", references.ScoreMapPreviewEndpoint.as_view()),
    path("score-maps/<int:map_id>/", references.OneScoreMapEndpoint.as_view(), name="api-score-map"),
    path("feedback/", FeedbackEndpoint.as_view(), name="api-feedback"),
    path("feedback/<int:feedback_id>/reject/", FeedbackRejectEndpoint.as_view()),
    path("score/jobs/<str:job_id>/", ScoreJobEndpoint.as_view(), name="api-score-job"),
    path("score/", ScoreEndpoint.as_view(), name="api-score"),
    path("usage/", UsageEndpoint.as_view(), name="api-usage"),
]
urlpatterns = [
    path("v1/", include(version_1)),
    path("v1/openapi.yaml", openapi_file, name="api-openapi"),
    path("docs/", api_page, name="api-docs"),
    path("migrate/", migrate_page, name="api-migrate"),
    re_path(r"^.*\Z", lost),
]
