"""The classifier application: comments, predictions, model versions, pages and API."""

from django.apps import AppConfig


class ClassifierConfig(AppConfig):
    name = "classifier"
