"""Addresses of version 1."""

from django.urls import include, path

from classifier.api.v1.comment import CommentEndpoint
from classifier.api.v1.comment_events import CommentEventsEndpoint
from classifier.api.v1.comments import CommentsEndpoint
from classifier.api.v1.feedback import FeedbackEndpoint, FeedbackRejectEndpoint
from classifier.api.v1.score import ScoreEndpoint
from classifier.api.v1.usage import UsageEndpoint

urlpatterns = [
    path("comments/", CommentsEndpoint.as_view(), name="api-comments"),
    path("comments/events/", CommentEventsEndpoint.as_view(), name="api-comment-events"),
    path("comments/<int:comment_id>/", CommentEndpoint.as_view(), name="api-comment"),
    path("", include("classifier.api.v1.moderation_urls")),
    path("", include("classifier.api.v1.webhook_urls")),
    path("", include("classifier.api.v1.transfer_urls")),
    path("", include("classifier.api.v1.reference_urls")),
    path("feedback/", FeedbackEndpoint.as_view(), name="api-feedback"),
    path("feedback/<int:feedback_id>/reject/", FeedbackRejectEndpoint.as_view()),
    path("score/", ScoreEndpoint.as_view(), name="api-score"),
    path("usage/", UsageEndpoint.as_view(), name="api-usage"),
]
