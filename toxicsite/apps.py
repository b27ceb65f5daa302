"""The project itself as an application: its own commands, checks and templates."""

from django.apps import AppConfig


class ToxicsiteConfig(AppConfig):
    name = "toxicsite"
