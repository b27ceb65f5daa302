"""Addresses of version 1 that are about moderation."""

from django.urls import path

from classifier.api.v1 import (
    appeals,
    decisions,
    policies,
    policy_shadow,
    policy_versions,
    queue,
    reports,
    statistics,
)
from classifier.api.v1.comment import CommentRescanEndpoint

urlpatterns = [
    path("comments/<int:comment_id>/appeals/", appeals.CommentAppealsEndpoint.as_view()),
    path("comments/<int:comment_id>/decisions/", decisions.CommentDecisionsEndpoint.as_view()),
    path("comments/<int:comment_id>/reports/", reports.CommentReportsEndpoint.as_view()),
    path("comments/<int:comment_id>/rescan/", CommentRescanEndpoint.as_view()),
    path("appeals/", appeals.AppealsEndpoint.as_view()),
    path("appeals/<int:appeal_id>/resolve/", appeals.AppealResolveEndpoint.as_view()),
    path("decisions/", decisions.DecisionsEndpoint.as_view()),
    path("decisions/<int:decision_id>/undo/", decisions.DecisionUndoEndpoint.as_view()),
    path("policies/", policies.PoliciesEndpoint.as_view()),
    path("policies/site/", policies.SitePolicyEndpoint.as_view()),
    path("policies/site/preview/", policies.SitePolicyPreviewEndpoint.as_view()),
    path("policies/site/shadow/", policy_shadow.SitePolicyShadowEndpoint.as_view()),
    path("policies/site/shadow/report/", policy_shadow.SitePolicyShadowReportEndpoint.as_view()),
    path("policies/site/shadow/put-in-force/", policy_shadow.SitePolicyShadowInForceEndpoint.as_view()),
    path("policies/site/versions/", policy_versions.SitePolicyVersionsEndpoint.as_view()),
    path("policies/site/versions/<int:version>/", policy_versions.SitePolicyVersionEndpoint.as_view()),
    path(
        "policies/site/versions/<int:version>/restore/", policy_versions.SitePolicyRestoreEndpoint.as_view()
    ),
    path("policies/of/<slug:slug>/", policies.PolicyEndpoint.as_view()),
    path("policies/of/<slug:slug>/preview/", policies.PolicyPreviewEndpoint.as_view()),
    path("policies/of/<slug:slug>/shadow/", policy_shadow.PolicyShadowEndpoint.as_view()),
    path("policies/of/<slug:slug>/shadow/report/", policy_shadow.PolicyShadowReportEndpoint.as_view()),
    path("policies/of/<slug:slug>/shadow/put-in-force/", policy_shadow.PolicyShadowInForceEndpoint.as_view()),
    path("policies/of/<slug:slug>/versions/", policy_versions.PolicyVersionsEndpoint.as_view()),
    path("policies/of/<slug:slug>/versions/<int:version>/", policy_versions.PolicyVersionEndpoint.as_view()),
    path(
        "policies/of/<slug:slug>/versions/<int:version>/restore/",
        policy_versions.PolicyRestoreEndpoint.as_view(),
    ),
    path("queue/", queue.QueueEndpoint.as_view()),
    path("queue/claim/", queue.QueueClaimEndpoint.as_view()),
    path("queue/<int:comment_id>/claim/", queue.CommentClaimEndpoint.as_view()),
    path("queue/<int:comment_id>/release/", queue.QueueReleaseEndpoint.as_view()),
    path("reports/", reports.ReportsEndpoint.as_view()),
    path("statistics/", statistics.StatisticsEndpoint.as_view()),
]
