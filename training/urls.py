"""The addresses of the training pages: each pages module lists its own."""

from training.datasets.pages import active_learning, build, datasets, demo, label_errors
from training.evaluations.pages import suites
from training.experiments.pages import compare, detail, list, start
from training.promotion.pages import languages, shadow, versions
from training.retraining.pages import retraining
from training.sweeps.pages import sweeps

app_name = "training"
PAGES = (
    list,
    detail,
    start,
    compare,
    build,
    datasets,
    demo,
    sweeps,
    versions,
    languages,
    label_errors,
    shadow,
    active_learning,
    retraining,
    suites,
)
urlpatterns = [pattern for page in PAGES for pattern in page.urlpatterns]
