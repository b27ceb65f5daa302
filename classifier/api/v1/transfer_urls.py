"""Addresses of version 1 that are about imports, exports and rescorings."""

from django.urls import path

from classifier.api.v1 import rescorings, transfers

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
    path("rescorings/", rescorings.RescoringsEndpoint.as_view()),
    path("rescorings/count/", rescorings.RescoringCountEndpoint.as_view()),
    path("rescorings/<int:rescoring_id>/", rescorings.OneRescoringEndpoint.as_view(), name="api-rescoring"),
    path("rescorings/<int:rescoring_id>/cancel/", rescorings.RescoringCancelEndpoint.as_view()),
    path("rescorings/<int:rescoring_id>/resume/", rescorings.RescoringResumeEndpoint.as_view()),
    path("exports/comments/", transfers.ExportEndpoint.as_view()),
]
