"""Addresses of webhooks in version 1."""

from django.urls import path

from classifier.api.v1 import webhook_deliveries as deliveries
from classifier.api.v1 import webhook_verbs as verbs
from classifier.api.v1 import webhooks

urlpatterns = [
    path("webhooks/", webhooks.WebhooksEndpoint.as_view()),
    path("webhooks/<int:webhook_id>/", webhooks.OneWebhookEndpoint.as_view()),
    path("webhooks/<int:webhook_id>/secret/", verbs.WebhookSecretEndpoint.as_view()),
    path("webhooks/<int:webhook_id>/test/", verbs.WebhookTestEndpoint.as_view()),
    path("webhooks/<int:webhook_id>/deliveries/", deliveries.WebhookDeliveriesEndpoint.as_view()),
    path("webhooks/<int:webhook_id>/deliveries/replay/", deliveries.WebhookReplayEndpoint.as_view()),
    path(
        "webhooks/<int:webhook_id>/deliveries/<int:delivery_id>/replay/",
        deliveries.DeliveryReplayEndpoint.as_view(),
    ),
]
