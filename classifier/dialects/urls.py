"""The paths that clients of other services call. They stand at the root, where those services have them."""

from django.urls import path, re_path

from classifier.dialects.azure import blocklists as azure_lists
from classifier.dialects.azure.analyze import Analyze as AzureAnalyze
from classifier.dialects.openai import Moderations
from classifier.dialects.perspective.analyze import Analyze
from classifier.dialects.perspective.batch import Batch
from classifier.dialects.perspective.discovery import Discovery
from classifier.dialects.perspective.suggest import SuggestScore
from classifier.dialects.tei import Health, Info, Predict

# An endpoint with a slash at its end, as Azure's portal shows it, makes its client ask for `//contentsafety/…`.
AZURE = r"^(?:/)?contentsafety/text"
AZURE_LIST = rf"{AZURE}/blocklists/(?P<name>[^/:]+)"

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
    re_path(rf"{AZURE}:analyze\Z", AzureAnalyze.as_view(), name="azure-analyze"),
    re_path(rf"{AZURE}/blocklists\Z", azure_lists.Blocklists.as_view(), name="azure-blocklists"),
    re_path(rf"{AZURE_LIST}\Z", azure_lists.OneBlocklist.as_view()),
    re_path(rf"{AZURE_LIST}:addOrUpdateBlocklistItems\Z", azure_lists.AddItems.as_view()),
    re_path(rf"{AZURE_LIST}:removeBlocklistItems\Z", azure_lists.RemoveItems.as_view()),
    re_path(rf"{AZURE_LIST}/blocklistItems\Z", azure_lists.Items.as_view()),
    re_path(rf"{AZURE_LIST}/blocklistItems/(?P<item_id>[^/:]+)\Z", azure_lists.OneItem.as_view()),
]
