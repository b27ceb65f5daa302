"""The paths that clients of other services call. They stand at the root, where those services have them."""

from django.urls import path

from classifier.dialects.akismet.account import KeySites, Subscription, UsageLimit, VerifyKey
from classifier.dialects.akismet.comments import CommentCheck, SubmitHam, SubmitSpam
from classifier.dialects.azure import blocklists as azure_lists
from classifier.dialects.azure.analyze import Analyze as AzureAnalyze
from classifier.dialects.openai import Moderations
from classifier.dialects.perspective.analyze import Analyze
from classifier.dialects.perspective.batch import Batch
from classifier.dialects.perspective.discovery import Discovery
from classifier.dialects.perspective.suggest import SuggestScore
from classifier.dialects.tei import Health, Info, Pipeline, Predict

AZURE = "contentsafety/text"
AZURE_LIST = f"{AZURE}/blocklists/<str:name>"

urlpatterns = [
    path("v1alpha1/comments:analyze", Analyze.as_view(), name="perspective-analyze"),
    path("v1alpha1/comments:suggestscore", SuggestScore.as_view(), name="perspective-suggestscore"),
    path("$discovery/rest", Discovery.as_view(), name="perspective-discovery"),
    path("discovery/v1/apis/commentanalyzer/v1alpha1/rest", Discovery.as_view()),
    path("batch", Batch.as_view(), name="perspective-batch"),
    path("batch/commentanalyzer/v1alpha1", Batch.as_view()),
    path("v1/moderations", Moderations.as_view(), name="openai-moderations"),
    path("predict", Predict.as_view(), name="tei-predict"),
    path("huggingface", Pipeline.as_view(), name="huggingface"),  # where POST / leads
    path("info", Info.as_view(), name="tei-info"),
    path("health", Health.as_view(), name="tei-health"),
    path("1.1/verify-key", VerifyKey.as_view(), name="akismet-verify-key"),
    path("1.1/comment-check", CommentCheck.as_view(), name="akismet-comment-check"),
    path("1.1/submit-spam", SubmitSpam.as_view(), name="akismet-submit-spam"),
    path("1.1/submit-ham", SubmitHam.as_view(), name="akismet-submit-ham"),
    path("1.1/get-subscription", Subscription.as_view(), name="akismet-get-subscription"),
    path("1.2/usage-limit", UsageLimit.as_view(), name="akismet-usage-limit"),
    path("1.2/key-sites", KeySites.as_view(), name="akismet-key-sites"),
    path(f"{AZURE}:analyze", AzureAnalyze.as_view(), name="azure-analyze"),
    path(f"{AZURE}/blocklists", azure_lists.Blocklists.as_view(), name="azure-blocklists"),
    path(f"{AZURE_LIST}:addOrUpdateBlocklistItems", azure_lists.AddItems.as_view()),
    path(f"{AZURE_LIST}:removeBlocklistItems", azure_lists.RemoveItems.as_view()),
    path(f"{AZURE_LIST}/blocklistItems", azure_lists.Items.as_view()),
    path(f"{AZURE_LIST}/blocklistItems/<str:item_id>", azure_lists.OneItem.as_view()),
    path(AZURE_LIST, azure_lists.OneBlocklist.as_view()),
]
