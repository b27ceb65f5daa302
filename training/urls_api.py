"""Addresses of training's part of version 1 of the API."""

from django.urls import path

from training.datasets.api import datasets
from training.evaluations.api import evaluations, suites
from training.experiments.api import events as experiment_events
from training.experiments.api import experiments, recipes
from training.promotion import api as versions
from training.retraining import api as retraining
from training.sweeps import api as sweeps

_EXPERIMENT = "experiments/<int:experiment_id>"
_DATASET = "datasets/<int:dataset_id>"
_SWEEP = "sweeps/<int:sweep_id>"
_VERSION = "model-versions/<int:version_id>"

urlpatterns = [
    path("experiments/", experiments.ExperimentsEndpoint.as_view(), name="api-experiments"),
    path(f"{_EXPERIMENT}/", experiments.ExperimentEndpoint.as_view(), name="api-experiment"),
    path(f"{_EXPERIMENT}/cancel/", experiments.ExperimentCancelEndpoint.as_view()),
    path(f"{_EXPERIMENT}/resume/", experiments.ExperimentResumeEndpoint.as_view()),
    path(f"{_EXPERIMENT}/clone/", experiments.ExperimentCloneEndpoint.as_view()),
    path(f"{_EXPERIMENT}/events/", experiment_events.ExperimentEventsEndpoint.as_view()),
    path(f"{_EXPERIMENT}/points/", experiments.ExperimentPointsEndpoint.as_view()),
    path(f"{_EXPERIMENT}/artifact.zip", experiments.ExperimentArtifactEndpoint.as_view()),
    path("recipes/", recipes.RecipesEndpoint.as_view()),
    path("plans/", recipes.PlansEndpoint.as_view()),
    path("plans/<slug:name>/start/", recipes.PlanStartEndpoint.as_view()),
    path("datasets/", datasets.DatasetsEndpoint.as_view(), name="api-datasets"),
    path("datasets/hub/", datasets.DatasetHubEndpoint.as_view()),
    path("datasets/decisions/", datasets.DatasetDecisionsEndpoint.as_view()),
    path("datasets/golden/", datasets.DatasetGoldenEndpoint.as_view()),
    path("datasets/mixture/", datasets.DatasetMixtureEndpoint.as_view()),
    path(f"{_DATASET}/", datasets.DatasetEndpoint.as_view(), name="api-dataset"),
    path(f"{_DATASET}/make-test-set/", datasets.DatasetMakeTestSetEndpoint.as_view()),
    path(f"{_DATASET}/load-again/", datasets.DatasetLoadAgainEndpoint.as_view()),
    path("sweeps/", sweeps.SweepsEndpoint.as_view(), name="api-sweeps"),
    path(f"{_SWEEP}/", sweeps.SweepEndpoint.as_view(), name="api-sweep"),
    path(f"{_SWEEP}/cancel/", sweeps.SweepCancelEndpoint.as_view()),
    path(f"{_SWEEP}/resume/", sweeps.SweepResumeEndpoint.as_view()),
    path(f"{_SWEEP}/train-best/", sweeps.SweepTrainBestEndpoint.as_view()),
    path("model-versions/", versions.VersionsEndpoint.as_view(), name="api-model-versions"),
    path("language-slots/", versions.LanguageSlotsEndpoint.as_view()),
    path("language-slots/<str:language>/", versions.LanguageSlotEndpoint.as_view()),
    path("model-versions/roll-back/", versions.RollBackEndpoint.as_view()),
    path(f"{_VERSION}/", versions.VersionEndpoint.as_view(), name="api-model-version"),
    path(f"{_VERSION}/evaluate/", versions.VersionEvaluateEndpoint.as_view()),
    path(f"{_VERSION}/activate/", versions.VersionActivateEndpoint.as_view()),
    path(f"{_VERSION}/shadow/", versions.VersionShadowEndpoint.as_view()),
    path("evaluations/compare/", evaluations.CompareEndpoint.as_view()),
    path("evaluations/<int:evaluation_id>/", evaluations.EvaluationEndpoint.as_view(), name="api-evaluation"),
    path("suites/", suites.SuitesEndpoint.as_view(), name="api-suites"),
    path("suites/hub/", suites.HubSuitesEndpoint.as_view()),
    path("suites/shipped/", suites.ShippedSuitesEndpoint.as_view()),
    path("suites/shipped/<slug:slug>/results/", suites.ShippedSuiteResultsEndpoint.as_view()),
    path("suites/<int:suite_id>/results/", suites.SuiteResultsEndpoint.as_view()),
    path("retraining/", retraining.RetrainingEndpoint.as_view(), name="api-retraining"),
    path("retraining/run/", retraining.RetrainNowEndpoint.as_view()),
]
