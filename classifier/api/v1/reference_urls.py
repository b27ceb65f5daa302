"""Addresses of version 1 that are about another service beside this site."""

from django.urls import path

from classifier.api.v1 import references

urlpatterns = [
    path("comparison/", references.ComparisonEndpoint.as_view()),
    path("reference-calls/", references.ReferenceCallsEndpoint.as_view()),
    path("reference-calls/csv/", references.ReferenceCallsFileEndpoint.as_view()),
    path("score-maps/", references.ScoreMapsEndpoint.as_view()),
    path("score-maps/preview/", references.ScoreMapPreviewEndpoint.as_view()),
    path("score-maps/<int:map_id>/", references.OneScoreMapEndpoint.as_view(), name="api-score-map"),
]
