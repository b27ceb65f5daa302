"""The addresses of the training pages: each views module lists its own."""

from importlib import import_module
from importlib.util import find_spec
from typing import Any

app_name = "training"
PAGES = (
    "experiments",
    "experiment",
    "experiment_acts",
    "experiment_new",
    "compare",
    "freeze",
    "datasets",
    "sweeps",
    "versions",
    "golden",
    "label_errors",
    "shadow",
    "learn",
    "retraining",
    "suites",
)

urlpatterns: list[Any] = []
for _page in PAGES:
    if find_spec(f"training.views.{_page}") is not None:
        urlpatterns += import_module(f"training.views.{_page}").urlpatterns
