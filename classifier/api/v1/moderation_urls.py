"""Addresses of version 1 that are about moderation."""

from django.urls import path

from classifier.api.v1 import appeals, decisions, policies, queue, reports, statistics
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
    path("policies/of/<slug:slug>/", policies.PolicyEndpoint.as_view()),
    path("policies/of/<slug:slug>/preview/", policies.PolicyPreviewEndpoint.as_view()),
    path("queue/", queue.QueueEndpoint.as_view()),
    path("queue/claim/", queue.QueueClaimEndpoint.as_view()),
    path("queue/<int:comment_id>/claim/", queue.CommentClaimEndpoint.as_view()),
    path("queue/<int:comment_id>/release/", queue.QueueReleaseEndpoint.as_view()),
    path("reports/", reports.ReportsEndpoint.as_view()),
    path("statistics/", statistics.StatisticsEndpoint.as_view()),
]
