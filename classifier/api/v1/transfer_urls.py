"""Addresses of version 1 that are about imports and exports."""

from django.urls import path

from classifier.api.v1 import transfers

urlpatterns = [
    path("imports/", transfers.ImportsEndpoint.as_view()),
    path("transfers/", transfers.TransfersEndpoint.as_view()),
    path("transfers/<int:transfer_id>/", transfers.OneTransferEndpoint.as_view(), name="api-transfer"),
    path("transfers/<int:transfer_id>/cancel/", transfers.TransferCancelEndpoint.as_view()),
    path(
        "transfers/<int:transfer_id>/errors/",
        transfers.TransferErrorsEndpoint.as_view(),
        name="api-transfer-errors",
    ),
    path("exports/comments/", transfers.ExportEndpoint.as_view()),
]
