"""The paths that clients of other services call. They stand at the root, where those services have them."""

from django.urls import path

from classifier.dialects.openai import Moderations
from classifier.dialects.perspective.analyze import Analyze
from classifier.dialects.perspective.batch import Batch
from classifier.dialects.perspective.discovery import Discovery
from classifier.dialects.perspective.suggest import SuggestScore
from classifier.dialects.tei import Health, Info, Predict

urlpatterns = [
    path("v1alpha1/comments:analyze", Analyze.as_view(), name="perspective-analyze"),
    path("v1alpha1/comments:suggestscore", SuggestScore.as_view(), name="perspective-suggestscore"),
    path("$discovery/rest", Discovery.as_view(), name="perspective-discovery"),
    path("discovery/v1/apis/commentanalyzer/v1alpha1/rest", Discovery.as_view()),
    path("batch", Batch.as_view(), name="perspective-batch"),
    path("batch/commentanalyzer/v1alpha1", Batch.as_view()),
    path("v1/moderations", Moderations.as_view(), name="openai-moderations"),
    path("predict", Predict.as_view(), name="tei-predict"),
    path("info", Info.as_view(), name="tei-info"),
    path("health", Health.as_view(), name="tei-health"),
]
